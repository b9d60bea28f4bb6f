"""Names, ids, and reading and writing bodies: python3 -m unittest discover test/python"""
import json
import pathlib
import subprocess
import sys
import unittest
from datetime import datetime, timezone

import troupe_messages as messages
from troupe_messages import Envelope, MalformedMessage, decode_message, encode_message
from troupe_messages import identity

SCHEMA = pathlib.Path(__file__).parents[2]
NAMES = ["Zoë", "Zoe\u0308 (combining)", "名", "𐍈", "👩🏽‍🚀", "\0\u2028\u2029", '\\u0041"\n', "\ufeffmark"]


def sample(**change):
    members = {"id": "1", "type": "UserAdded", "metadata": {"traceId": "t", "userId": "u"}, "data": {}, **change}
    return {name: value for name, value in members.items() if value is not ...}


class Names(unittest.TestCase):
    def test_categories_and_ids_are_those_of_the_runtime(self):
        for check, good, bad in (
            (
                messages.check_category,
                ["identity", "a", "a1_-", "a" * 64],
                ["", "Identity", "1a", "-a", "a.b", "a b", "a*", "a>", "ä", "a" * 65, "a\0b", "a\n"],
            ),
            (
                messages.check_entity_id,
                ["4711", "A-z_9", "Command", "commands", "a" * 128],
                ["", "command", "a.b", "a b", "*", ">", "a/b", "é", "a" * 129, "a\0", "a\r\n", "a\n", "٣"],
            ),
            (
                messages.check_command_id,
                ["!", "~", "a:b/c.d", "x" * 128],
                ["", " ", "a b", "\x7f", "é", "x" * 129, "a\n", "\0"],
            ),
        ):
            for text in good:
                check(text)
            for text in bad:
                with self.subTest(check=check.__name__, text=text), self.assertRaises(messages.InvalidName):
                    check(text)

    def test_an_error_shows_neither_control_characters_nor_the_whole_of_a_long_text(self):
        with self.assertRaisesRegex(messages.InvalidName, r"Set-Cookie: \?x\?") as raised:
            messages.check_entity_id("a\r\nSet-Cookie: 'x'\x1b[2J" + "z" * 10_000)
        self.assertNotRegex(str(raised.exception), "[\x00-\x1f]")
        self.assertLess(len(str(raised.exception)), 300)

    def test_derived_ids_are_those_of_the_runtime(self):
        for scope, name, id in (
            ("identity", "auth0|zoe", "e85f54d1-d0d4-5a4e-9c17-df41643ac48c"),
            ("identity", "Zoë", "9a22e38e-2ea5-5884-8db2-84a4aad625f4"),
            ("", "", "9a91bfc7-6ad7-5508-9625-1b6970ca3bbf"),
            ("a", "bc", "538fee79-aa67-5955-ac70-84c112ec97da"),
        ):
            self.assertEqual(messages.derive_id(scope, name), id)

    def test_a_stream_name_is_read_as_it_was_written(self):
        for written, name, parts in (
            (messages.entity_stream("identity", "4711"), "identity.4711", ("identity", False, "4711")),
            (messages.category_stream("identity"), "identity", ("identity", False, None)),
            (messages.command_stream("identity", "4711"), "identity.command.4711", ("identity", True, "4711")),
            (messages.command_stream("identity"), "identity.command", ("identity", True, None)),
        ):
            self.assertEqual(written, name)
            self.assertEqual(messages.parse_stream(name), parts)
        for name in ("", ".", "identity.", ".4711", "identity.a.b", "identity.command.", "identity.command.a.b",
                     "identity.command.command", "Identity.1", "identity.*", "identity.>", "identity.command.*"):
            with self.subTest(name), self.assertRaises(messages.InvalidName):
                messages.parse_stream(name)

    def test_a_category_of_events_does_not_hold_its_commands(self):
        events, commands = messages.parse_stream("identity"), messages.parse_stream("identity.command")
        for subject, held in (
            ("identity.4711", (True, False)), ("identity.command", (False, True)),
            ("identity.command.4711", (False, True)), ("identity2.4711", (False, False)),
            ("identity.4711.5", (False, False)), ("", (False, False)),
        ):
            self.assertEqual((events.holds(subject), commands.holds(subject)), held, subject)


class Bodies(unittest.TestCase):
    def test_one_envelope_is_an_object_and_several_are_an_array(self):
        for count, first in ((1, b"{"), (2, b"[")):
            all = [Envelope(**sample(id=str(n))) for n in range(count)]
            self.assertEqual(encode_message(all)[:1], first)
            self.assertEqual(decode_message(encode_message(all)), all)

    def test_text_in_any_script_survives_as_bytes(self):
        all = [Envelope(**sample(type=name, data={"name": name, name: [name]})) for name in NAMES]
        body = encode_message(all)
        self.assertIn("名".encode(), body)
        self.assertEqual(decode_message(body), all)
        self.assertEqual(decode_message(body.decode()), all)

    def test_text_that_is_no_unicode_is_refused_and_never_changed(self):
        with self.assertRaises(ValueError):
            encode_message([Envelope(**sample(type="\ud800"))])

    def test_members_that_are_not_known_are_kept_in_metadata_and_passed_over_elsewhere(self):
        [read] = decode_message(json.dumps(sample(later=1, metadata={"traceId": "t", "userId": "u", "version": 3})))
        self.assertEqual(read, Envelope(**sample(metadata={"traceId": "t", "userId": "u", "version": 3})))
        [read] = decode_message(json.dumps(sample(metadata={})))
        self.assertEqual(read.metadata, {"traceId": "", "userId": ""})

    def test_a_body_that_is_no_message_is_refused_by_the_name_of_its_member(self):
        for member, body in (
            ("", ""), ("", "{"), ("", "[]"), ("", "nul"), ("", "1"), ("", '"text"'), ("", "null"), ("", "NaN"),
            ("[0]", "[null]"), ("", b"{\xff}"), ("", b"\xed\xa0\x80"), ("", json.dumps(sample(id="Zo\xff"), ensure_ascii=False).encode("latin-1")), ("", "[" * 200_000), ("", "[" * 200_000 + "]" * 200_000),
            ("id", sample(id=...)), ("id", sample(id=1)), ("type", sample(type=None)), ("type", sample(type=...)),
            ("metadata", sample(metadata=[])), ("metadata", sample(metadata=...)),
            ("metadata.traceId", sample(metadata={"traceId": 1})), ("metadata.userId", sample(metadata={"userId": None})),
            ("data", sample(data="")), ("data", sample(data=None)), ("data", sample(data=...)), ("data", sample(data=[])),
            ("[1].data", [sample(), sample(data=1)]), ("[1]", [sample(), [sample()]]), ("", [sample()] * 1001),
        ):
            text = body if isinstance(body, (str, bytes)) else json.dumps(body)
            with self.subTest(text[:80]), self.assertRaises(MalformedMessage) as raised:
                decode_message(text)
            self.assertEqual(raised.exception.member, member)
        with self.assertRaises(MalformedMessage):
            encode_message([])

    def test_a_command_carries_on_where_it_comes_from(self):
        first = messages.command("AddUser", {}, user_id="u")
        self.assertEqual(first.metadata, {"traceId": first.id, "userId": "u"})
        now = datetime(1970, 1, 1, tzinfo=timezone.utc)
        events = messages.events_of(first, [("UserAdded", {}), ("UserModified", {})], 4, now)
        self.assertEqual(events, messages.events_of(first, [("UserAdded", {}), ("UserModified", {})], 4, now))
        self.assertEqual(events[0].id, messages.derive_id("event", f"{first.id}/1"))
        self.assertEqual([event.metadata["version"] for event in events], [4, 5])
        self.assertEqual(events[0].metadata["time"], "1970-01-01T00:00:00.000Z")
        following = messages.command("LockAccount", {"reason": "r"}, cause=events[0])
        expected = {"traceId": first.id, "userId": "u", "correlationId": first.id, "causationId": events[0].id}
        self.assertEqual(following.metadata, expected)
        with self.assertRaises(messages.InvalidName):
            messages.command("AddUser", {}, id="not an id")


class Catalogue(unittest.TestCase):
    def test_every_message_is_found_by_its_name_and_reads_its_golden_file(self):
        schema = json.loads((SCHEMA / "packages/python/src/troupe_messages/identity.schema.json").read_text("utf-8"))
        self.assertEqual(list(identity.COMMANDS), schema["x-commands"])
        self.assertEqual(list(identity.EVENTS), schema["x-events"])
        for name, message_type in {**identity.COMMANDS, **identity.EVENTS}.items():
            golden = json.loads((SCHEMA / f"test/golden/{identity.CATEGORY}/{name}.json").read_text("utf-8"))
            self.assertEqual(message_type.from_dict(golden).to_dict(), golden)

    def test_the_example_shows_users_and_passes_over_the_rest(self):
        added = json.loads((SCHEMA / "test/golden/identity/UserAdded.json").read_text("utf-8"))
        lines = [
            encode_message([Envelope(**sample(data=added))]),
            b"{}",
            encode_message([Envelope(**sample(type="OfALaterVersion")), Envelope(**sample(data={**added, "firstName": "Zoë"}))]),
        ]
        example = SCHEMA / "packages/python/examples/show_users.py"
        ran = subprocess.run([sys.executable, "-X", "utf8", example], input=b"\n".join(lines), capture_output=True, check=True)
        self.assertEqual(ran.stdout.decode("utf-8"), f"{added['id']} 李小龍 \n{added['id']} Zoë \n")
        self.assertIn("member 'metadata' is missing", ran.stderr.decode("utf-8"))


if __name__ == "__main__":
    unittest.main()

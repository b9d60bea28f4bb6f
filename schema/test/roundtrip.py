"""Reads and writes golden messages: roundtrip.py GOLDEN_FOLDER CATEGORY/TYPE…"""
import importlib
import json
import pathlib
import sys


def check(condition, message):  # not `assert`: the script is run with -O, as the package must work there too
    if not condition:
        sys.exit(f"python: {message}")


def refused(message_type, data):
    try:
        message_type.from_dict(data)
    except (TypeError, ValueError):
        return True
    return False


folder = pathlib.Path(sys.argv[1])
for golden in sys.argv[2:]:
    category, name = golden.split("/")
    module = importlib.import_module(f"troupe_messages.{category}")
    message_type = getattr(module, name)
    before = json.loads((folder / f"{golden}.json").read_text(encoding="utf-8"))

    message = message_type.from_dict(before)
    after = json.loads(json.dumps(message.to_dict(), ensure_ascii=False).encode("utf-8"))
    check(after == before, f"{golden}: {after} is not {before}")
    later = message_type.from_dict({**before, "memberOfALaterVersion": [1]})
    check(later == message, f"{golden}: a member of a later version changed what was read")

    schema = json.loads((folder.parents[1] / "json" / f"{category}.schema.json").read_text(encoding="utf-8"))
    required = schema["definitions"][name].get("required", [])
    for member, value in before.items():
        wrong = "true" if isinstance(value, bool) else True
        check(refused(message_type, {**before, member: wrong}), f"{golden}: {wrong!r} was read as {member}")
        if member in required:
            part = {key: value for key, value in before.items() if key != member}
            check(refused(message_type, part), f"{golden}: read without {member}")

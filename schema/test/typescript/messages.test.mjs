// What needs no broker: names, ids, and reading and writing bodies.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";

import Ajv from "ajv";

import * as messages from "@devpie/troupe-messages";

const { command, decodeMessage, encodeMessage, eventsOf, MalformedMessage } = messages;
const identitySchema = createRequire(import.meta.url)("@devpie/troupe-messages/identity.schema.json");

const sample = (change = {}) => ({ id: "1", type: "UserAdded", metadata: { traceId: "t", userId: "u" }, data: {}, ...change });
const names = ["Zoë", "Zoe\u0308 (combining)", "名", "𐍈", "👩🏽‍🚀", "\u0000\u2028\u2029", "\\u0041\"\n", "\ufeffmark"];

test("categories_and_ids_are_those_of_the_runtime", () => {
  for (const good of ["identity", "a", "a1_-", "a".repeat(64)]) assert.ok(messages.isCategory(good), good);
  for (const bad of ["", "Identity", "1a", "-a", "a.b", "a b", "a*", "a>", "ä", "a".repeat(65), "a\0b", "a\n"]) {
    assert.ok(!messages.isCategory(bad), bad);
  }
  for (const good of ["4711", "A-z_9", "Command", "commands", "a".repeat(128)]) assert.ok(messages.isEntityId(good), good);
  for (const bad of ["", "command", "a.b", "a b", "*", ">", "a/b", "é", "a".repeat(129), "a\0", "a\r\n", "a\n"]) {
    assert.ok(!messages.isEntityId(bad), bad);
  }
  for (const good of ["!", "~", "a:b/c.d", "x".repeat(128)]) assert.ok(messages.isCommandId(good), good);
  for (const bad of ["", " ", "a b", "\x7f", "é", "x".repeat(129), "a\n", "\0"]) assert.ok(!messages.isCommandId(bad), bad);
});

test("an_error_shows_neither_control_characters_nor_the_whole_of_a_long_text", () => {
  assert.throws(() => messages.checkEntityId(`a\r\nSet-Cookie: 'x'\x1b[2J${"z".repeat(10_000)}`), (error) => {
    assert.match(error.message, /Set-Cookie: \?x\?/);
    assert.doesNotMatch(error.message, /[\x00-\x1f]/);
    return error.message.length < 300;
  });
});

test("derived_ids_are_those_of_the_runtime", () => {
  assert.equal(messages.deriveId("identity", "auth0|zoe"), "e85f54d1-d0d4-5a4e-9c17-df41643ac48c");
  assert.equal(messages.deriveId("identity", "Zoë"), "9a22e38e-2ea5-5884-8db2-84a4aad625f4");
  assert.equal(messages.deriveId("", ""), "9a91bfc7-6ad7-5508-9625-1b6970ca3bbf");
  assert.equal(messages.deriveId("a", "bc"), "538fee79-aa67-5955-ac70-84c112ec97da");
});

test("a_stream_name_is_read_as_it_was_written", () => {
  const forms = [
    [messages.entityStream("identity", "4711"), "identity.4711", { category: "identity", kind: "events", id: "4711" }],
    [messages.categoryStream("identity"), "identity", { category: "identity", kind: "events" }],
    [messages.commandStream("identity", "4711"), "identity.command.4711", { category: "identity", kind: "commands", id: "4711" }],
    [messages.commandStream("identity"), "identity.command", { category: "identity", kind: "commands" }],
  ];
  for (const [written, name, parts] of forms) {
    assert.equal(written, name);
    assert.deepEqual(messages.parseStream(name), parts);
  }
  const bad = ["", ".", "identity.", ".4711", "identity.a.b", "identity.command.", "identity.command.a.b",
    "identity.command.command", "Identity.1", "identity.*", "identity.>", "identity.command.*"];
  for (const name of bad) assert.throws(() => messages.parseStream(name), messages.InvalidName, name);
  assert.throws(() => messages.entityStream("identity", "command"), /reserved/);
});

test("a_category_of_events_does_not_hold_its_commands", () => {
  const events = messages.parseStream("identity");
  assert.ok(messages.streamHolds(events, "identity.4711"));
  for (const other of ["identity.command", "identity.command.4711", "identity2.4711", "xidentity.4711", "identity.4711.5"]) {
    assert.ok(!messages.streamHolds(events, other), other);
  }
  const commands = messages.parseStream("identity.command");
  assert.ok(messages.streamHolds(commands, "identity.command") && messages.streamHolds(commands, "identity.command.4711"));
  assert.ok(!messages.streamHolds(commands, "identity.4711"));
});

test("one_envelope_is_an_object_and_several_are_an_array", () => {
  assert.equal(encodeMessage([sample()])[0], "{");
  assert.equal(encodeMessage([sample(), sample({ id: "2" })])[0], "[");
  for (const all of [[sample()], [sample(), sample({ id: "2" })]]) assert.deepEqual(decodeMessage(encodeMessage(all)), all);
});

test("text_in_any_script_survives_as_bytes", () => {
  const all = names.map((name) => sample({ type: name, data: { name, [name]: [name] } }));
  assert.deepEqual(decodeMessage(Buffer.from(encodeMessage(all))), all);
  const added = readFileSync(new URL("../golden/identity/UserAdded.json", import.meta.url));
  const body = Buffer.concat([Buffer.from('{"id":"1","type":"UserAdded","metadata":{},"data":'), added, Buffer.from("}")]);
  assert.equal(decodeMessage(body)[0].data.firstName, "李小龍");
});

test("members_that_are_not_known_are_kept_in_metadata_and_passed_over_elsewhere", () => {
  const [read] = decodeMessage(JSON.stringify(sample({ later: 1, metadata: { traceId: "t", userId: "u", version: 3 } })));
  assert.deepEqual(read, sample({ metadata: { traceId: "t", userId: "u", version: 3 } }));
  assert.deepEqual(decodeMessage(JSON.stringify(sample({ metadata: {} })))[0].metadata, { traceId: "", userId: "" });
});

test("a_body_that_is_no_message_is_refused_by_the_name_of_its_member", () => {
  const wrong = [
    ["", ""], ["", "{"], ["", "[]"], ["", "nul"], ["", "1"], ["", '"text"'], ["", "null"], ["[0]", "[null]"],
    ["", Buffer.from([0x7b, 0xff, 0x7d])], ["", Buffer.from([0xed, 0xa0, 0x80])],
    ["", Buffer.from(JSON.stringify(sample({ id: "Zo\u00ff" })), "latin1")],
    ["id", { id: undefined }], ["id", { id: 1 }], ["type", { type: null }], ["type", { type: undefined }],
    ["metadata", { metadata: [] }], ["metadata", { metadata: undefined }], ["metadata.traceId", { metadata: { traceId: 1 } }],
    ["metadata.userId", { metadata: { userId: null } }], ["data", { data: "" }], ["data", { data: null }],
    ["data", { data: undefined }], ["data", { data: [] }],
    ["[1].data", [sample(), sample({ data: 1 })]], ["[1]", [sample(), [sample()]]], ["", Array(1001).fill(sample())],
  ];
  for (const [member, change] of wrong) {
    const raw = typeof change === "string" || Buffer.isBuffer(change);
    const body = raw ? change : JSON.stringify(Array.isArray(change) ? change : sample(change));
    assert.throws(() => decodeMessage(body), (error) => error instanceof MalformedMessage && error.member === member, String(body).slice(0, 100));
  }
  assert.throws(() => encodeMessage([]), MalformedMessage);
});

test("a_deeply_nested_body_is_no_crash", () => {
  const deep = 200_000;
  assert.throws(() => decodeMessage("[".repeat(deep)), MalformedMessage);
  decodeMessage(`{"id":"1","type":"T","metadata":{},"data":{"a":${"[".repeat(2_000)}${"]".repeat(2_000)}}}`);
});

test("a_command_carries_on_where_it_comes_from", () => {
  const first = command("AddUser", { auth0Id: "auth0|zoe" }, { userId: "u" });
  assert.equal(first.metadata.traceId, first.id);
  const [event, second] = eventsOf(first, [{ type: "UserAdded", data: {} }, { type: "UserModified", data: {} }], 1);
  assert.deepEqual([event.metadata.version, second.metadata.version], [1, 2]);
  assert.deepEqual(eventsOf(first, [{ type: "UserAdded", data: {} }], 1)[0].id, event.id);
  assert.notEqual(event.id, second.id);
  const next = command("LockAccount", { reason: "r" }, { cause: event });
  assert.deepEqual(next.metadata, { traceId: first.id, userId: "u", correlationId: first.id, causationId: event.id });
  assert.throws(() => command("AddUser", {}, { id: "not an id" }), messages.InvalidName);
});

test("the_golden_messages_are_as_the_schema_says_and_every_message_is_named", () => {
  const ajv = new Ajv({ strict: false });
  const folder = new URL("../golden/identity/", import.meta.url);
  const types = readdirSync(folder).map((file) => file.replace(".json", ""));
  const schemas = { ...identitySchema };
  ajv.addSchema(schemas, "identity");
  for (const type of types) {
    const check = ajv.getSchema(`identity#/definitions/${type}`);
    const golden = JSON.parse(readFileSync(new URL(`${type}.json`, folder), "utf8"));
    assert.ok(check(golden), `${type}: ${ajv.errorsText(check.errors)}`);
    for (const member of identitySchema.definitions[type].required) {
      const { [member]: _, ...rest } = golden;
      assert.ok(!check(rest), `${type} without ${member}`);
    }
  }
  const named = [...messages.identityCommandTypes, ...messages.identityEventTypes];
  assert.deepEqual(named, [...identitySchema["x-commands"], ...identitySchema["x-events"]]);
  for (const name of named) assert.ok(types.includes(name), name);
});

test("what_is_imported_can_also_be_required", () => {
  const required = createRequire(import.meta.url)("@devpie/troupe-messages");
  assert.ok(Object.keys(required).length > 15);
  for (const name of Object.keys(required)) assert.equal(messages[name], required[name], name);
});

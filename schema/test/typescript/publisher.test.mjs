// Publishing, against a real server.
import assert from "node:assert/strict";
import { test } from "node:test";

import { jetstream, jetstreamManager } from "@nats-io/jetstream";

import { command, decodeMessage, encodeMessage, eventsOf } from "@devpie/troupe-messages";
import { Conflict, ensureCategory, NotStored, OutcomeUnknown, Publisher, readEntity } from "@devpie/troupe-messages/jetstream";

import { patience, startServer } from "./nats.mjs";

const added = { type: "ProjectAdded", data: { name: "Zoë 名 👩🏽‍🚀 e\u0301" } };
const renamed = { type: "ProjectRenamed", data: { name: "b" } };

async function started(t, options) {
  const server = await startServer(t);
  const connection = await server.connect();
  await ensureCategory(connection, "projects");
  return { server, connection, publisher: new Publisher(connection, options) };
}

async function stored(connection, position) {
  const manager = await jetstreamManager(connection);
  return manager.streams.getMessage("troupe_projects", { seq: position });
}

test("a_command_is_stored_when_it_is_confirmed_and_a_repeat_is_stored_once", async (t) => {
  const { connection, publisher } = await started(t);
  const add = command("AddProject", { name: "Zoë" });
  const first = await publisher.sendCommand("projects.command.1", add);
  assert.deepEqual(first, { position: 1, duplicate: false });
  assert.deepEqual(await publisher.sendCommand("projects.command.1", add), { position: 1, duplicate: true });
  const message = await stored(connection, 1);
  assert.equal(message.subject, "projects.command.1");
  assert.deepEqual(decodeMessage(message.data), [add]);
  assert.equal((await publisher.sendCommand("projects.command", add)).duplicate, false);
});

test("a_command_that_asks_for_its_outcome_arrives_each_time", async (t) => {
  const { connection, publisher } = await started(t);
  const add = command("AddProject", {});
  for (const position of [1, 2]) {
    const published = await publisher.sendCommand("projects.command.1", add, { outcomeTo: "answers.1" });
    assert.deepEqual(published, { position, duplicate: false });
    assert.equal((await stored(connection, position)).header.get("Troupe-Outcome-To"), "answers.1");
  }
});

// The message of a command's events is named by the command's id, here as in Troupe; both are in one JetStream stream.
test("a_command_does_not_stand_in_the_way_of_its_events", async (t) => {
  const { publisher } = await started(t);
  const add = command("AddProject", {});
  await publisher.sendCommand("projects.command.1", add);
  const events = eventsOf(add, [added], 1);
  assert.deepEqual(await publisher.appendEvents("projects.1", events, 0), { position: 2, duplicate: false });
  assert.deepEqual(await publisher.appendEvents("projects.1", events, 0), { position: 2, duplicate: true });
});

test("events_are_appended_only_where_the_stream_was_expected_to_end", async (t) => {
  const { connection, publisher } = await started(t);
  const add = command("AddProject", {});
  const events = eventsOf(add, [added, renamed], 1);
  const first = await publisher.appendEvents("projects.1", events, 0);
  await publisher.appendEvents("projects.2", eventsOf(command("AddProject", {}), [added], 1), 0);
  const more = eventsOf(command("RenameProject", {}), [renamed], 3);
  for (const wrong of [0, first.position + 1, 1000]) {
    await assert.rejects(publisher.appendEvents("projects.1", more, wrong), Conflict, `${wrong}`);
  }
  const second = await publisher.appendEvents("projects.1", more, first.position);
  const history = await readEntity(connection, "projects.1");
  assert.deepEqual(history.events.map(({ envelope }) => envelope), [...events, ...more]);
  assert.deepEqual(history.events.map(({ position }) => position), [first.position, first.position, second.position]);
  assert.equal(history.position, second.position);
  assert.deepEqual(await readEntity(connection, "projects.3"), { events: [], position: 0 });
  assert.equal((await readEntity(connection, "projects.1", { after: first.position })).events.length, 1);
});

test("of_many_writers_at_once_one_wins", async (t) => {
  const { server } = await started(t);
  const writers = await Promise.all(Array.from({ length: 8 }, async () => new Publisher(await server.connect())));
  for (let round = 1; round <= 20; ++round) {
    const results = await Promise.allSettled(writers.map((writer) =>
      writer.appendEvents(`projects.${round}`, eventsOf(command("AddProject", {}), [added], 1), 0)));
    assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
    assert.ok(results.every(({ status, reason }) => status === "fulfilled" || reason instanceof Conflict));
  }
});

// As on a replicated stream, where the retry of a stored message is answered with the lost race.
test("a_lost_race_against_itself_is_a_success", async (t) => {
  const { connection, publisher } = await started(t);
  const events = eventsOf(command("AddProject", {}), [added, renamed], 1);
  const { seq } = await jetstream(connection).publish("projects.1", encodeMessage(events));
  assert.deepEqual(await publisher.appendEvents("projects.1", events, 0), { position: seq, duplicate: true });
});

test("what_a_stopped_server_may_have_stored_is_unknown_and_neither_failed_nor_stored_twice", async (t) => {
  const { server, connection, publisher } = await started(t, { timeout: 200, deadline: 400 });
  const add = command("AddProject", {});
  const events = eventsOf(add, [added], 1);
  await server.stop();
  await assert.rejects(publisher.appendEvents("projects.1", events, 0), OutcomeUnknown);
  await assert.rejects(publisher.sendCommand("projects.command.1", add), OutcomeUnknown);
  server.resume();
  const patient = new Publisher(connection);
  const { position } = await patient.appendEvents("projects.1", events, 0);
  assert.equal((await readEntity(connection, "projects.1")).events.length, 1);
  const repeated = await patient.sendCommand("projects.command.1", add);
  assert.equal((await stored(connection, repeated.position)).subject, "projects.command.1");
  const manager = await jetstreamManager(connection);
  assert.equal((await manager.streams.info("troupe_projects")).state.messages, 2);
  assert.equal((await patient.appendEvents("projects.1", events, 0)).position, position);
});

test("a_publish_outlasts_a_restart_of_the_server", async (t) => {
  const { server, connection } = await started(t);
  const publisher = new Publisher(connection, { timeout: 500, deadline: 60_000 });
  await server.kill();
  const published = publisher.appendEvents("projects.1", eventsOf(command("AddProject", {}), [added], 1), 0);
  await server.start();
  await published;
  assert.equal((await readEntity(connection, "projects.1")).events.length, 1);
});

test("what_certainly_was_not_stored_says_so", async (t) => {
  const { connection } = await started(t);
  const publisher = new Publisher(connection, { timeout: patience, deadline: 0 });
  await assert.rejects(publisher.sendCommand("others.command.1", command("Add", {})), NotStored);
  await assert.rejects(readEntity(connection, "others.1"), /call ensureCategory/);
  const manager = await jetstreamManager(connection);
  await manager.streams.update("troupe_projects", { max_msg_size: 100 });
  await assert.rejects(publisher.sendCommand("projects.command.1", command("Add", { text: "x".repeat(200) })), NotStored);
  await connection.close();
  await assert.rejects(publisher.sendCommand("projects.command.1", command("Add", {})), NotStored);
});

test("names_are_checked_before_anything_is_sent", async (t) => {
  const { publisher } = await started(t);
  for (const stream of ["projects.1", "projects", "Projects.command.1", "projects.command.*", "projects.command.a b"]) {
    await assert.rejects(publisher.sendCommand(stream, command("Add", {})), undefined, stream);
  }
  for (const stream of ["projects", "projects.command.1", "projects.*", "projects.command"]) {
    await assert.rejects(publisher.appendEvents(stream, eventsOf(command("Add", {}), [added], 1), 0), undefined, stream);
  }
  await assert.rejects(publisher.appendEvents("projects.1", [], 0), /at least one envelope/);
  await assert.rejects(publisher.sendCommand("projects.command.1", { ...command("Add", {}), id: "a b" }), /command id/);
});

test("a_category_is_made_once_and_a_stream_without_its_subjects_is_an_error", async (t) => {
  const { connection } = await started(t);
  await ensureCategory(connection, "projects");
  const manager = await jetstreamManager(connection);
  await assert.rejects(manager.streams.purge("troupe_projects"));
  await manager.streams.add({ name: "troupe_teams", subjects: ["teams.*"] });
  await assert.rejects(ensureCategory(connection, "teams"), /must have the subject teams\.command\.\*/);
  await assert.rejects(ensureCategory(connection, "Teams"), /category/);
});

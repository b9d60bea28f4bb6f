// Listening, against a real server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { jetstream, jetstreamManager } from "@nats-io/jetstream";

import { encodeMessage } from "@devpie/troupe-messages";
import { ensureCategory, listen } from "@devpie/troupe-messages/jetstream";

import { patience, promised, startServer, until } from "./nats.mjs";
import { startProcess } from "./process.mjs";

const memberFile = fileURLToPath(new URL("member.mjs", import.meta.url));

const event = (id, data = {}, type = "Happened") => ({ id: `${id}`, type, metadata: { traceId: "t", userId: "" }, data });

/** A server, the category `things`, and ways to write there and to look at a queue. */
async function started(t) {
  const server = await startServer(t);
  const connection = await server.connect();
  await ensureCategory(connection, "things");
  const client = jetstream(connection);
  const manager = await jetstreamManager(connection);
  return {
    server,
    connection,
    manager,
    raw: (subject, body) => client.publish(subject, body),
    write: (subject, ...events) => client.publish(subject, encodeMessage(events)),
    queue: (name) => manager.consumers.info("troupe_things", name),
    settled: (position) => until(`everything up to ${position} to be acknowledged`, async () => {
      const { num_ack_pending: unacknowledged, ack_floor: floor } = await manager.consumers.info("troupe_things", "readers");
      return unacknowledged === 0 && floor.stream_seq === position;
    }),
  };
}

/** A listener that keeps what it was given. */
async function collecting(connection, options = {}, handle = () => {}) {
  const seen = [];
  const problems = [];
  let changed = () => {};
  const all = { stream: "things", queue: "readers", onProblem: (problem) => (problems.push(problem), changed()), ...options };
  const listener = await listen(connection, all, {
    async Happened(message) {
      seen.push(message);
      changed();
      await handle(message);
    },
  });
  const soon = (check) => new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`in vain; seen: ${seen.map(({ id }) => id)}`)), patience);
    changed = () => check() && (clearTimeout(timer), resolve());
    changed();
  });
  return { listener, seen, problems, soon, ids: () => seen.map(({ id }) => id) };
}

test("everything_from_the_beginning_comes_in_order_with_its_place", async (t) => {
  const { connection, write } = await started(t);
  await write("things.1", event(1));
  await write("things.2", event(2), event(3), event("x", {}, "OfALaterVersion"), event(4));
  await write("things.command.1", event("command"));
  await write("things.command", event("command"));
  const { listener, seen, problems, soon } = await collecting(connection);
  await write("things.1", event(5));
  await soon(() => seen.length === 5);
  await listener.stop();
  const places = seen.map(({ id, stream, position, index, attempt }) => [id, stream, position, index, attempt]);
  assert.deepEqual(places, [
    ["1", "things.1", 1, 0, 1],
    ["2", "things.2", 2, 0, 1],
    ["3", "things.2", 2, 1, 1],
    ["4", "things.2", 2, 3, 1],
    ["5", "things.1", 5, 0, 1],
  ]);
  assert.equal(listener.position, 5);
  assert.deepEqual(problems, []);
});

test("each_form_of_stream_holds_its_own_messages", async (t) => {
  const { connection, write } = await started(t);
  const subjects = ["things.1", "things.2", "things.command.1", "things.command.2", "things.command"];
  for (const subject of [...subjects, "things.1"]) await write(subject, event(subject));
  const expected = {
    "things": ["things.1", "things.2", "things.1"],
    "things.1": ["things.1", "things.1"],
    "things.command": ["things.command.1", "things.command.2", "things.command"],
    "things.command.1": ["things.command.1"],
  };
  for (const [stream, ids] of Object.entries(expected)) {
    const { listener, seen, soon, ids: got } = await collecting(connection, { stream, queue: stream.replaceAll(".", "-") });
    await soon(() => seen.length === ids.length);
    await listener.stop();
    assert.deepEqual(got(), ids, stream);
  }
});

test("a_restart_goes_on_after_the_last_acknowledged_message", async (t) => {
  const { server, connection, write, settled } = await started(t);
  for (let id = 1; id <= 5; ++id) await write("things.1", event(id));
  const gate = promised();
  const ackWait = 10 * patience; // what is not given back does not come again in time
  const first = await collecting(await server.connect(), { ackWait }, ({ id }) => id === "3" && gate.promise);
  await first.soon(() => first.seen.length === 3);
  const stopped = first.listener.stop();
  gate.resolve();
  await stopped; // the third is finished, the others were given back
  assert.deepEqual(first.ids(), ["1", "2", "3"]);
  const second = await collecting(connection, { ackWait });
  await second.soon(() => second.seen.length === 2);
  await second.listener.stop();
  await settled(5);
  assert.deepEqual(second.ids().sort(), ["4", "5"]);
});

test("a_crash_between_handling_and_acknowledging_delivers_the_same_again", async (t) => {
  const { server, write } = await started(t);
  const args = [server.url, "things", "readers", "500"];
  await write("things.1", event(1));
  await write("things.1", event(2, { crash: true }), event(3));
  const first = startProcess(t, memberFile, args);
  assert.equal((await first.ended).signal, "SIGKILL");
  assert.deepEqual(first.lines.map((line) => JSON.parse(line).id).filter(Boolean), ["1", "2"]);
  const second = startProcess(t, memberFile, args);
  const again = JSON.parse(await second.line((line) => JSON.parse(line).id === "2"));
  assert.equal(again.position, 2);
  assert.ok(again.attempt > 1);
  await second.line((line) => JSON.parse(line).id === "3");
  assert.ok(!second.lines.some((line) => JSON.parse(line).id === "1"));
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  test(`${signal}_is_a_clean_stop`, async (t) => {
    const { server, write, settled } = await started(t);
    await write("things.1", event(1));
    const member = startProcess(t, memberFile, [server.url, "things", "readers", "5000"]);
    await member.line((line) => JSON.parse(line).id === "1");
    member.child.kill(signal);
    assert.deepEqual(await member.ended, { code: 0, signal: null });
    await settled(1);
  });
}

test("two_members_of_a_queue_share_its_messages", async (t) => {
  const { server, write, queue } = await started(t);
  const gate = promised();
  const members = [];
  for (let i = 0; i < 2; ++i) members.push(await collecting(await server.connect(), { batch: 1 }, () => gate.promise));
  for (let id = 1; id <= 20; ++id) await write("things.1", event(id));
  await Promise.all(members.map((each) => each.soon(() => each.seen.length > 0))); // each has one in hand
  gate.resolve();
  await until("the queue to be empty", async () => {
    const { num_pending: pending, num_ack_pending: unacknowledged } = await queue("readers");
    return pending === 0 && unacknowledged === 0;
  });
  await Promise.all(members.map(({ listener }) => listener.stop()));
  const ids = members.flatMap((each) => each.ids()).map(Number).sort((a, b) => a - b);
  assert.deepEqual(ids, Array.from({ length: 20 }, (_, i) => i + 1));
  assert.ok(members.every(({ seen }) => seen.length > 0));
});

test("a_malformed_message_is_told_once_and_not_delivered_again", async (t) => {
  const { connection, raw, write, settled } = await started(t);
  await raw("things.1", '{"id":"1","type":"Happened","metadata":{},"data":[]}');
  await raw("things.2", Uint8Array.of(0x7b, 0xff, 0x7d));
  await raw("things.3", encodeMessage([event(1), event(2)]).replace('"id":"2"', '"id":2'));
  await raw("things.4", "");
  await write("things.5", event("ok", { wrong: true }));
  await write("things.6", event("ok"));
  const validate = ({ data }) => (data.wrong ? "must not be wrong" : undefined);
  const { listener, seen, problems, soon, ids } = await collecting(connection, { validate });
  await soon(() => seen.length === 1);
  await listener.stop();
  assert.deepEqual(ids(), ["ok"]);
  assert.deepEqual(problems.map(({ kind, position, stream, message }) => [kind, position, stream, message]), [
    ["malformed", 1, "things.1", "member 'data' must be an object"],
    ["malformed", 2, "things.2", "the body must be UTF-8"],
    ["malformed", 3, "things.3", "member '[1].id' must be a string"],
    ["malformed", 4, "things.4", "the body must be JSON"],
    ["malformed", 5, "things.5", "member 'data' must not be wrong"],
  ]);
  await settled(6);
});

test("a_handler_that_fails_is_called_again_and_given_up_at_last", async (t) => {
  const { connection, write, settled } = await started(t);
  await write("things.1", event("bad"));
  await write("things.2", event("good"));
  const { listener, seen, problems, soon } = await collecting(connection, { maxAttempts: 3 }, ({ id }) => {
    if (id === "bad") throw new Error("cannot");
  });
  await soon(() => problems.length === 3);
  await listener.stop();
  assert.deepEqual(problems.map(({ kind, attempt, position }) => [kind, attempt, position]), [
    ["failed", 1, 1],
    ["failed", 2, 1],
    ["given-up", 3, 1],
  ]);
  assert.deepEqual(seen.filter(({ id }) => id === "bad").map(({ attempt }) => attempt), [1, 2, 3]);
  assert.equal(seen.filter(({ id }) => id === "good").length, 1);
  await settled(2);
});

// Counted by the server's own clock: a message that nobody keeps in progress comes back meanwhile.
test("what_takes_long_and_what_waits_behind_it_is_kept_in_progress", async (t) => {
  const { connection, manager, write, queue } = await started(t);
  await write("things.1", event(1));
  await write("things.1", event(2));
  const ackWait = 4_000;
  await manager.consumers.add("troupe_things", { durable_name: "control", ack_policy: "explicit", ack_wait: ackWait * 1e6, filter_subject: "things.*" });
  const control = await jetstream(connection).consumers.get("troupe_things", "control");
  const gate = promised();
  const { listener, seen, soon, ids } = await collecting(connection, { ackWait }, () => gate.promise);
  await soon(() => seen.length === 1);
  for (let deliveries = 0; deliveries < 2; ) {
    const message = await control.next({ expires: 10_000 });
    if (message?.seq === 1) deliveries = message.info.deliveryCount;
  }
  assert.equal((await queue("readers")).num_redelivered, 0);
  gate.resolve();
  await soon(() => seen.length === 2);
  await listener.stop();
  assert.deepEqual(ids(), ["1", "2"]);
  assert.ok(seen.every(({ attempt }) => attempt === 1));
});

test("a_handler_that_never_ends_is_told_and_its_messages_go_to_others", async (t) => {
  const { server, write } = await started(t);
  await write("things.1", event(1));
  await write("things.1", event(2));
  const gate = promised();
  const options = { ackWait: 300, handlerTimeout: 200 };
  const stuck = await collecting(await server.connect(), options, () => gate.promise);
  await stuck.soon(() => stuck.problems.length === 1);
  assert.deepEqual([stuck.problems[0].kind, stuck.problems[0].position], ["slow", 1]);
  const other = await collecting(await server.connect(), options);
  await other.soon(() => ["1", "2"].every((id) => other.ids().includes(id)));
  const stopped = [stuck.listener.stop(), other.listener.stop()];
  gate.resolve();
  await Promise.all(stopped);
  assert.deepEqual(stuck.ids(), ["1"]);
});

test("with_strict_order_nothing_overtakes_a_message_that_failed", async (t) => {
  const { connection, write } = await started(t);
  for (let id = 1; id <= 3; ++id) await write("things.1", event(id));
  const { listener, seen, soon, ids } = await collecting(connection, { ordered: true }, ({ id, attempt }) => {
    if (id === "1" && attempt < 3) throw new Error("not yet");
  });
  await soon(() => seen.length === 5);
  await listener.stop();
  assert.deepEqual(ids(), ["1", "1", "1", "2", "3"]);
});

test("never_more_than_a_batch_is_in_hand", async (t) => {
  const { connection, write, queue } = await started(t);
  for (let id = 1; id <= 30; ++id) await write("things.1", event(id));
  let most = 0;
  let done = 0;
  const { listener, seen, soon, ids } = await collecting(connection, { batch: 7 }, async () => {
    most = Math.max(most, (await queue("readers")).delivered.consumer_seq - done++);
  });
  await soon(() => seen.length === 30);
  await listener.stop();
  assert.deepEqual(ids().map(Number), Array.from({ length: 30 }, (_, i) => i + 1));
  assert.ok(most <= 7, `${most}`);
  assert.ok(most > 1, `${most}`);
});

test("a_listener_outlasts_a_restart_of_the_server", async (t) => {
  const { server, connection, write } = await started(t);
  await write("things.1", event(1));
  const { listener, seen, soon } = await collecting(connection);
  await soon(() => seen.length === 1);
  await server.kill();
  await server.start();
  await until("the connection", () => write("things.1", event(2)).catch(() => undefined));
  await soon(() => seen.some(({ id }) => id === "2"));
  await listener.stop();
});

test("a_listener_that_cannot_go_on_says_so", async (t) => {
  const { server, manager, connection, write } = await started(t);
  const deleted = await collecting(connection, { queue: "deleted" });
  await manager.consumers.delete("troupe_things", "deleted");
  await assert.rejects(deleted.listener.closed, /queue 'deleted' is gone/);

  const own = await server.connect();
  const closed = await collecting(own, { queue: "closed" });
  await own.close();
  await assert.rejects(closed.listener.closed, /closed/);

  await write("things.1", event(1));
  const onProblem = () => {
    throw new Error("the callback's own");
  };
  const thrown = await collecting(connection, { queue: "thrown", onProblem }, () => {
    throw new Error("any");
  });
  await assert.rejects(thrown.listener.closed, /the callback's own/);
});

test("a_queue_keeps_the_settings_that_it_was_made_with", async (t) => {
  const { connection } = await started(t);
  const { listener } = await collecting(connection);
  await listener.stop();
  await assert.rejects(collecting(connection, { ackWait: 1_000 }), /queue 'readers' has ack_wait 5000000000, not 1000000000/);
  await assert.rejects(collecting(connection, { stream: "things.1" }), /has filter_subject "things\.\*", not "things\.1"/);
  await assert.rejects(collecting(connection, { ordered: true }), /max_ack_pending/);
  const again = await collecting(connection);
  await again.listener.stop();
});

test("a_wrong_setting_is_named", async (t) => {
  const { connection } = await started(t);
  await assert.rejects(collecting(connection, { batch: 101 }), /batch must be 1 to 100/);
  await assert.rejects(collecting(connection, { ackWait: 0 }), /ackWait must be/);
  await assert.rejects(collecting(connection, { queue: "a b" }), /queue 'a b' must be/);
  await assert.rejects(collecting(connection, { stream: "things.>" }), /entity id/);
  await assert.rejects(collecting(connection, { stream: "others" }), /no JetStream stream holds the category 'others'/);
});

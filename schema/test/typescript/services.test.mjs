// Services as they are deployed: processes of their own, which share nothing but the broker.
//
// TROUPE_NATS names the broker of a running node (`troupe run --log nats --nats URL`); without it a server of the test's
// own is started, and identity.mjs stands in for the node.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";

import { connect } from "@nats-io/transport-node";

import { command, deriveId } from "@devpie/troupe-messages";
import { Publisher, readEntity } from "@devpie/troupe-messages/jetstream";

import { startIdentity } from "./identity.mjs";
import { startServer, until } from "./nats.mjs";
import { startProcess } from "./process.mjs";

const examples = process.env.EXAMPLES;

async function broker(t) {
  const url = process.env.TROUPE_NATS;
  if (!url) {
    const server = await startServer(t);
    const connection = await server.connect();
    const identity = await startIdentity(await server.connect());
    return { url: server.url, connection, stop: () => identity.stop() };
  }
  const connection = await connect({ servers: url });
  t.after(() => connection.close());
  return { url, connection, stop: async () => {} };
}

const parsed = (lines) => lines.map((line) => JSON.parse(line));

test("a_service_adds_a_user_and_follows_who_is_added", async (t) => {
  const { url, connection, stop } = await broker(t);
  const start = (...args) => startProcess(t, join(examples, "users.mjs"), args, { NATS_URL: url });
  const shows = (stream) => (line) => JSON.parse(line).name && JSON.parse(line).stream === stream;
  const newcomer = () => `auth0|${randomUUID()}`;
  const streamOf = (auth0Id) => `identity.${deriveId("identity", auth0Id)}`;

  const [zoe, ming] = [newcomer(), newcomer()];
  const first = start(zoe, "zoë@exämple.org", "Zoë", "名 👩🏽‍🚀 e\u0301");
  const shown = JSON.parse(await first.line(shows(streamOf(zoe))));
  assert.equal(shown.name, "Zoë 名 👩🏽‍🚀 e\u0301");
  first.child.kill("SIGTERM");
  assert.deepEqual(await first.ended, { code: 0, signal: null }, first.stderr);

  const id = deriveId("identity", ming); // names the entity where the stream does not
  const add = { id, auth0Id: ming, email: "ming@example.org", emailVerified: true, firstName: "名", lastName: "", picture: "", locale: "zh" };
  await new Publisher(connection).sendCommand("identity.command", command("AddUser", add));
  const second = start();
  await second.line(shows(streamOf(ming)));
  assert.ok(!parsed(second.lines).some(({ stream }) => stream === streamOf(zoe)), "went on after the last one shown");
  second.child.kill("SIGINT");
  assert.deepEqual(await second.ended, { code: 0, signal: null }, second.stderr);

  const { events } = await readEntity(connection, streamOf(ming));
  assert.deepEqual(events.map(({ envelope }) => envelope.type), ["UserAdded"]);
  assert.equal(events[0].envelope.data.firstName, "名");
  await stop();
});

test("a_microservice_of_its_own_keeps_one_history_for_each_entity", async (t) => {
  const { url, connection, stop } = await broker(t);
  const services = [1, 2].map(() => startProcess(t, join(examples, "projects.mjs"), [], { NATS_URL: url }));
  await Promise.all(services.map((service) => service.line((line) => line === "ready")));
  const publisher = new Publisher(connection);
  const ids = Array.from({ length: 20 }, () => randomUUID());
  const commands = ids.map((id) => command("AddProject", { name: `Zoë ${id}`, prefix: "Z" }, { userId: "u" }));
  for (const [i, id] of ids.entries()) {
    await publisher.sendCommand(`projects.command.${id}`, commands[i], { outcomeTo: "nobody" });
    await publisher.sendCommand(`projects.command.${id}`, commands[i], { outcomeTo: "nobody" }); // the same again
    await publisher.sendCommand(`projects.command.${id}`, command("AddProject", { name: "another", prefix: "A" }));
  }
  for (const [i, id] of ids.entries()) {
    const { events } = await until(`project ${id}`, async () => {
      const history = await readEntity(connection, `projects.${id}`);
      return history.events.length > 0 && history;
    });
    const [project, ...columns] = events.map(({ envelope }) => envelope);
    assert.ok(["another", `Zoë ${id}`].includes(project.data.name));
    assert.deepEqual(columns.map(({ data }) => data.title), ["To Do", "In Progress", "Review", "Done"]);
    assert.deepEqual(events.map(({ envelope }) => envelope.metadata.version), [1, 2, 3, 4, 5]);
    if (project.data.name !== "another") {
      const { id: commandId, metadata } = commands[i];
      assert.equal(project.id, deriveId("event", `${commandId}/1`));
      assert.deepEqual([project.metadata.commandId, project.metadata.traceId, project.metadata.userId], [commandId, metadata.traceId, "u"]);
    }
  }
  for (const service of services) {
    service.child.kill("SIGTERM");
    assert.deepEqual(await service.ended, { code: 0, signal: null }, service.stderr);
    assert.equal(service.stderr, "");
  }
  for (const id of ids) assert.equal((await readEntity(connection, `projects.${id}`)).events.length, 5);
  await stop();
});

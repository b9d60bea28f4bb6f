// A broker that has no room left: what it does not store is not acknowledged, the node says so and is not ready, reading
// goes on where the broker lets it, and with room again the node goes on by itself.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fill, mountDisk } from './support/disk.mjs';
import { connectTo, startBroker } from './support/nats.mjs';
import { ok, profile, startNode, until } from './support/node.mjs';

const namesIn = (events) => events.map((event) => event.data.firstName).sort();
const addUser = (node, name, headers = {}) => node.post('/v1/identity/AddUser', profile(name, { picture: 'p'.repeat(1000) }), headers);
const readiness = async (node) => {
  const { status, body } = await node.get('/readyz?verbose');
  return { status, failing: body.checks.filter((check) => !check.ok) };
};

async function addUsers(node, prefix, count) {
  const names = Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
  for (const name of names) ok(await addUser(node, name));
  return names;
}

/** Adds users, with and without a key, until so many were refused: { stored, refused, answer: the last refusal }. */
async function untilRefused(node, enough) {
  const seen = { stored: [], refused: [] };
  for (let i = 0; seen.refused.length < enough; ++i) {
    assert.ok(i < 10_000, 'the broker is full, and the node still acknowledges');
    const name = `during-${i}`;
    const answer = await addUser(node, name, i % 2 ? { 'Idempotency-Key': name } : {});
    if (answer.status === 200) {
      seen.stored.push(name);
    } else {
      seen.refused.push(name);
      seen.answer = answer;
      assert.equal(answer.status, 503, answer.text);
      assert.equal(answer.body.code, 'unavailable', answer.text);
      assert.ok(Number(answer.headers['retry-after']) >= 1);
    }
  }
  return seen;
}

/** Nothing pretends that the log can be written again: the node has looked a few times more. */
async function staysUnready(node) {
  const looks = async () => ok(await node.get('/admin/actors/log/maintenance')).state.runs;
  const before = await looks();
  await until('the node to look again', async () => {
    assert.equal((await readiness(node)).status, 503);
    return (await looks()) >= before + 3;
  });
}

test('a broker at its limit stores nothing, the node says so, and room lets it go on', async (t) => {
  const broker = await startBroker(t, { storage: ['max_file_store: 16MB'] });
  const { js, manager } = await connectTo(t, broker);
  const node = await startNode(t, { flags: broker.flags });
  const before = await addUsers(node, 'before', 20);
  await manager.streams.add({ name: 'filler', subjects: ['filler'] });
  for (let size = 1 << 20; size >= 64;) {
    try {
      await js.publish('filler', new Uint8Array(size));
    } catch {
      size >>= 1;
    }
  }

  const { stored, refused, answer } = await untilRefused(node, 10);
  assert.match(answer.body.detail, /insufficient.*resources/);
  const told = await readiness(node);
  assert.equal(told.status, 503);
  assert.match(told.failing.find((one) => one.name === 'log').detail, /insufficient.*resources/);
  await staysUnready(node);
  assert.equal((await node.get('/livez')).status, 200);
  assert.deepEqual(namesIn(await node.allEvents('identity')), [...before, ...stored].sort(), 'reads go on, and show what was acknowledged');

  await manager.streams.delete('filler');
  await until('the node to be ready again', async () => (await readiness(node)).status === 200);
  for (const name of refused) ok(await addUser(node, name, { 'Idempotency-Key': name }));
  const after = await addUsers(node, 'after', 20);
  const all = [...before, ...stored, ...refused, ...after].sort();
  assert.deepEqual(namesIn(await node.allEvents('identity')), all);
  await node.caughtUp('users');
  assert.equal((await node.allRows('users')).length, all.length);
});

test('a stream at its own limit stores nothing, the node says so, and a higher limit lets it go on', async (t) => {
  const broker = await startBroker(t);
  const { manager } = await connectTo(t, broker);
  const node = await startNode(t, { flags: broker.flags });
  const before = await addUsers(node, 'before', 20);
  const limit = (bytes) => manager.streams.update('troupe_identity', { max_bytes: bytes });
  await limit(64 * 1024);
  const { stored, refused, answer } = await untilRefused(node, 10);
  assert.match(answer.body.detail, /maximum bytes exceeded/);
  assert.match((await readiness(node)).failing.find((one) => one.name === 'log').detail, /maximum bytes exceeded/);
  await staysUnready(node);
  await limit(-1);
  await until('the node to be ready again', async () => (await readiness(node)).status === 200);
  for (const name of refused) ok(await addUser(node, name));
  assert.deepEqual(namesIn(await node.allEvents('identity')), [...before, ...stored, ...refused].sort());
});

test('a full disk under the broker: nothing is acknowledged that is not stored, and the node outlives it', async (t) => {
  const disk = mountDisk(t, 24);
  const broker = await startBroker(t, { store: join(disk, 'store') });
  const node = await startNode(t, { flags: broker.flags });
  const before = await addUsers(node, 'before', 20);
  fill(disk);
  const { stored, refused } = await untilRefused(node, 10);
  assert.equal((await readiness(node)).status, 503);
  await staysUnready(node);
  assert.equal((await node.get('/livez')).status, 200);

  // nats-server turns JetStream off when it meets a full disk, until it is started again.
  rmSync(join(disk, 'filler'));
  await broker.kill();
  await broker.start();
  await until('the node to be ready again', async () => (await readiness(node)).status === 200);
  const found = namesIn(await node.allEvents('identity'));
  assert.deepEqual(found, [...before, ...stored].sort(), 'what was refused is not there, what was acknowledged is');
  for (const name of refused) ok(await addUser(node, name, { 'Idempotency-Key': name }));
  await addUsers(node, 'after', 20);
  await node.caughtUp('users');
});

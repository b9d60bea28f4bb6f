// `troupe copy`: a data set moves between the embedded log and a broker, also when the copy is killed on its way; what
// cannot be a copy is refused before anything is written.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { inMemory, launch, ok, profile, run, startNode, temporaryDirectory, until } from './support/node.mjs';
import { connectTo, startBroker } from './support/nats.mjs';

const skip = inMemory && 'a log in memory cannot be copied';

const copy = (from, to, ...more) => run(['copy', '--from', from, '--to', to, ...more]);

/** A copy that must succeed: the one category of its document. */
async function copied(from, to) {
  const { code, stdout, stderr } = await copy(from, to, '--json');
  assert.equal(code, 0, stdout + stderr);
  const document = JSON.parse(stdout);
  assert.equal(document.status, 'equal');
  assert.deepEqual(document.categories.map((one) => one.category), ['identity']);
  return { ...document.categories[0], sourceHasGrown: document.sourceHasGrown };
}

/** What of an event must survive a move: everything but its position. */
const withoutPositions = (events) => events.map(({ position, ...rest }) => rest);
/** Which events share a commit. */
const commitSizes = (events) => {
  const sizes = new Map();
  for (const { position } of events) sizes.set(position, (sizes.get(position) ?? 0) + 1);
  return [...sizes.values()];
};

const envelopes = (from, count) => Array.from({ length: count }, (_, i) => ({
  id: `add-${from + i}`, type: 'AddUser', metadata: {}, data: profile(`user-${from + i}`, { lastName: `Ünïcode ${from + i} 👩‍🚀` }),
}));

async function fill(node, count) {
  for (let from = 0; from < count; from += 1000) {
    const outcomes = ok(await node.post('/v1/commands', envelopes(from, Math.min(1000, count - from))));
    for (const one of outcomes) assert.equal(one.status, 200, JSON.stringify(one));
  }
}

test('a data set moves from SQLite to JetStream and back: order, versions, content, answers and views stay', { skip }, async (t) => {
  const first = await startNode(t);
  await fill(first, 300);
  const { id } = ok(await first.post('/v1/users', profile('zoe')));
  const modify = (node, lastName, key) => node.post(`/v1/identity/${id}/ModifyUser`,
    { firstName: 'Zoë', lastName, picture: '', locale: 'en' }, { 'Idempotency-Key': key });
  for (let i = 0; i < 40; ++i) ok(await modify(first, `name-${i}`, `modify-${i}`));
  const answer = ok(await modify(first, 'last', 'the-last'));
  await first.caughtUp('users');
  const [events, rows] = [await first.allEvents('identity'), await first.allRows('users')];
  await first.stop();

  const broker = await startBroker(t);
  const there = await copied(first.data, broker.url);
  assert.equal(there.commits, 342);
  assert.equal(there.copied, 342);
  assert.equal(there.entities, 301);
  assert.match(there.content, /^sha256:[0-9a-f]{64}$/);

  // The broker's own clients see what the documents say.
  const { js, manager } = await connectTo(t, broker);
  const stored = await manager.streams.getMessage('troupe_identity', { last_by_subj: `identity.${id}` });
  assert.equal(stored.header.get('Troupe-Version'), '42');
  assert.equal(stored.header.get('Troupe-Command-Id'), 'the-last');

  const second = await startNode(t, { flags: broker.flags });
  await second.caughtUp('users');
  assert.deepEqual(withoutPositions(await second.allEvents('identity')), withoutPositions(events));
  assert.deepEqual(await second.allRows('users'), rows);
  assert.deepEqual(ok(await modify(second, 'last', 'the-last')).events, answer.events, 'a repeated command is known');
  assert.equal((await modify(second, 'another', 'the-last')).status, 422);
  assert.equal(ok(await second.get(`/admin/entities/identity/${id}?version=5`)).state.lastName, 'name-3');

  // More comes in there, and a durable command lies between the events, so that positions differ.
  await js.publish('identity.command', JSON.stringify(envelopes(1000, 1)[0]));
  await until('the durable command', async () => (await second.get('/v1/commands/add-1000')).body.status === 'accepted');
  ok(await modify(second, 'on the broker', 'another-key'));
  await second.caughtUp('users');
  const [moreEvents, moreRows] = [await second.allEvents('identity'), await second.allRows('users')];
  await second.stop();

  const back = temporaryDirectory(t);
  const returned = await copied(broker.url, back);
  assert.equal(returned.commits, 344);
  assert.notEqual(returned.sourcePosition, returned.targetPosition);
  const checked = await run(['check', back]);
  assert.equal(checked.code, 0, checked.stdout);
  const third = await startNode(t, { data: back });
  await third.caughtUp('users');
  const returnedEvents = await third.allEvents('identity');
  assert.deepEqual(withoutPositions(returnedEvents), withoutPositions(moreEvents));
  assert.deepEqual(commitSizes(returnedEvents), commitSizes(moreEvents));
  assert.deepEqual(await third.allRows('users'), moreRows);
  await third.stop();

  // Copies of the same have the same content, wherever they are.
  const again = await copied(back, `${broker.url}?cluster=blue&replicas=1`);
  assert.equal(again.content, returned.content);
});

test('a copy that is killed goes on where it was, to a broker and to a directory', { skip }, async (t) => {
  const node = await startNode(t);
  await fill(node, 12_000);
  await node.caughtUp('users');
  const rows = await node.allRows('users');
  await node.stop();
  const broker = await startBroker(t);
  const { manager } = await connectTo(t, broker);

  /** Starts a copy and kills it once the target has grown; how far the target has come. */
  const killed = async (from, to, size) => {
    const before = await size();
    const one = launch(['copy', '--from', from, '--to', to]);
    await until('the target to grow', async () => one.child.exitCode !== null || (await size()) > before);
    one.child.kill('SIGKILL');
    return one.ended;
  };
  const stored = async () => {
    try {
      return (await manager.streams.info('troupe_identity')).state.messages;
    } catch {
      return 0;
    }
  };
  for (let round = 0; round < 3; ++round) await killed(node.data, broker.url, stored);
  const present = await stored();
  assert.ok(present > 0 && present < 12_000, `${present} of 12000 are there`);
  const there = await copied(node.data, broker.url);
  assert.equal(there.present, present);
  assert.equal(there.commits, 12_000);

  const back = temporaryDirectory(t);
  const written = async () => {
    try {
      return statSync(join(back, 'log.db-wal')).size >> 17;
    } catch {
      return 0;
    }
  };
  for (let round = 0; round < 2; ++round) await killed(broker.url, back, written);
  const returned = await copied(broker.url, back);
  assert.equal(returned.commits, 12_000);
  assert.equal(returned.content, there.content);
  const checked = await run(['check', back]);
  assert.equal(checked.code, 0, checked.stdout);
  const next = await startNode(t, { flags: broker.flags });
  await next.caughtUp('users');
  assert.deepEqual(await next.allRows('users'), rows);
});

test('what the source got since the last copy is added by the next one, also while nodes use a broker', { skip }, async (t) => {
  const broker = await startBroker(t);
  const node = await startNode(t, { flags: broker.flags });
  await fill(node, 50);
  const target = temporaryDirectory(t);
  assert.equal((await copied(broker.url, target)).copied, 50);
  ok(await node.post('/v1/users', profile('zoe')));
  const next = await copied(broker.url, target);
  assert.deepEqual([next.present, next.copied, next.sourceHasGrown], [50, 1, false]);
});

test('what cannot be copied is refused before anything is written', { skip }, async (t) => {
  const node = await startNode(t);
  await fill(node, 3);
  const broker = await startBroker(t);
  const refused = async (from, to, message, status = 2) => {
    const { code, stderr } = await copy(from, to);
    assert.equal(code, status, stderr);
    assert.match(stderr, message);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  };
  const fresh = () => temporaryDirectory(t);
  await refused(node.data, fresh(), new RegExp(`--from: data directory .* is in use by process ${node.pid}; stop it`));
  await node.stop();
  const used = await startNode(t, { flags: broker.flags });
  await refused(node.data, broker.url, /--to: nodes of cluster 'troupe' are running on this broker; stop them/);
  ok(await used.post('/v1/users', profile('somebody-else')));
  await used.stop();
  await refused(node.data, broker.url, /the target has version 1 of identity\.\S+ at position 1 where the source has .*it holds other data/);

  const ahead = fresh();
  await copied(node.data, ahead);
  const other = await startNode(t, { data: ahead });
  await refused(node.data, ahead, /--to: data directory .* is in use by process/);
  ok(await other.post('/v1/users', profile('one-more')));
  await other.stop();
  await refused(node.data, ahead, /the target holds more of category 'identity' than the source, from version 1 of identity\.\S+ at position 4 on/);

  const missing = join(fresh(), 'missing');
  await refused(missing, fresh(), /--from: there is no log\.db in .*missing; name a node's data directory/);
  assert.ok(!existsSync(missing));
  await refused(`${broker.url}?cluster=nobody`, fresh(), /--from: there is no log of cluster 'nobody' on this broker/);
  await refused(node.data, node.data, /--to: is the same place as --from/);
  await refused(node.data, 'kafka://127.0.0.1', /--to: no log can be opened at kafka:\/\/; give a directory, nats:\/\//);
  await refused(node.data, `${broker.url}?replicas=2`, /--to: replicas must be 1, 3 or 5; give a broker like/);
  await refused(node.data, `${broker.url}?colour=blue`, /--to: the URL has an unknown parameter 'colour'/);
  await refused('nats://zoe:secret@127.0.0.1:1', fresh(), /no server can be reached at 127\.0\.0\.1:1:/);
  const usage = await run(['copy', '--from', node.data]);
  assert.equal(usage.code, 2);
  assert.match(usage.stderr, /--to is required; see 'troupe copy --help'/);

  const withViews = fresh();
  mkdirSync(join(withViews, 'views'));
  writeFileSync(join(withViews, 'views/identity.db'), '');
  await refused(node.data, withViews, /has 'views' of another log; choose an empty directory, or move/);

  const failed = JSON.parse((await copy(node.data, ahead, '--json')).stdout);
  assert.equal(failed.status, 'failed');
  assert.match(failed.error, /holds more of category/);
});

test('people get a table and what to do next', { skip }, async (t) => {
  const node = await startNode(t);
  await fill(node, 3);
  await node.stop();
  const { code, stdout, stderr } = await copy(node.data, temporaryDirectory(t));
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^category +commits +events +entities +copied +content\nidentity +3 +3 +3 +3 +sha256:[0-9a-f]{64}\n/);
  assert.match(stdout, /The target equals the source: every commit, in the same order\.\nNot copied: views, snapshots/);
  assert.ok(stdout.split('\n').every((line) => line.length <= 160));
});

// `troupe doctor` over planted faults: each is found, said in words with what to do, and nothing is changed by looking.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { inMemory, ok, run, startNode, temporaryDirectory, tutorial, profile } from './support/node.mjs';
import { startBroker } from './support/nats.mjs';

/** What the doctor finds: { code, fails: […], of: about → ["level: finding", …] }. */
async function doctor(flags, environment = {}) {
  const { code, stdout, stderr } = await run(['doctor', '--json', ...flags], environment);
  const { findings, healthy } = JSON.parse(stdout || assert.fail(stderr));
  assert.equal(code, healthy ? 0 : 1);
  for (const one of findings) assert.equal(one.level === 'ok', one.mend === null, JSON.stringify(one));
  const fails = findings.filter((one) => one.level === 'fail').map((one) => `${one.about}: ${one.finding}`);
  return { code, fails, of: (about) => findings.filter((one) => one.about === about).map((one) => `${one.level}: ${one.finding}`) };
}

const free = ['--http', '127.0.0.1:0', '--admin', '127.0.0.1:0'];

test('on a healthy machine nothing fails, and looking leaves no trace', async (t) => {
  const data = join(temporaryDirectory(t), 'data');
  const found = await doctor([...free, '--data', data]);
  assert.deepEqual([found.code, found.fails], [0, []]);
  assert.equal(existsSync(data), false);
  const { stdout } = await run(['doctor', ...free, '--data', data]);
  assert.match(stdout, /^ok +configuration +every setting can be used$/m);
  assert.match(stdout, /, 0 to mend\n$/);
});

test('a busy port, an unusable directory and wrong settings are all said at once', async (t) => {
  const busy = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => busy.once('listening', resolve));
  t.after(() => busy.close());
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'file'), '');
  const address = `127.0.0.1:${busy.address().port}`;
  const found = await doctor(['--http', address, '--admin', '127.0.0.1:0', '--data', join(directory, 'file', 'data'), '--max-body', '1'],
    { TROUPE_LOG_LEVEL: 'loud' });
  assert.equal(found.code, 1);
  assert.match(found.of('port of --http')[0], new RegExp(`^fail: ${address} cannot be had: `));
  assert.match(found.of('data directory')[0], /^fail: /);
  assert.deepEqual(found.of('configuration').map((one) => one.match(/^fail: (--[a-z-]+)/)?.[1]).sort(), ['--log-level', '--max-body']);
});

test('a running node, its own ports, its directory and its parked event are seen', { skip: inMemory }, async (t) => {
  const node = await startNode(t, { program: tutorial });
  for (const grams of [1_000_000_000, 1_000_000_000, 1_000_000_000]) ok(await node.post('/v1/parcels/PostParcel', { depot: 'oslo', grams }));
  await node.caughtUp('depots');
  ok(await node.post('/admin/projections/depots/pause'));
  const flags = ['--http', node.http.slice(7), '--admin', node.admin.slice(7), '--data', node.data];
  const found = await doctor(flags);
  assert.deepEqual([found.code, found.fails], [0, []]);
  assert.match(found.of('port of --http')[0], /^ok: .* is the node's own/);
  assert.match(found.of('data directory in use')[0], new RegExp(`^warn: process ${node.pid} uses it`));
  assert.match(found.of('readiness')[0], /^ok: /);
  assert.match(found.of('projection depots')[0], /^warn: is paused/);
  assert.match(found.of('dead letters')[0], /^warn: 1 wait, first depots\.\d+: .*32 bits/);
});

test('a database whose migration failed half-way is found, and how to go on', { skip: inMemory }, async (t) => {
  const node = await startNode(t);
  ok(await node.post('/v1/users', profile('zoe')));
  assert.equal((await node.stop()).code, 0);
  const flags = [...free, '--data', node.data];
  assert.match((await doctor(flags)).of('views of identity')[0], /^ok: is at the last version/);
  const file = join(node.data, 'views', 'identity.db');
  const sql = (text) => assert.equal(spawnSync('sqlite3', [file, text]).status, 0);
  sql('UPDATE schema_migrations SET dirty = 1');
  const found = await doctor(flags);
  assert.equal(found.code, 1);
  assert.match(found.of('views of identity')[0], /^fail: the migration to version \d+ failed half-way/);
  sql('UPDATE schema_migrations SET dirty = 0, version = 999');
  assert.match((await doctor(flags)).of('views of identity')[0], /^fail: is at version 999/);
});

test('a data directory that holds something else is found', async (t) => {
  const data = temporaryDirectory(t);
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, 'log.db'), 'this is no database, but long enough to have a header of one hundred bytes ........................');
  const found = await doctor([...free, '--data', data]);
  assert.match(found.of('log file')[0], /^fail: log\.db is not a Troupe event log/);
});

test('a broker is looked at from outside: away, without JetStream, and as it should be', async (t) => {
  const flags = (url) => [...free, '--data', temporaryDirectory(t), '--log', 'nats', '--nats', url, '--views', 'memory'];
  const away = await doctor(flags('nats://127.0.0.1:1'));
  assert.equal(away.code, 1);
  assert.match(away.of('broker')[0], /^fail: .*no server can be reached/);
  const broker = await startBroker(t);
  const found = await doctor(flags(broker.url));
  assert.deepEqual([found.code, found.fails], [0, []]);
  assert.match(found.of('broker')[0], /^ok: nats-server \d+\.\d+\.\d+ answers/);
  assert.deepEqual(found.of('JetStream'), ['ok: is on']);
  assert.deepEqual(found.of('stream of identity'), ['ok: is not there yet; a node makes it']);
});

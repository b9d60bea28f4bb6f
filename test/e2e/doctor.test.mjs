// `troupe doctor` over planted faults: each is found, said in words with what to do, and nothing is changed by looking.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { inMemory, insist, ok, run, startNode, temporaryDirectory, tutorial, profile, until } from './support/node.mjs';
import { connectTo, startBroker } from './support/nats.mjs';
import { startPostgres } from './support/postgres.mjs';

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

test('a broker that speaks TLS is no riddle without its authority, and answers with it', async (t) => {
  const directory = temporaryDirectory(t);
  const [key, certificate] = ['key', 'certificate'].map((name) => join(directory, `${name}.pem`));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1',
    '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate], { stdio: 'pipe' });
  const broker = await startBroker(t, { lines: [`tls { cert_file: "${certificate}", key_file: "${key}" }`] });
  const flags = [...free, '--data', join(directory, 'data'), ...broker.flags, '--views', 'memory'];
  const found = await doctor(flags);
  assert.equal(found.code, 1);
  assert.match(found.of('broker')[0], /^fail: .* speaks TLS, and nothing vouches for it; .*--nats-ca/);
  assert.deepEqual(found.of('JetStream'), [], 'what lies behind is not guessed at');
  const trusting = await doctor([...flags, '--nats-ca', certificate]);
  assert.deepEqual([trusting.code, trusting.fails], [0, []]);
  assert.match(trusting.of('broker')[0], /^ok: nats-server /);
});

test('a stream that would lose events is found by each setting, and left as it is', async (t) => {
  const broker = await startBroker(t);
  const { manager } = await connectTo(t, broker);
  const flags = [...free, '--data', join(temporaryDirectory(t), 'data'), ...broker.flags, '--views', 'memory'];
  const right = { name: 'troupe_identity', subjects: ['identity.*', 'identity.command.*'], storage: 'file', discard: 'new', deny_delete: true, deny_purge: true, allow_direct: true };
  const wrong = [
    [{ storage: 'memory' }, /is kept in memory, which no edit changes; move it away/],
    [{ retention: 'workqueue' }, /forgets messages that were read; .*'limits'/],
    [{ max_age: 3_600e9 }, /forgets old messages; .*no limit/],
    [{ max_msgs: 1000 }, /forgets old messages; .*no limit/],
    [{ max_bytes: 1e6, discard: 'old' }, /forgets old messages when it is full; .*'new'/],
    [{ deny_delete: false }, /lets messages be deleted; set deny_delete/],
    [{ deny_purge: false }, /lets messages be purged; set deny_purge/],
    [{ allow_direct: false }, /allows no direct get; set allow_direct/],
    [{ subjects: ['identity.*'] }, /has other subjects; they must be 'identity\.\*' and 'identity\.command\.\*'/],
  ];
  // The broker removes a deleted stream's files behind its answer, and may still find them in the way.
  const add = (settings) => insist('a stream to be made', () => manager.streams.add(settings));
  for (const [changes, finding] of wrong) {
    const { config } = await add({ ...right, ...changes });
    const found = await doctor(flags);
    assert.deepEqual([found.code, found.fails.length], [1, 1], JSON.stringify(changes));
    assert.match(found.of('stream of identity')[0], /^fail: the stream 'troupe_identity' /);
    assert.match(found.of('stream of identity')[0], finding);
    assert.deepEqual((await manager.streams.info('troupe_identity')).config, config);
    await manager.streams.delete('troupe_identity');
  }
  await add(right);
  assert.deepEqual((await doctor(flags)).of('stream of identity'), ['ok: is set up as it must be, with 1 replica']);
  const fewer = await doctor([...flags, '--replicas', '3']);
  assert.equal(fewer.code, 0);
  assert.match(fewer.of('stream of identity')[0], /^warn: has 1 replica where --replicas wants 3/);
});

test('PostgreSQL is looked at from outside: not migrated, without the database, with a wrong password, and away', async (t) => {
  const server = await startPostgres(t);
  const url = await server.createDatabase('views');
  const data = join(temporaryDirectory(t), 'data');
  const look = (place, ...flags) => doctor([...free, '--data', data, '--views', 'postgres', ...flags], { TROUPE_POSTGRES: place });
  const both = (found, finding) => {
    for (const about of ['views of identity', 'private tables of identity']) assert.match(found.of(about)[0] ?? `nothing about ${about}`, finding);
    assert.equal(found.code, found.fails.length > 0 ? 1 : 0);
  };
  both(await look(url), /^fail: is at version 0, this program's last is \d+$/);
  both(await look(url, '--migrate', 'auto'), /^ok: is at version 0, .*; a node migrates it at start$/);
  assert.equal(await server.psql(url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), '0', 'looking migrates nothing');
  both(await look(url.replace('/views', '/nothing')), /^fail: .*database "nothing" does not exist/);

  await server.psql(url, "CREATE ROLE guest LOGIN PASSWORD 'Hush-4711'");
  writeFileSync(join(server.directory, 'data/pg_hba.conf'), 'host all troupe 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n');
  await server.psql(url, 'SELECT pg_reload_conf()');
  const guest = (password) => url.replace('troupe@', `guest:${password}@`);
  await until('passwords to be asked for', () => server.psql(guest('wrong'), 'SELECT 1').then(() => false, () => true));
  const wrong = await look(guest('wrong'));
  both(wrong, /^fail: .*password authentication failed for user "guest"/);
  assert.doesNotMatch(JSON.stringify(wrong.fails), /guest:wrong/);
  both(await look(guest('Hush-4711')), /^fail: is at version 0/);

  await server.crash();
  both(await look(url), /^fail: .*127\.0\.0\.1.*refused/);
});

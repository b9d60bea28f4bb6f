// Views in PostgreSQL, as the README and docs/operations.md say: migrate, run, look with psql.
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inFlight, inMemory, ok, profile, repository, run, startNode, temporaryDirectory, until } from './support/node.mjs';
import { startPostgres } from './support/postgres.mjs';

const aggregator = join(repository, 'actors/identity/aggregator/migrations');
const microservice = join(repository, 'actors/identity/microservice/migrations');

const migrate = (path, database, ...rest) => run(['migrate', '-path', path, '-database', database, ...rest]);

/** Two databases with the features' migrations, and the environment that names them. */
async function migratedDatabases(server) {
  const environment = { VIEW_DB_IDENTITY: await server.createDatabase('views'), MIC_DB_IDENTITY: await server.createDatabase('mic') };
  for (const [path, url] of [[aggregator, environment.VIEW_DB_IDENTITY], [microservice, environment.MIC_DB_IDENTITY]]) {
    const { code, stderr } = await migrate(path, url, 'up');
    assert.equal(code, 0, stderr);
  }
  return environment;
}

test('a migrated database shows a newcomer’s user in psql with real types', { skip: inMemory }, async (t) => {
  const server = await startPostgres(t);
  const environment = await migratedDatabases(server);
  const views = environment.VIEW_DB_IDENTITY;
  const node = await startNode(t, { flags: ['--views', 'postgres'], environment });
  const { id } = ok(await node.post('/v1/users', profile('Zoë')));
  await node.caughtUp('users');
  const row = ok(await node.get(`/v1/views/users/${id}`));
  assert.equal(row.firstName, 'Zoë');
  assert.equal(await server.psql(views, `SELECT "firstName", "emailVerified" IS TRUE, pg_typeof(id), pg_typeof(created),
    to_char(created AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') FROM users WHERE id = '${id}'`),
  `Zoë|t|uuid|timestamp with time zone|${row.created}`);
  const page = ok(await node.get('/v1/views/users?emailVerified=true&order=-firstName&limit=1'));
  assert.deepEqual(page.items, [row]);
  assert.equal((await node.get('/v1/views/users/nobody')).status, 404);
  assert.equal((await node.stop()).code, 0);

  // The view is made again from the log, and is the same.
  const again = await startNode(t, { data: node.data, flags: ['--views', 'postgres'], environment });
  await again.caughtUp('users');
  assert.equal((await again.request('POST', '/admin/projections/users/rebuild')).status < 300, true);
  await until('the view to be made again', async () => (await again.get(`/v1/views/users/${id}`)).status === 200);
  assert.deepEqual(ok(await again.get(`/v1/views/users/${id}`)), row);
});

test('one database for everything is brought up to date at start when asked to', { skip: inMemory }, async (t) => {
  const server = await startPostgres(t);
  const url = await server.createDatabase('all_in_one');
  const secret = url.replace('troupe@', 'troupe:hidden@');
  const behind = await run(['run', '--http', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--data', temporaryDirectory(t),
    '--views', 'postgres', '--postgres', secret]);
  assert.equal(behind.code, 2, 'the default is to check');
  assert.match(behind.stderr, /has to be at 1; run 'troupe migrate -path actors\/identity\/aggregator\/migrations -database URL up'/);
  assert.doesNotMatch(behind.stderr, /hidden/);
  const node = await startNode(t, { flags: ['--views', 'postgres', '--postgres', secret, '--migrate', 'auto'] });
  const { id } = ok(await node.post('/v1/users', profile('zoe')));
  await node.caughtUp('users');
  assert.equal(await server.psql(url, 'SELECT id FROM users'), id);
  const config = await node.get('/admin/config');
  assert.match(ok(config).postgres, /^postgres:\/\/troupe:\*\*\*@/);
  assert.doesNotMatch(config.text + node.stdout + node.stderr, /hidden/);
});

test('ten kills of PostgreSQL under load lose no event and apply none twice', { skip: inMemory }, async (t) => {
  const server = await startPostgres(t);
  const environment = await migratedDatabases(server);
  // Writing a row twice leaves no trace in it, so the database keeps count, in the same transactions.
  await server.psql(environment.VIEW_DB_IDENTITY, `CREATE TABLE written (id uuid);
    CREATE FUNCTION count_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO written VALUES (NEW.id); RETURN NEW; END $$;
    CREATE TRIGGER counted AFTER INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION count_it()`);
  const node = await startNode(t, { flags: ['--views', 'postgres', '--batch', '5'], environment });
  const people = 300;
  let sent = 0;
  const load = inFlight(people, 4, async (i) => {
    const { id } = ok(await node.post('/v1/users', profile(`person${i}`)));
    sent = Math.max(sent, i);
    return id;
  });
  for (let kill = 1; kill <= 10; ++kill) {
    await until('more load', () => sent >= Math.min(people - 1, kill * 25));
    await server.crash();
    await server.start();
  }
  const ids = await load;
  await node.caughtUp('users');
  const events = await node.allEvents('identity');
  const rows = await node.allRows('users');
  const added = events.filter((one) => one.type === 'UserAdded');
  assert.equal(rows.length, people);
  assert.deepEqual(rows.map((one) => one.id).sort(), [...ids].sort());
  assert.deepEqual(rows.map((one) => one.email).sort(), added.map((one) => one.data.email).sort());
  assert.equal(await server.psql(environment.VIEW_DB_IDENTITY, 'SELECT count(*), count(DISTINCT id) FROM written'), `${people}|${people}`);
});

test('troupe migrate goes up and down and counts like the golang-migrate CLI', async (t) => {
  const server = await startPostgres(t);
  const directory = temporaryDirectory(t);
  const path = join(directory, 'steps');
  for (const name of ['create_a', 'create_b']) {
    const created = await run(['migrate', 'create', '-ext', 'sql', '-dir', path, '-seq', name]);
    assert.equal(created.code, 0, created.stderr);
    assert.match(created.stderr, new RegExp(`\\d{6}_${name}\\.up\\.sql\\n.*\\d{6}_${name}\\.down\\.sql\\n`));
  }
  assert.deepEqual(readdirSync(path).sort(), ['000001_create_a.down.sql', '000001_create_a.up.sql',
    '000002_create_b.down.sql', '000002_create_b.up.sql']);
  const write = (name, sql) => writeFileSync(join(path, name), sql);
  write('000001_create_a.up.sql', 'CREATE TABLE a (x integer);');
  write('000001_create_a.down.sql', 'DROP TABLE a;');
  write('000002_create_b.up.sql', 'CREATE TABLE b (x integer); SELECT nonsense;');
  write('000002_create_b.down.sql', 'DROP TABLE b;');

  const postgres = await server.createDatabase('steps');
  const file = join(directory, 'steps.db');
  for (const url of [postgres, `sqlite://${file}`]) {
    const told = async (code, pattern, ...rest) => {
      const answer = await migrate(path, url, ...rest);
      assert.match(answer.stderr, pattern, `${url} ${rest}`);
      assert.equal(answer.code, code, `${url} ${rest}: ${answer.stderr}`);
    };
    await told(1, /^error: no migration\n$/, 'version');
    await told(0, /^1\/u create_a \([\d.]+m?s\)\n$/, 'up', '1');
    await told(0, /^1\n$/, 'version');
    await told(1, /^error: migration 2 'create_b' failed: .*nonsense/, 'up');
    await told(0, /^2 \(dirty\)\n$/, 'version');
    await told(1, /^error: Dirty database version 2\. Fix and force version.*force V/, 'up');
    await told(0, /^$/, 'force', '1');
    write('000002_create_b.up.sql', 'CREATE TABLE b (x integer);');
    await told(0, /Finished 2\/u create_b \(ran [\d.]+m?s\)\n.*Finished after/, '-verbose', 'up');
    await told(0, /^no change\n$/, 'up');
    await told(1, /^error: file does not exist/, 'up', '1');
    await told(0, /^2\/d create_b/, 'down', '1');
    await told(0, /^2\/u create_b/, 'goto', '2');
    await told(1, /^error: no migration found for version 7/, 'goto', '7');
    await told(1, /Not applying all down migrations/, 'down');
    await told(0, /^2\/d create_b .*\n1\/d create_a/, 'down', '-all');
    await told(1, /^error: no migration\n$/, 'version');
    await told(2, /flag provided but not defined: -pat/, '-pat', 'x');
    write('000002_create_b.up.sql', 'CREATE TABLE b (x integer); SELECT nonsense;');
  }
  const double = await run(['migrate', '--path', path, '--database', postgres, '--verbose', 'up', '1']);
  assert.equal(double.code, 0, double.stderr);
  assert.equal(await server.psql(postgres, 'SELECT version, dirty FROM schema_migrations'), '1|f');
  for (const args of [['-database', postgres, 'up'], ['-path', path, 'up'], ['-path', path, '-database', 'mysql://u:hidden@h/d', 'up'],
    ['-path', join(directory, 'none'), '-database', postgres, 'up']]) {
    const answer = await run(['migrate', ...args]);
    assert.equal(answer.code, 1, answer.stderr);
    assert.match(answer.stderr, /^error: /);
    assert.doesNotMatch(answer.stderr, /hidden/);
  }
  assert.equal((await run(['migrate'])).code, 2);
});

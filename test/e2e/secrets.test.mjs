// Secrets come in by environment and by files, and are shown nowhere: not by a node at work, not in trouble, not in an error line.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { startBroker } from './support/nats.mjs';
import { inFlight, ok, profile, repository, run, startNode, temporaryDirectory, until } from './support/node.mjs';
import { startPostgres } from './support/postgres.mjs';

const secret = 'Hush-4711';
/** What a leak may look like: as it is, in percents, in base64. */
const leak = new RegExp([secret, 'Hush%2D4711', Buffer.from(secret).toString('base64').replace(/=+$/, '')].join('|'), 'i');
const withPassword = (url) => url.replace(/\/\/(\w+@)?/, `//troupe:${secret}@`);

/** Everything that a node says of itself over HTTP: [address, text]. */
async function everythingShown(node) {
  const shown = [];
  const look = async (path) => shown.push([path, (await node.get(path)).text]);
  for (const path of ['/', '/livez?verbose', '/readyz?verbose', '/startupz?verbose', '/metrics', '/admin/config', '/admin/info', '/admin/cluster',
    '/admin/projections', '/admin/dead-letters', '/admin/log/identity', '/v1/openapi.json', '/v1/asyncapi.json', '/v1/views/users']) await look(path);
  const { items } = ok(await node.get('/admin/actors?limit=1000'));
  assert.ok(items.length > 8);
  shown.push(['/admin/actors', JSON.stringify(items)]);
  for (const { path } of items) await look(`/admin/actors${path}`);
  return shown;
}

test('no secret of a node is in anything that it shows', async (t) => {
  const broker = await startBroker(t, { lines: [`authorization { user: "troupe", password: "${secret}" }`] });
  const postgres = await startPostgres(t);
  const [views, own] = [await postgres.createDatabase('views'), await postgres.createDatabase('own')].map(withPassword);
  const node = await startNode(t, {
    flags: ['--log', 'nats', '--views', 'postgres', '--migrate', 'auto', '--log-level', 'trace'],
    environment: { TROUPE_NATS: withPassword(broker.url), TROUPE_POSTGRES: views, VIEW_DB_IDENTITY: views, MIC_DB_IDENTITY: own },
  });
  const said = () => [['standard output', node.stdout], ['standard error', node.stderr]];
  const check = (shown) => { for (const [where, text] of shown) assert.doesNotMatch(text, leak, where); };
  ok(await node.post('/v1/users', profile('zoe')));
  await node.caughtUp('users');
  check([...await everythingShown(node), ...said()]);

  // In trouble it says more: why it is not ready, what its actors failed on.
  await postgres.crash();
  ok(await node.post('/v1/users', profile('wash')));
  await until('the projector to fail', async () => (await node.projection('users')).lastError);
  await broker.kill();
  await until('the node to notice', async () => (await node.get('/readyz')).status === 503);
  const refused = await node.post('/v1/users', profile('kaylee'));
  assert.equal(refused.status, 503);
  check([['a refused command', refused.text], ...await everythingShown(node), ...said()]);
});

test('an error line never repeats a secret', async (t) => {
  const folder = temporaryDirectory(t);
  const file = (name, text) => (writeFileSync(join(folder, name), text), join(folder, name));
  const node = (flags, environment = {}) => [['run', '--http', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--data', join(folder, 'data'), ...flags], environment];
  const postgres = `postgres://troupe:${secret}@127.0.0.1:1/db`;
  const nats = `nats://troupe:${secret}@127.0.0.1:1`;
  const mistakes = [
    // URLs that are wrong in each of their parts, or lead nowhere.
    ...[postgres, postgres.replace(':1/', ':one/'), postgres.replace('postgres:', 'postgress:'), postgres.replace('/db', ''), `${postgres}?nonsense=1`,
      `postgres://troupe:${secret}%zz@127.0.0.1/db`, `troupe:${secret}@127.0.0.1/db`, `host=127.0.0.1 port=1 password=${secret}`].flatMap((url) => [
      node(['--views', 'postgres', '--postgres', url]),
      node(['--views', 'postgres'], { TROUPE_POSTGRES: url }),
      node(['--views', 'postgres', '--postgres', 'postgres://127.0.0.1:1/db'], { VIEW_DB_IDENTITY: url, MIC_DB_IDENTITY: url }),
      [['migrate', '-path', join(repository, 'actors/identity/aggregator/migrations'), '-database', url, '-verbose', 'up'], {}],
    ]),
    ...[nats, nats.replace(':1', ':one'), nats.replace('nats:', 'natz:'), `${nats},${nats}`, `nats://${secret}@127.0.0.1:1`, `nats://troupe:${secret}@`].flatMap((url) => [
      node(['--log', 'nats', '--nats', url]),
      node(['--log', 'nats'], { TROUPE_NATS: url }),
      [['copy', '--from', url, '--to', join(folder, 'copy')], {}],
      [['copy', '--from', join(folder, 'none'), '--to', url], {}],
      [['check', url], {}],
    ]),
    // Flags that are misspelt, given twice, or without their name.
    node(['--postgress', postgres]), node([`--postgress=${postgres}`]), node([postgres]), node(['--postgres', postgres, '--postgres', postgres]),
    node(['--drain', postgres]), node(['--log-level', postgres]), [[postgres], {}], [['copy', nats], {}], [['migrate', '-databse', postgres, 'up'], {}],
    node([], { TROUPE_DRAIN: postgres }),
    // Files.
    node(['--config', file('misspelt.toml', `postgress = "${postgres}"\n`)]),
    node(['--config', file('broken.toml', `postgres = "${postgres}\n[[[\n`)]),
    node(['--config', file('bare.toml', `${postgres}\n`)]),
    node(['--log', 'nats', '--nats-creds', file('broken.creds', `${secret}\n`)]),
    node(['--log', 'nats', '--nats-ca', file('broken.pem', `-----BEGIN CERTIFICATE-----\n${secret}\n-----END CERTIFICATE-----\n`)]),
  ];
  const leaks = (await inFlight(mistakes.length, 4, async (i) => {
    const [args, environment] = mistakes[i];
    const { code, stdout, stderr } = await run(args, environment);
    assert.notEqual(code, 0, `${args.join(' ')} ${JSON.stringify(environment)}`);
    assert.match(stderr, /\S/);
    return leak.test(stdout + stderr) ? [`troupe ${args.join(' ')} ${JSON.stringify(environment)}: ${stderr}`] : [];
  })).flat();
  assert.deepEqual(leaks, []);
});

test('help shows what a flag is by default, never what the environment has', async () => {
  const environment = { TROUPE_POSTGRES: `postgres://troupe:${secret}@127.0.0.1/db`, TROUPE_NATS: `nats://troupe:${secret}@127.0.0.1:4222` };
  for (const args of [['--help'], ['run', '--help'], ['copy', '--help'], ['check', '--help'], ['migrate', '-help'], ['version']]) {
    const { code, stdout, stderr } = await run(args, environment);
    assert.equal(code, 0, args.join(' '));
    assert.doesNotMatch(stdout + stderr, leak, args.join(' '));
  }
});

// Secrets come in by environment and by files, and are shown nowhere: not by a node at work, not in trouble, not in an error line.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { claimsNamespace, makeKey, sealed, startIssuer } from './support/issuer.mjs';
import { startBroker } from './support/nats.mjs';
import { inFlight, ok, profile, repository, run, startNode, temporaryDirectory, until } from './support/node.mjs';
import { startPostgres } from './support/postgres.mjs';

const secret = 'Hush-4711';
/** What a leak may look like: as it is, in percents, in base64. */
const leak = new RegExp([secret, 'Hush%2D4711', Buffer.from(secret).toString('base64').replace(/=+$/, '')].join('|'), 'i');
const withPassword = (url) => url.replace(/\/\/(\w+@)?/, `//troupe:${secret}@`);

/** A token of a caller: what of it nobody else may know, and that as a header. */
const shown = (token, scheme = 'Bearer') => ({ token, parts: token.includes('.') ? token.split('.').slice(1) : [token], headers: { Authorization: `${scheme} ${token}` } });

/** Everything that a node says of itself over HTTP: [address, text]. */
async function everythingShown(node, headers) {
  const shown = [];
  const look = async (path) => shown.push([path, (await node.get(path, path.startsWith('/v1/') ? headers : {})).text]);
  for (const path of ['/', '/livez?verbose', '/readyz?verbose', '/startupz?verbose', '/metrics', '/admin/config', '/admin/info', '/admin/cluster',
    '/admin/projections', '/admin/dead-letters', '/admin/log/identity', '/v1/openapi.json', '/v1/asyncapi.json', '/v1/views/users']) await look(path);
  const { items } = ok(await node.get('/admin/actors?limit=1000'));
  assert.ok(items.length > 8);
  shown.push(['/admin/actors', JSON.stringify(items)]);
  for (const { path } of items) await look(`/admin/actors${path}`);
  return shown;
}

/** A node at work and in trouble, its log in this format. */
const showsNoSecret = (format) => async (t) => {
  const broker = await startBroker(t, { lines: [`authorization { user: "troupe", password: "${secret}" }`] });
  const postgres = await startPostgres(t);
  const [views, own] = [await postgres.createDatabase('views'), await postgres.createDatabase('own')].map(withPassword);
  const issuer = await startIssuer(t);
  const adminTokens = join(temporaryDirectory(t), 'tokens');
  writeFileSync(adminTokens, `anna:${secret}-on-call\n`);
  const flags = ['--log', 'nats', '--views', 'postgres', '--migrate', 'auto', '--log-level', 'trace', '--log-format', format, '--admin-token', adminTokens, ...issuer.flags];
  const environment = { TROUPE_NATS: withPassword(broker.url), TROUPE_POSTGRES: views, VIEW_DB_IDENTITY: views, MIC_DB_IDENTITY: own };
  const node = await startNode(t, { flags, environment });

  const zoe = shown(issuer.token('auth0|zoe'));
  const root = shown(issuer.token('auth0|root', { [`${claimsNamespace}roles`]: ['admin'] }));
  const onCall = shown(`${secret}-on-call`);
  const strangers = [
    shown(issuer.token('auth0|zoe', { exp: 1 })), shown(issuer.token('auth0|zoe', { aud: ['another'] })), shown(issuer.token('auth0|zoe', { iss: 'https://another.example/' })),
    shown(issuer.token('auth0|zoe', {}, makeKey('another'))), shown(sealed(makeKey('first'), issuer.header(), issuer.claims('auth0|zoe'))),
    shown(`${zoe.token}x`), shown(`${zoe.token}.more-of-it`), shown(`${secret}-of-nobody`), shown(Buffer.from(`troupe:${secret}`).toString('base64'), 'Basic'),
  ];
  const secrets = [zoe, root, onCall, ...strangers].flatMap(({ parts }) => parts);
  const check = (all) => {
    for (const [where, text] of [...all, ['standard output', node.stdout], ['standard error', node.stderr]]) {
      assert.doesNotMatch(text, leak, where);
      for (const one of secrets) assert.ok(!text.includes(one), `${where} has ${one}`);
    }
  };
  /** What the doctor says of it: [how it was asked, text], after a look at whether it finds what there is. */
  const doctor = async (code, finding) => {
    const said = [];
    for (const how of [[], ['--json']]) {
      const asked = ['doctor', ...how, '--http', node.http.slice(7), '--admin', node.admin.slice(7), '--data', node.data, ...flags];
      const ended = await run(asked, environment);
      assert.equal(ended.code, code, ended.stdout + ended.stderr);
      assert.match(ended.stdout, finding);
      said.push([asked.join(' '), ended.stdout + ended.stderr]);
    }
    return said;
  };

  ok(await node.post('/v1/users', profile('zoe'), zoe.headers));
  await node.caughtUp('users');
  for (const change of ['pause', 'resume']) ok(await node.post(`/admin/projections/users/${change}`, undefined, onCall.headers));
  const refusals = [];
  const refused = async (status, method, path, { token, headers }) => {
    const answer = await node.request(method, path, { headers });
    assert.equal(answer.status, status, `${method} ${path} with ${token}: ${answer.text}`);
    refusals.push([`${method} ${path} with ${token}`, answer.text + JSON.stringify(answer.headers)]);
  };
  for (const one of [...strangers, onCall]) await refused(401, 'GET', '/v1/users/me', one);
  for (const one of [...strangers, zoe, root]) await refused(401, 'POST', '/admin/projections/users/pause', one);
  await refused(403, 'GET', '/v1/events/identity', zoe);
  await refused(404, 'GET', '/v1/nothing/of/the/kind', root);
  await refused(404, 'POST', '/admin/projections/nothing/pause', onCall);
  check([...refusals, ...await everythingShown(node, root.headers), ...await doctor(0, /nats-server [\d.]+ answers/)]);

  // In trouble it says more: why it is not ready, what its actors failed on.
  await postgres.crash();
  ok(await node.post('/v1/users', profile('wash'), shown(issuer.token('auth0|wash')).headers));
  await until('the projector to fail', async () => (await node.projection('users')).lastError);
  await broker.kill();
  await until('the node to notice', async () => (await node.get('/readyz')).status === 503);
  const unanswered = await node.post('/v1/users', profile('zoe', { firstName: 'Zoë' }), zoe.headers);
  assert.equal(unanswered.status, 503);
  check([['a refused command', unanswered.text], ...await everythingShown(node, root.headers), ...await doctor(1, /no server can be reached/)]);
};

test('no secret of a node or of its callers is in anything that it shows', showsNoSecret('text'));
test('none is in a log of JSON documents either', showsNoSecret('json'));

test('an error line never repeats a secret, nor does the doctor', async (t) => {
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
    ...[`${secret}\n`, `anna:${secret}\n`, `:${secret}-on-call\n`, `anna:${secret}-on-call\nanna ${secret}\n`].map((text, i) => node(['--admin-token', file(`tokens-${i}`, text)])),
    // A secret where the name of its file belongs.
    ...[['--admin-token'], ['--nats-creds'], ['--admin-tokn'], ['--admin-tokn='], ['--log', 'nats', '--nats-creds']].map((flags) => (
      node(flags.at(-1).endsWith('=') ? [flags[0] + secret] : [...flags, `${secret}-on-call`]))),
    node([], { TROUPE_ADMIN_TOKEN: `${secret}-on-call` }),
    ...[['inspect', 'cluster'], ['top', '--once'], ['projection', 'pause', 'users']].flatMap((command) => [
      [[...command, '--admin-token', `${secret}-on-call`], {}], [[...command, '--admin', `http://troupe:${secret}@127.0.0.1:1`], {}]]),
    [['inspect', 'cluster', '--admin', 'http://127.0.0.1:1', '--admin-token', file('tokens', `anna:${secret}-on-call\n`)], {}],
    // A collector's URL has no place for a password.
    ...[`http://127.0.0.1:1/?key=${secret}`, `${secret}`].map((url) => node(['--otlp', url])),
    node(['--otlp', `http://troupe:${secret}@127.0.0.1:1`]), node([], { TROUPE_OTLP: `http://troupe:${secret}@127.0.0.1:1` }),
  ];
  for (const [[command, ...flags], environment] of [...mistakes]) {
    if (command === 'run') mistakes.push([['doctor', ...flags], environment], [['doctor', '--json', ...flags], environment]);
  }
  const leaks = (await inFlight(mistakes.length, 4, async (i) => {
    const [args, environment] = mistakes[i];
    const { code, stdout, stderr } = await run(args, environment);
    if (args[0] !== 'doctor') assert.notEqual(code, 0, `${args.join(' ')} ${JSON.stringify(environment)}`);
    assert.match(args[0] === 'doctor' ? stdout : stderr, /\S/);
    return leak.test(stdout + stderr) ? [`troupe ${args.join(' ')} ${JSON.stringify(environment)}: ${stdout}${stderr}`] : [];
  })).flat();
  assert.deepEqual(leaks, []);
});

test('help shows what a flag is by default, never what the environment has', async () => {
  const environment = { TROUPE_POSTGRES: `postgres://troupe:${secret}@127.0.0.1/db`, TROUPE_NATS: `nats://troupe:${secret}@127.0.0.1:4222` };
  for (const args of [['--help'], ['run', '--help'], ['doctor', '--help'], ['copy', '--help'], ['check', '--help'], ['migrate', '-help'], ['version']]) {
    const { code, stdout, stderr } = await run(args, environment);
    assert.equal(code, 0, args.join(' '));
    assert.doesNotMatch(stdout + stderr, leak, args.join(' '));
  }
});

// Who may come in with --auth jwt, and what they may do: seen from outside, with tokens of an issuer on this machine.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import test from 'node:test';
import SwaggerParser from '@apidevtools/swagger-parser';
import { claimsNamespace, maced, makeKey, sealed, startIssuer } from './support/issuer.mjs';
import { inFlight, ok, patience, profile, run, startNode, temporaryDirectory, until } from './support/node.mjs';

const zoe = 'auth0|zoe';
const eve = 'auth0|eve';

async function start(t, options = {}, ...flags) {
  const issuer = await startIssuer(t, options);
  const node = await startNode(t, { flags: [...issuer.flags, ...flags], environment: options.environment });
  return { issuer, node };
}

/** The routes that a bridge serves, from the program itself. */
const routesOf = async (node, bridge) => ok(await node.get(`/admin/actors/bridges/${bridge}`)).state.routes;

test('the front end signs in: me is unknown, then made known, then known', async (t) => {
  const origin = 'https://client.devpie.local';
  const { issuer, node } = await start(t, {}, '--cors', origin);
  const headers = { ...issuer.bearer(zoe), Origin: origin, 'Cache-Control': 'no-cache', 'Strict-Transport-Security': 'max-age=1' };

  const preflight = await node.request('OPTIONS', '/v1/users', { headers: {
    Origin: origin, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'authorization,cache-control,strict-transport-security,content-type',
  } });
  assert.equal(preflight.status, 200, 'a preflight has no token and needs none');
  assert.equal(preflight.headers['access-control-allow-origin'], origin);
  assert.match(preflight.headers['access-control-allow-headers'], /Authorization/);

  const before = await node.get('/v1/users/me', headers);
  assert.equal(before.status, 404);
  assert.equal(before.body.error, 'user not found');
  assert.equal(before.headers['access-control-allow-origin'], origin);

  const made = ok(await node.post('/v1/users', profile('zoe'), headers));
  assert.equal(made.auth0Id, zoe);
  const me = ok(await node.get('/v1/users/me', headers));
  assert.deepEqual(me, made);

  const stranger = await node.get('/v1/users/me', { Origin: origin });
  assert.equal(stranger.status, 401);
  assert.equal(stranger.headers['access-control-allow-origin'], origin, 'a page must be able to read why');
  assert.equal(stranger.headers['www-authenticate'], 'Bearer');

  const [event] = ok(await node.get('/v1/events/identity', issuer.admin())).items;
  assert.equal(event.metadata.userId, zoe, 'the event says who did it');
});

/** How each route is asked about zoe, and what eve, who is no administrator, gets. A route that is missing here fails the test. */
const asksAbout = ({ id }) => ({
  'POST /v1/{category}/{id}/{Command}': { path: `/v1/identity/${id}/LockAccount`, body: { reason: 'x' }, eve: 403 },
  'POST /v1/{category}/{Command}': { path: '/v1/identity/AddUser', body: profile('zoe', { firstName: 'Eve' }), eve: 403 },
  'POST /v1/commands': { path: '/v1/commands', body: { id: 'eves', type: 'CloseAccount', stream: `identity.command.${id}`, metadata: { userId: zoe }, data: { reason: 'x' } }, eve: 403 },
  'GET /v1/commands/{commandId}': { path: '/v1/commands/zoes', eve: 404 },
  'GET /v1/views/{view}': { path: `/v1/views/users?auth0Id=${encodeURIComponent(zoe)}`, eve: { items: [] } },
  'GET /v1/views/{view}/{key}': { path: `/v1/views/users/${id}`, eve: 403 },
  'GET /v1/events/{category}': { path: '/v1/events/identity', eve: 403 },
  'GET /v1/openapi.json': { path: '/v1/openapi.json', eve: 200 },
  'GET /v1/asyncapi.json': { path: '/v1/asyncapi.json', eve: 200 },
  'POST /v1/users': { path: '/v1/users', body: profile('zoe', { firstName: 'Eve' }), eve: 403 },
  'GET /v1/users/me': { path: '/v1/users/me', eve: 404 },
});

/** Tokens that nobody may come in with, by what is wrong with them. */
function wrongTokens(issuer) {
  const now = Math.floor(Date.now() / 1000);
  const stranger = makeKey(issuer.key.id);
  const claims = issuer.claims(zoe, { [`${claimsNamespace}roles`]: ['admin'] });
  const good = sealed(issuer.key, issuer.header(), claims);
  const changed = (changes) => sealed(issuer.key, issuer.header(), { ...claims, ...changes });
  return {
    'none at all': undefined,
    'an empty one': 'Bearer ',
    'another scheme': `Basic ${Buffer.from('admin:admin').toString('base64')}`,
    'a word': 'Bearer letmein',
    'no scheme': good,
    'an expired one': `Bearer ${changed({ exp: now - 3600 })}`,
    'one without an end': `Bearer ${changed({ exp: undefined })}`,
    'one of tomorrow': `Bearer ${changed({ nbf: now + 86_400 })}`,
    'one for another audience': `Bearer ${changed({ aud: 'https://other.example' })}`,
    'one of another issuer': `Bearer ${changed({ iss: 'https://evil.example/' })}`,
    'one signed by a stranger': `Bearer ${sealed(stranger, issuer.header(), claims)}`,
    'one with a stranger\'s key in it': `Bearer ${sealed(stranger, issuer.header({ jwk: stranger.jwk }), claims)}`,
    'one with alg none': `Bearer ${sealed(issuer.key, issuer.header({ alg: 'none' }), claims).replace(/[^.]*$/, '')}`,
    'a MAC with the public key': `Bearer ${maced(JSON.stringify(issuer.key.jwk), issuer.header({ alg: 'HS256' }), claims)}`,
    'one that is cut short': `Bearer ${good.slice(0, -1)}`,
    'one of nobody': `Bearer ${changed({ sub: '' })}`,
  };
}

test('nobody comes in by any route with a wrong token, and nobody reaches the data of others with a good one', async (t) => {
  const { issuer, node } = await start(t);
  const zoes = issuer.bearer(zoe);
  const { id } = ok(await node.post('/v1/users', profile('zoe'), { ...zoes, 'Idempotency-Key': 'zoes' }));
  const asks = asksAbout({ id });
  assert.deepEqual(Object.keys(asks).sort(), (await routesOf(node, 'http')).sort(), 'every route has its row here');
  const events = async () => ok(await node.get('/v1/events/identity', issuer.admin())).items.length;

  for (const [route, { path, body, eve: expected }] of Object.entries(asks)) {
    const method = route.split(' ')[0];
    for (const [what, authorization] of Object.entries(wrongTokens(issuer))) {
      for (const [verb, more] of [[method, {}], ...(method === 'GET' ? [['HEAD', {}], ['GET', { Accept: 'text/event-stream' }]] : [['POST', { Prefer: 'respond-async' }]])]) {
        const answer = await node.request(verb, path, { body, headers: { ...(authorization && { Authorization: authorization }), ...more } });
        assert.equal(answer.status, 401, `${verb} ${path} with ${what}: ${answer.text}`);
        assert.match(answer.headers['www-authenticate'], /^Bearer/);
        if (verb === 'HEAD') continue;
        assert.equal(answer.body.code, authorization ? 'invalid-token' : 'unauthenticated');
        assert.doesNotMatch(answer.text, /expire|audience|issuer|signature|kid|alg/i, 'the reason tells nothing');
      }
    }
    const answer = await node.request(method, path, { body, headers: issuer.bearer(eve) });
    if (typeof expected === 'number') {
      assert.equal(answer.status, expected, `${route} as eve: ${answer.text}`);
    } else {
      assert.deepEqual({ ...ok(answer), ...expected }, answer.body, `${route} as eve`);
    }
    assert.ok(expected === 200 || !answer.text.includes('zoe@example.com'), `${route} shows eve what is zoe's`);
  }
  for (const path of [`/v1/views/users/${id}`, '/v1/events/identity']) {
    const answer = await node.get(path, { ...issuer.bearer(eve), Accept: 'text/event-stream' });
    assert.equal(answer.status, 403, path);
  }
  const array = ok(await node.post('/v1/commands', [asks['POST /v1/commands'].body], issuer.bearer(eve)));
  assert.deepEqual(array.map(({ status, code }) => [status, code]), [[403, 'forbidden']]);
  const async = await node.post(`/v1/identity/${id}/LockAccount`, { reason: 'x' }, { ...issuer.bearer(eve), Prefer: 'respond-async' });
  assert.equal(async.status, 403);
  assert.equal(await events(), 1, 'none of all these stored anything');
});

test('the description of the node says that a token is needed', async (t) => {
  const { issuer, node } = await start(t);
  const described = ok(await node.get('/v1/openapi.json', issuer.bearer(zoe)));
  assert.deepEqual(described.components.securitySchemes, { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } });
  assert.deepEqual(described.security, [{ token: [] }]);
  await SwaggerParser.validate(described);
});

test('users touch and see only themselves, administrators everybody', async (t) => {
  const { issuer, node } = await start(t);
  const [zoes, eves, admins] = [issuer.bearer(zoe), issuer.bearer(eve), issuer.admin()];
  const { id } = ok(await node.post('/v1/users', profile('zoe'), zoes));
  const { id: evesId } = ok(await node.post('/v1/users', profile('eve'), eves));
  const names = { firstName: 'Zoë', lastName: 'W', picture: '', locale: 'en' };
  const command = (whose, type, data, headers) => node.post(`/v1/identity/${whose}/${type}`, data, headers);

  ok(await command(id, 'ModifyUser', names, zoes));
  ok(await command(evesId, 'LockAccount', { reason: 'lost phone' }, eves));
  const own = await command(evesId, 'UnlockAccount', { reason: 'found it' }, eves);
  assert.equal(own.status, 403, 'a lock is lifted by an administrator');
  assert.equal(own.body.code, 'forbidden');
  ok(await command(evesId, 'UnlockAccount', { reason: 'she called' }, admins));
  const { position } = ok(await command(id, 'ModifyUser', { ...names, firstName: 'Zo' }, admins));

  const fresh = { 'X-Min-Position': position };
  const rows = async (headers, query = '') => ok(await node.get(`/v1/views/users${query}`, { ...headers, ...fresh })).items.map((row) => row.auth0Id).sort();
  assert.deepEqual(await rows(zoes), [zoe]);
  assert.deepEqual(await rows(eves, '?order=-email&limit=1'), [eve]);
  assert.deepEqual(await rows(admins), [eve, zoe]);
  assert.equal(ok(await node.get(`/v1/views/users/${id}`, zoes)).firstName, 'Zo');
  assert.equal(ok(await node.get(`/v1/views/users/${id}`, admins)).auth0Id, zoe);
  const [hidden, missing] = [await node.get(`/v1/views/users/${id}`, eves), await node.get('/v1/views/users/nobody', eves)];
  assert.equal(hidden.status, 403);
  assert.deepEqual(hidden.body, missing.body, 'what is hidden cannot be told from what is not there');

  ok(await node.post('/v1/users', profile('max'), admins));
  const forged = await node.post('/v1/users', profile('ann'), zoes);
  assert.equal(forged.status, 403);
  assert.match(forged.body.error, /auth0Id must be the caller's own/);
  assert.equal((await node.get('/v1/events/identity', zoes)).status, 403);

  const asked = await node.post(`/v1/identity/${id}/CloseAccount`, { reason: 'goodbye' }, { ...zoes, Prefer: 'respond-async' });
  assert.equal(asked.status, 202);
  const outcome = await until('the outcome', async () => {
    const { body } = await node.get(asked.headers.location, zoes);
    return body.status !== 'pending' && body;
  });
  assert.equal(outcome.status, 'accepted');
  const foreign = await node.get(asked.headers.location, eves);
  const unknown = await node.get('/v1/commands/unknown', eves);
  assert.equal(foreign.status, 404);
  assert.deepEqual(foreign.body, unknown.body, 'another\'s command cannot be told from one that never was');
});

test('a rule cannot be led astray by what a request says of itself', async (t) => {
  const { issuer, node } = await start(t);
  const { id } = ok(await node.post('/v1/users', profile('zoe'), issuer.bearer(zoe)));
  const eves = { ...issuer.bearer(eve), 'X-Debug-Sub': zoe };
  assert.equal((await node.get('/v1/users/me', eves)).status, 404, 'X-Debug-Sub is nothing here');
  assert.equal((await node.post(`/v1/identity/${id}/AddUser`, profile('eve'), eves)).status, 409, 'addressed to another');
  const smuggled = { id: 'e1', type: 'ModifyUser', stream: `identity.command.${id}`, metadata: { userId: zoe, roles: ['admin'] }, data: { firstName: 'E', lastName: 'E', picture: '', locale: 'en' } };
  assert.equal((await node.post('/v1/commands', smuggled, eves)).status, 403);
  for (const claims of [{ roles: ['admin'] }, { [`${claimsNamespace}role`]: ['admin'] }, { [`${claimsNamespace}roles`]: ['Admin', 'administrator', 'admin '] }]) {
    assert.equal((await node.get('/v1/events/identity', issuer.bearer(eve, claims))).status, 403, JSON.stringify(claims));
  }
});

test('ten thousand unknown keys cost the issuer no more than ten fetches a minute', async (t) => {
  const { issuer, node } = await start(t);
  const stranger = makeKey('stranger');
  const ask = (i) => node.get('/v1/users/me',
    { Authorization: `Bearer ${i % 100 ? `${Buffer.from(JSON.stringify({ alg: 'RS256', kid: `k${i}` })).toString('base64url')}.e30.AAAA` : sealed(stranger, issuer.header({ kid: `k${i}` }), issuer.claims(zoe))}` });
  const answers = await inFlight(10_000, 32, ask);
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [401]);
  const { fetches } = issuer;
  // A quick machine has sent them all before the next look is due.
  await until('somebody to look for them', async () => {
    assert.equal((await ask(0)).status, 401);
    return fetches.length >= 2;
  });
  for (let i = 10; i < fetches.length; ++i) assert.ok(fetches[i] - fetches[i - 10] >= 60_000, 'eleven fetches in a minute');
  assert.equal((await node.get('/v1/users/me', issuer.bearer(zoe))).status, 404, 'good tokens are taken all the while');
});

test('a new key is taken once it is published, and an old one refused once it is gone', async (t) => {
  const { issuer, node } = await start(t);
  const old = issuer.key;
  const next = makeKey('second', 'ES256');
  const status = async (key) => (await node.get('/v1/users/me', issuer.bearer(zoe, {}, key))).status;
  assert.equal(await status(old), 404);
  issuer.published = [next];
  await until('the new key to be known', async () => (await status(next)) === 404);
  assert.equal(await status(old), 401);
});

test('while the issuer is away, known keys stay good; when it was never there, nobody is let in yet', async (t) => {
  const issuer = await startIssuer(t);
  const node = await startNode(t, { flags: issuer.flags });
  const me = () => node.get('/v1/users/me', issuer.bearer(zoe));
  await issuer.close();
  assert.equal((await me()).status, 404);
  const unknown = makeKey('unknown');
  assert.equal((await node.get('/v1/users/me', issuer.bearer(zoe, {}, unknown))).status, 401);
  assert.equal((await me()).status, 404, 'after a fetch that failed');

  const late = await startNode(t, { flags: issuer.flags });
  const early = await late.get('/v1/users/me', issuer.bearer(zoe));
  assert.equal(early.status, 503);
  assert.ok(early.headers['retry-after']);
  assert.match(ok(await late.get('/admin/actors/bridges/keys')).state.lastError, /cannot be fetched/);
  await issuer.open();
  await until('the keys', async () => (await late.get('/v1/users/me', issuer.bearer(zoe))).status === 404);
});

test('keys come over TLS from whom the system trusts, and from nobody else', async (t) => {
  const directory = temporaryDirectory(t);
  const openssl = (...args) => execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=authority',
    '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', 'key.pem', '-out', 'certificate.pem');
  const read = (name) => execFileSync('cat', [join(directory, name)]);
  const issuer = await startIssuer(t, { tls: { key: read('key.pem'), cert: read('certificate.pem') } });
  const environment = { SSL_CERT_FILE: join(directory, 'certificate.pem') };
  const trusting = await startNode(t, { flags: issuer.flags, environment });
  assert.equal((await trusting.get('/v1/users/me', issuer.bearer(zoe))).status, 404);
  const wary = await startNode(t, { flags: issuer.flags });
  assert.equal((await wary.get('/v1/users/me', issuer.bearer(zoe))).status, 503);
});

test('keys from a file are read anew when a token needs it', async (t) => {
  const issuer = await startIssuer(t);
  const file = join(temporaryDirectory(t), 'jwks.json');
  const publish = () => (writeFileSync(`${file}.new`, issuer.keySet), renameSync(`${file}.new`, file));
  publish();
  const node = await startNode(t, { flags: [...issuer.flags.slice(0, -1), file] });
  assert.equal((await node.get('/v1/users/me', issuer.bearer(zoe))).status, 404);
  const next = makeKey('second');
  issuer.published.push(next);
  publish();
  await until('the new key', async () => (await node.get('/v1/users/me', issuer.bearer(zoe, {}, next))).status === 404);
  assert.equal(issuer.fetches.length, 0, 'nobody asked the server');
});

test('a stream ends with the token that opened it', async (t) => {
  const { issuer, node } = await start(t);
  const exp = Math.floor(Date.now() / 1000) + 3;
  const headers = { ...issuer.bearer('auth0|root', { exp, [`${claimsNamespace}roles`]: ['admin'] }), Accept: 'text/event-stream' };
  const ended = await new Promise((resolve, reject) => {
    const sent = http.get(`${node.http}/v1/events/identity`, { headers, timeout: patience }, (received) => {
      assert.equal(received.statusCode, 200);
      received.resume().on('end', () => resolve(Date.now())).on('error', reject);
    });
    sent.on('timeout', () => sent.destroy(new Error('the stream goes on')));
    sent.on('error', reject);
  });
  assert.ok(ended >= exp * 1000, 'not before');
});

test('the admin token guards every change, and the logs tell whose it was', async (t) => {
  const directory = temporaryDirectory(t);
  const file = join(directory, 'tokens');
  writeFileSync(file, '# the people on call\nanna:correct-horse-battery-staple\n0123456789abcdef0123456789abcdef\n');
  const place = { data: directory, flags: ['--admin-token', file, '--node', 'one.example'] };
  const node = await startNode(t, place);
  const changes = (await routesOf(node, 'admin')).filter((route) => !route.startsWith('GET '));
  assert.ok(changes.length >= 7);
  for (const route of changes) {
    const [method, pattern] = route.split(' ');
    const path = pattern.replace(/\{path\.\.\.\}/, 'projectors/users').replace(/\{\w+\}/g, 'users');
    for (const token of [undefined, 'Bearer ', 'Bearer wrong', 'Bearer correct-horse-battery-stapl', 'Bearer correct-horse-battery-staple2', 'Basic YW5uYTpjb3JyZWN0']) {
      const answer = await node.request(method, path, { headers: token ? { Authorization: token } : {} });
      assert.equal(answer.status, 401, `${route} with ${token}: ${answer.text}`);
    }
  }
  ok(await node.get('/admin/projections'));
  for (const token of ['correct-horse-battery-staple', '0123456789abcdef0123456789abcdef']) {
    ok(await node.post('/admin/projections/users/pause', undefined, { Authorization: `Bearer ${token}` }));
    ok(await node.post('/admin/projections/users/resume', undefined, { Authorization: `Bearer ${token}` }));
  }
  await until('the last change to be told', () => /audit: admin-token .*POST \/admin\/projections\/users\/resume.* 200/.test(node.stderr));
  assert.match(node.stderr, /audit: anna .*POST \/admin\/projections\/users\/pause.* 200/);
  assert.match(node.stderr, /audit: nobody .*POST \/admin\/projections\/users\/pause.* 401/);
  assert.doesNotMatch(node.stderr + node.stdout, /correct-horse|0123456789abcdef/);
  assert.doesNotMatch((await node.get('/admin/config')).text, /correct-horse|0123456789abcdef/);

  // Also as events, which outlive the node; only of those who were let in.
  const kept = () => node.get('/admin/log/audit').then((answer) => ok(answer).items);
  await until('the changes to be in the log', async () => (await kept()).length >= 4);
  for (const path of ['/v1/events/audit', '/v1/audit/one-example/RecordChange']) {
    const answer = path.endsWith('audit') ? await node.get(path) : await node.post(path, { who: 'eve', from: '', method: '', target: '', status: 200 });
    assert.equal(answer.status, 404, `${path}: ${answer.text}`);
  }
  assert.doesNotMatch((await node.get('/v1/openapi.json')).text, /RecordChange/);
  await node.stop('SIGKILL');
  const again = await startNode(t, place);
  const { items } = ok(await again.get('/admin/streams/audit/one-example'));
  const change = (who, what) => ['ChangeRecorded', { who, from: '127.0.0.1', method: 'POST', target: `/admin/projections/users/${what}`, status: 200 }];
  assert.deepEqual(items.map(({ type, data }) => [type, data]),
    ['anna', 'admin-token'].flatMap((who) => ['pause', 'resume'].map((what) => change(who, what))));
  for (const { metadata, time } of items) assert.ok(metadata.traceId && Date.parse(metadata.time ?? time) > Date.now() - 2 * patience, JSON.stringify(metadata));
});

test('what is missing for tokens is refused at the start, in one line that names it and the mend', async (t) => {
  const directory = temporaryDirectory(t);
  const written = (name, text) => (writeFileSync(join(directory, name), text), join(directory, name));
  const jwt = ['--auth', 'jwt'];
  const domain = ['--jwt-domain', 'troupe.example'];
  const audience = ['--jwt-audience', 'api'];
  const refusals = [
    [jwt, {}, /--jwt-domain: .*AUTH0_DOMAIN/],
    [[...jwt, ...domain], {}, /--jwt-audience: .*AUTH0_AUDIENCE/],
    [jwt, { AUTH0_AUDIENCE: 'api' }, /--jwt-domain/],
    [[...jwt, ...audience, '--jwt-domain', 'https://troupe.example/'], {}, /--jwt-domain: .*without https/],
    [[...jwt, ...domain, ...audience, '--jwks', join(directory, 'missing')], {}, /--jwks: .*check the path/],
    [[...jwt, ...domain, ...audience, '--jwks', 'http://troupe.example/jwks.json'], {}, /--jwks: .*use https/],
    [['--auth', 'basic'], {}, /--auth: 'basic' is not none or jwt/],
    [['--http', '0.0.0.0:0'], {}, /--http: .*--auth jwt.*--auth none/],
    [['--admin', '0.0.0.0:0'], {}, /--admin-token: .*name a file/],
    [['--admin-token', join(directory, 'missing')], {}, /--admin-token/],
    [['--admin-token', written('empty', '\n')], {}, /--admin-token: .*openssl rand/],
    [['--admin-token', written('short', 'secret\n')], {}, /--admin-token: .*line 1/],
  ];
  for (const [flags, environment, expected] of refusals) {
    const addresses = ['--http', '--admin'].flatMap((flag) => (flags.includes(flag) ? [] : [flag, '127.0.0.1:0']));
    const { code, stderr } = await run(['run', ...addresses, '--data', join(directory, 'data'), ...flags], environment);
    assert.equal(code, 2, `${flags}: ${stderr}`);
    assert.match(stderr, /^troupe: [^\n]*\n$/);
    assert.match(stderr, expected);
  }
  const issuer = await startIssuer(t);
  const [, , , , , , , place] = issuer.flags;
  const node = await startNode(t, { flags: ['--auth', 'jwt', '--jwks', place], environment: { AUTH0_DOMAIN: issuer.domain, AUTH0_AUDIENCE: issuer.audience } });
  assert.equal((await node.get('/v1/users/me', issuer.bearer(zoe))).status, 404, 'the environment of the seed says the same');
});

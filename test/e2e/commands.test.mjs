// Commands over HTTP: what a key promises, what is refused and how, and that a person has one user whatever happens at once.
import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';
import { inFlight, ok, profile, startNode, temporaryDirectory } from './support/node.mjs';

const modification = (firstName) => ({ firstName, lastName: 'L', picture: '', locale: 'en' });
const keyed = (key) => ({ 'Idempotency-Key': key });

async function eventsOf(node, id) {
  return ok(await node.get(`/admin/streams/identity/${id}?limit=1000`)).items;
}

test('an idempotency key', async (t) => {
  const data = temporaryDirectory(t);
  let node = await startNode(t, { data });
  const add = async (name) => ok(await node.post('/v1/identity/AddUser', profile(name))).id;
  let id = await add('kaylee');
  const path = (command, of = id) => `/v1/identity/${of}/${command}`;
  const answers = new Map();

  /** Sends it, and expects the answer that came the first time, if it is a repetition. */
  async function same(key, command, body) {
    const answer = await node.post(command, body, keyed(key));
    const seen = { status: answer.status, body: answer.body, etag: answer.headers.etag };
    if (answers.has(key)) assert.deepEqual(seen, answers.get(key).seen);
    answers.set(key, { seen, command, body });
    return answer;
  }

  await t.test('becomes the command id, and gives one answer and one effect', async () => {
    const first = ok(await same('first', path('ModifyUser'), modification('A')));
    assert.equal(first.commandId, 'first');
    await same('first', path('ModifyUser'), modification('A'));
    ok(await node.post(path('ModifyUser'), modification('B')));
    await same('first', path('ModifyUser'), modification('A')); // not undone by B, not done again
    assert.deepEqual((await eventsOf(node, id)).map((event) => event.data.firstName), ['kaylee', 'A', 'B']);
  });

  await t.test('gives the same answer to an answer of no change', async () => {
    const nothing = ok(await same('no-change', path('ModifyUser'), modification('B')));
    assert.deepEqual(nothing.events, []);
    ok(await node.post(path('ModifyUser'), modification('C')));
    await same('no-change', path('ModifyUser'), modification('B'));
    assert.equal((await eventsOf(node, id)).length, 4);
  });

  await t.test('gives the same refusal, also after the reason is gone', async () => {
    const locked = await add('jayne');
    ok(await node.post(path('LockAccount', locked), { reason: 'the hat' }));
    const refused = await same('refused', path('ModifyUser', locked), modification('J'));
    assert.equal(refused.status, 409);
    assert.equal(refused.body.code, 'account-locked');
    ok(await node.post(path('UnlockAccount', locked), { reason: 'the hat is fine' }));
    await same('refused', path('ModifyUser', locked), modification('J'));
    ok(await node.post(path('ModifyUser', locked), modification('J'), keyed('refused-2')));
    assert.deepEqual((await eventsOf(node, locked)).map((event) => event.type), ['UserAdded', 'AccountLocked', 'AccountUnlocked', 'UserModified']);
  });

  await t.test('sent fifty times at once has one effect and one answer', async () => {
    for (const [key, command, body] of [
      ['crowd-modify', path('ModifyUser'), modification('D')],
      ['crowd-add', '/v1/identity/AddUser', profile('book')],
    ]) {
      const all = await inFlight(50, 50, () => node.post(command, body, keyed(key)));
      for (const answer of all) assert.deepEqual(ok(answer), all[0].body);
      assert.equal(all[0].body.events.length, 1);
      assert.equal((await eventsOf(node, all[0].body.id)).filter((event) => event.metadata.commandId === key).length, 1);
      await same(key, command, body);
    }
  });

  await t.test('under another body, command or entity is 422', async () => {
    const other = await add('simon');
    for (const [command, body] of [
      [path('ModifyUser'), modification('X')],
      [path('LockAccount'), { reason: 'X' }],
      [path('ModifyUser', other), modification('A')],
    ]) {
      const refused = await node.post(command, body, keyed('first'));
      assert.equal(refused.status, 422, refused.text);
      assert.equal(refused.body.code, 'id-reused');
    }
    assert.equal((await eventsOf(node, other)).length, 1);
  });

  await t.test('that is not printable ASCII without spaces is 400', async () => {
    for (const key of ['two words', 'x'.repeat(129)]) {
      assert.equal((await node.post(path('ModifyUser'), modification('X'), keyed(key))).status, 400);
    }
  });

  await t.test('gives the same answers after a restart', async () => {
    const before = await node.allEvents('identity');
    assert.deepEqual(await node.stop('SIGTERM'), { code: 0, signal: null });
    node = await startNode(t, { data });
    for (const [key, { command, body }] of answers) await same(key, command, body);
    const refused = await node.post(path('ModifyUser'), modification('X'), keyed('first'));
    assert.equal(refused.status, 422);
    assert.deepEqual(await node.allEvents('identity'), before);
  });
});

test('a command', async (t) => {
  const node = await startNode(t);
  const { id } = ok(await node.post('/v1/identity/AddUser', profile('inara')));
  const modify = `/v1/identity/${id}/ModifyUser`;

  await t.test('with If-Match is taken at that version only', async () => {
    const behind = await node.post(modify, modification('A'), { 'If-Match': '"7"' });
    assert.equal(behind.status, 412);
    assert.equal(behind.headers.etag, '"1"');
    assert.equal(ok(await node.post(modify, modification('A'), { 'If-Match': '"1"' })).version, 2);
    assert.equal((await node.post(modify, modification('B'), { 'If-Match': '"1"' })).status, 412);
    assert.equal((await node.post(modify, modification('B'), { 'If-Match': 'W/"2"' })).status, 400);
  });

  await t.test('of fifty that demand the same version, one is taken', async () => {
    const all = await inFlight(50, 50, (i) => node.post(modify, modification(`race ${i}`), { 'If-Match': '"2"' }));
    assert.deepEqual(all.map((answer) => answer.status).sort(), [200, ...Array(49).fill(412)]);
    assert.equal((await eventsOf(node, id)).length, 3);
  });

  await t.test('of fifty at once for one entity, each finds its place', async () => {
    const all = await inFlight(50, 50, (i) => node.post(modify, modification(`crowd ${i}`)));
    const versions = all.map((answer) => ok(answer).version).sort((a, b) => a - b);
    assert.deepEqual(versions, Array.from({ length: 50 }, (_, i) => i + 4));
    for (const event of (await eventsOf(node, id)).slice(3)) {
      const answer = all.find(({ body }) => body.version === event.version);
      assert.equal(answer.body.commandId, event.metadata.commandId);
    }
  });

  await t.test('of an unknown category or name, or at an unknown path, is 404', async () => {
    for (const [path, code] of [
      ['/v1/nothing/1/AddUser', 'unknown-category'],
      [`/v1/identity/${id}/RenameUser`, 'unknown-command'],
      ['/v1/identity/UserAdded', 'unknown-command'],
      ['/v2/users', 'not-found'],
    ]) {
      const missing = await node.post(path, {});
      assert.equal(missing.status, 404, path);
      assert.equal(missing.body.code, code);
      assert.equal(missing.body.title, 'Not Found');
      assert.ok(missing.body.error);
    }
    assert.equal((await node.request('DELETE', '/v1/users')).status, 405);
  });

  await t.test('for nobody is refused by the feature', async () => {
    const refused = await node.post('/v1/identity/nobody/ModifyUser', modification('A'));
    assert.equal(refused.status, 409);
    assert.equal(refused.body.code, 'user-not-found');
    const wrong = await node.post('/v1/identity/somebody-else/AddUser', profile('inara'));
    assert.equal(wrong.status, 409);
    assert.equal(wrong.body.code, 'wrong-id');
  });

  await t.test('with wrong data is told every wrong member', async () => {
    const wrong = async (changes) => {
      const refused = await node.post('/v1/identity/AddUser', profile('x', changes));
      assert.equal(refused.status, 400);
      assert.match(refused.headers['content-type'], /^application\/problem\+json/);
      assert.equal(refused.body.code, 'invalid-data');
      assert.ok(refused.body.fields.every((field) => field.message));
      return refused.body.fields.map((field) => field.path).sort();
    };
    assert.deepEqual(await wrong({ emailVerified: 'yes', locale: 7, firstName: 'x'.repeat(201) }), ['/emailVerified', '/firstName', '/locale']);
    assert.deepEqual(await wrong({ email: 'no at sign', locale: '!' }), ['/email', '/locale']);
    assert.equal((await wrong({ surplus: true })).length, 1);
    const { email, ...without } = profile('x');
    assert.equal((await node.post('/v1/identity/AddUser', without)).status, 400);
    assert.equal((await node.post('/v1/users', { ...profile('x'), id: 'mine' })).status, 400);
    assert.equal((await node.post('/v1/users', [])).status, 400);
  });

  await t.test('that is not JSON, too large, too deep or of another type is turned away', async () => {
    const status = async (body, headers) => {
      const answer = await node.post('/v1/users', body, headers);
      assert.ok(answer.body.code && answer.body.error, answer.text);
      return answer.status;
    };
    assert.equal(await status('{"auth0Id":'), 400);
    assert.equal(await status(JSON.stringify(profile('x')).replace('Washburne', '\\ud800')), 400); // half a surrogate pair
    assert.equal(await status(JSON.stringify(profile('x')).replace('Washburne', '\\u0000')), 400);
    assert.equal(await status('['.repeat(100_000)), 400);
    assert.equal(await status(JSON.stringify(profile('x', { picture: 'x'.repeat(2_000_000) }))), 413);
    assert.equal(await status('auth0Id=x', { 'Content-Type': 'application/x-www-form-urlencoded' }), 415);
    assert.equal((await node.post('/v1/users', undefined)).status, 400);
    assert.equal(ok(await node.get('/readyz')).status, 'ok');
  });

  await t.test('with a chunked body is 411', async () => {
    const { port, hostname } = new URL(node.http);
    const answer = await new Promise((resolve, reject) => {
      const socket = net.connect(port, hostname);
      let text = '';
      socket.setEncoding('utf8').on('data', (part) => (text += part)).on('error', reject).on('close', () => resolve(text));
      socket.write(`POST /v1/users HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`);
    });
    assert.match(answer, /^HTTP\/1\.1 411 /);
    assert.match(answer, /"status":411/);
  });

  await t.test('carries names of any script', async () => {
    for (const name of ['Zoë', 'Zoe\u0308', '田中', 'שלום', '👩🏽‍🚀', '𠮷', '"\\/', '\u2028']) {
      const added = ok(await node.post('/v1/users', profile('unicode', { auth0Id: `auth0|${name}`, firstName: name })));
      assert.equal(added.firstName, name);
      assert.equal(ok(await node.get(`/v1/views/users/${added.id}`)).auth0Id, `auth0|${name}`);
    }
  });

  await t.test('carries the trace of its request', async () => {
    const trace = '0af7651916cd43dd8448eb211c80319c';
    const answer = await node.post(modify, modification('traced'), { traceparent: `00-${trace}-b7ad6b7169203331-01`, 'X-Debug-Sub': 'auth0|inara' });
    assert.equal(answer.headers['x-trace-id'], trace);
    const event = (await eventsOf(node, id)).find((one) => one.metadata.commandId === ok(answer).commandId);
    assert.equal(event.metadata.traceId, trace);
    assert.equal(event.metadata.userId, 'auth0|inara');
  });
});

test('envelopes', async (t) => {
  const node = await startNode(t);
  const envelope = (id, type, data, more = {}) => ({ id, type, metadata: { traceId: 'trace-1', userId: '' }, data, ...more });

  await t.test('are answered one by one, in order, each with its status', async () => {
    const { id } = ok(await node.post('/v1/identity/AddUser', profile('river')));
    const all = [
      envelope('e1', 'AddUser', profile('mal')),
      envelope('e2', 'ModifyUser', modification('River'), { stream: `identity.command.${id}` }),
      envelope('e3', 'LockAccount', { reason: 'x' }, { stream: 'identity.command.nobody' }),
      envelope('e4', 'AddUser', { auth0Id: 7 }),
      envelope('e5', 'Unheard', {}),
      { type: 'AddUser' },
      envelope('e1', 'AddUser', profile('mal')),
      envelope('e1', 'AddUser', profile('another')),
    ];
    const answers = ok(await node.post('/v1/commands', all));
    assert.deepEqual(answers.map((one) => one.status), [200, 200, 409, 400, 404, 400, 200, 422], JSON.stringify(answers));
    assert.deepEqual(answers[6], answers[0]);
    assert.equal(answers[0].commandId, 'e1');
    assert.equal(answers[1].version, 2);
    assert.equal(answers[2].code, 'user-not-found');
    assert.deepEqual(ok(await node.post('/v1/commands', all)), answers);
    assert.equal((await node.allEvents('identity')).length, 3);
    assert.equal((await node.allEvents('identity'))[1].metadata.traceId, 'trace-1');
  });

  await t.test('come alone or up to a thousand', async () => {
    const one = ok(await node.post('/v1/commands', envelope('single', 'AddUser', profile('single'))));
    assert.equal(one.commandId, 'single');
    const many = Array.from({ length: 1000 }, (_, i) => envelope(`many-${i}`, 'AddUser', profile(`many-${i}`)));
    const answers = ok(await node.post('/v1/commands', many));
    assert.deepEqual(answers.map((answer) => answer.commandId), many.map((sent) => sent.id));
    assert.ok(answers.every((answer) => answer.status === 200 && answer.events.length === 1));
    assert.equal((await node.post('/v1/commands', [...many, many[0]])).status, 400);
    assert.equal((await node.post('/v1/commands', [])).status, 400);
  });
});

test('one person has one user, however many sign up at once', async (t) => {
  const node = await startNode(t);
  const all = await inFlight(50, 50, (i) => node.post('/v1/users', profile('badger', { firstName: `attempt ${i}` })));
  const ids = new Set(all.map((answer) => ok(answer).id));
  assert.equal(ids.size, 1);
  assert.equal(new Set(all.map((answer) => answer.body.firstName)).size, 1);
  assert.equal((await node.allEvents('identity')).length, 1);
  assert.equal((await node.allRows('users')).length, 1);
});

// The story of the README, and everything a newcomer sees next: what goes in, what comes out, and what the admin
// endpoint shows of it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { ok, profile, startNode, until } from './support/node.mjs';

const zoe = profile('zoe', { firstName: 'Zoë', picture: 'https://example.com/zoe.png' });
const asZoe = { 'X-Debug-Sub': zoe.auth0Id };

test('a newcomer tries the node out', async (t) => {
  const node = await startNode(t);
  let id;

  await t.test('the welcome names the addresses and a first request', () => {
    assert.match(node.stdout, /^troupe \S+ is ready: /);
    assert.match(node.stdout, /curl -s http:\/\/127\.0\.0\.1:\d+\/v1\/users /);
    assert.ok(node.stdout.includes(`${node.http}/v1/users`));
  });

  await t.test('nobody is there at first', async () => {
    const missing = await node.get('/v1/users/me', asZoe);
    assert.equal(missing.status, 404);
    assert.equal(missing.body.error, 'user not found');
    assert.equal((await node.get('/v1/users/me')).status, 401);
    assert.deepEqual(ok(await node.get('/v1/views/users')).items, []);
    assert.deepEqual(ok(await node.get('/v1/events/identity')), { items: [], next: 1 });
  });

  await t.test('a user who was added is there at once', async () => {
    const added = await node.post('/v1/users', zoe);
    const { id: given, created, ...rest } = ok(added);
    id = given;
    assert.deepEqual(rest, zoe);
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.match(created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const me = await node.get('/v1/users/me', asZoe);
    assert.deepEqual(ok(me), added.body);
    assert.match(me.headers['content-type'], /^application\/json/);
    assert.match(me.headers['x-trace-id'], /^[0-9a-f]{32}$/);
  });

  await t.test('adding the same one again changes nothing', async () => {
    const again = ok(await node.post('/v1/users', { ...zoe, firstName: 'Somebody else' }));
    assert.equal(again.id, id);
    assert.equal(again.firstName, 'Zoë');
    assert.equal((await node.allEvents('identity')).length, 1);
  });

  await t.test('a command is answered with what it did, and the view waits for it on demand', async () => {
    const modified = await node.post(`/v1/identity/${id}/ModifyUser`, { firstName: 'Zoë', lastName: 'Alleyne', picture: '', locale: 'en-GB' }, asZoe);
    const answer = ok(modified);
    assert.equal(answer.id, id);
    assert.equal(answer.stream, `identity.${id}`);
    assert.equal(answer.version, 2);
    assert.match(answer.position, /^identity:\d+$/);
    assert.deepEqual(answer.events.map(({ type, version }) => ({ type, version })), [{ type: 'UserModified', version: 2 }]);
    assert.equal(modified.headers.etag, '"2"');
    assert.equal(modified.headers['x-position'], answer.position);

    const row = await node.get(`/v1/views/users/${id}`, { 'X-Min-Position': answer.position });
    assert.equal(ok(row).lastName, 'Alleyne');
    assert.equal(row.body.status, 'open');
    const same = await node.get(`/v1/views/users/${id}`, { 'If-None-Match': row.headers.etag });
    assert.equal(same.status, 304);
    const listed = ok(await node.get('/v1/views/users?lastName=Alleyne&order=-created&limit=10'));
    assert.deepEqual(listed.items, [row.body]);
    assert.equal(listed.next, null);
  });

  await t.test('a locked account refuses with a code', async () => {
    const locked = ok(await node.post(`/v1/identity/${id}/LockAccount`, { reason: 'lost phone' }, asZoe));
    assert.equal(locked.version, 3);
    const refused = await node.post(`/v1/identity/${id}/ModifyUser`, { firstName: 'Z', lastName: 'W', picture: '', locale: '' });
    assert.equal(refused.status, 409);
    assert.match(refused.headers['content-type'], /^application\/problem\+json/);
    assert.equal(refused.body.code, 'account-locked');
    assert.equal(refused.body.status, 409);
    assert.equal(refused.body.error, refused.body.detail);
    const row = await node.get(`/v1/views/users/${id}`, { 'X-Min-Position': locked.position });
    assert.equal(ok(row).status, 'locked');
  });

  await t.test('the log tells the whole story', async () => {
    const events = await node.allEvents('identity');
    assert.deepEqual(events.map((event) => event.type), ['UserAdded', 'UserModified', 'AccountLocked']);
    assert.deepEqual(events.map((event) => event.version), [1, 2, 3]);
    assert.deepEqual(events[0].data, { ...zoe, id });
    assert.deepEqual(events[2].data, { reason: 'lost phone', lockedBy: zoe.auth0Id });
    for (const { id: eventId, stream, position, metadata } of events) {
      assert.ok(eventId);
      assert.equal(stream, `identity.${id}`);
      assert.equal(typeof position, 'number');
      for (const name of ['traceId', 'userId', 'correlationId', 'commandId', 'time']) assert.equal(typeof metadata[name], 'string', name);
    }
    const rest = ok(await node.get(`/v1/events/identity?from=${events[1].position}&limit=1`));
    assert.deepEqual(rest, { items: [events[1]], next: events[1].position + 1 });
    assert.deepEqual(ok(await node.get(`/admin/streams/identity/${id}`)).items, events);
    assert.deepEqual(ok(await node.get('/admin/log/identity?from=1')).items, events);
    assert.equal((await node.get('/admin/streams/identity/nobody')).status, 404);
  });

  await t.test('an entity can be seen as it is and as it was', async () => {
    const now = ok(await node.get(`/admin/entities/identity/${id}`));
    assert.equal(now.version, 3);
    assert.equal(now.state.status, 'locked');
    const then = ok(await node.get(`/admin/entities/identity/${id}?version=1`));
    assert.deepEqual({ id: then.id, category: then.category, version: then.version }, { id, category: 'identity', version: 1 });
    assert.equal(then.state.lastName, 'Washburne');
    assert.equal(then.state.status, 'open');
    assert.equal((await node.get(`/admin/entities/identity/${id}?version=4`)).status, 404);
    assert.equal((await node.get('/admin/entities/identity/nobody')).status, 404);
  });

  await t.test('every actor has a path, and one shows what it holds', async () => {
    const all = ok(await node.get('/admin/actors?limit=1000'));
    const paths = all.items.map((actor) => actor.path);
    for (const path of [`/features/identity/command-handlers/${id}`, '/features/identity/projectors/users', '/log/writer', '/bridges/http', '/bridges/admin']) {
      assert.ok(paths.includes(path), `${path} is not among ${paths.join(' ')}`);
    }
    assert.equal(all.total, all.items.length);
    const kinds = ['supervisor', 'bridge', 'command-handler', 'subscriber', 'projector', 'process-manager', 'timer', 'log-writer', 'log-reader'];
    for (const actor of all.items) {
      for (const name of ['path', 'kind', 'status', 'mailbox', 'processed', 'restarts', 'lastError', 'since', 'node']) assert.ok(name in actor, `${actor.path} has no ${name}`);
      assert.ok(kinds.includes(actor.kind), `${actor.path} is a ${actor.kind}`);
      assert.equal(actor.restarts, 0);
    }
    const handlers = ok(await node.get('/admin/actors?kind=command-handler')).items;
    assert.deepEqual(handlers.map((actor) => actor.path), [`/features/identity/command-handlers/${id}`]);
    const handler = ok(await node.get(`/admin/actors/features/identity/command-handlers/${id}`));
    assert.equal(handler.kind, 'command-handler');
    assert.ok(handler.processed >= 4, `processed ${handler.processed}`);
    assert.ok(JSON.stringify(handler.state).includes('lost phone') || JSON.stringify(handler.state).includes('locked'), JSON.stringify(handler.state));
    assert.equal((await node.get('/admin/actors/features/none')).status, 404);
  });

  await t.test('a restarted actor goes on where it was', async () => {
    ok(await node.post('/admin/actors/features/identity/projectors/users/restart'));
    const actor = await until('the restart to show', async () => {
      const found = ok(await node.get('/admin/actors/features/identity/projectors/users'));
      return found.restarts === 1 && found;
    });
    assert.equal(actor.kind, 'projector');
    const unlocked = ok(await node.post(`/v1/identity/${id}/UnlockAccount`, { reason: 'found it' }));
    const row = await node.get(`/v1/views/users/${id}`, { 'X-Min-Position': unlocked.position });
    assert.equal(ok(row).status, 'open');
  });

  await t.test('a projection can be paused, resumed and rebuilt', async () => {
    await node.caughtUp('users');
    const before = await node.projection('users');
    for (const name of ['name', 'node', 'position', 'head', 'lagEvents', 'lagSeconds', 'eventsPerSecond', 'status', 'lastError']) assert.ok(name in before, name);
    assert.equal(before.lagEvents, 0);
    ok(await node.post('/admin/projections/users/pause'));
    await until('the pause', async () => (await node.projection('users')).status === 'paused');
    const { id: wash, position } = ok(await node.post('/v1/identity/AddUser', profile('wash')));
    await node.caughtUp('accounts'); // another projector of the same events, so this one had its chance
    const paused = await node.projection('users');
    assert.equal(paused.position, before.position);
    assert.equal(paused.lagEvents, 1);
    assert.ok(paused.lagSeconds >= 0);
    assert.equal((await node.get(`/v1/views/users/${wash}`)).status, 404);

    ok(await node.post('/admin/projections/users/resume'));
    ok(await node.get(`/v1/views/users/${wash}`, { 'X-Min-Position': position }));
    const rows = await node.allRows('users');
    assert.equal(rows.length, 2);
    ok(await node.post('/admin/projections/users/rebuild'));
    await node.caughtUp('users');
    assert.deepEqual(await node.allRows('users'), rows);
    assert.equal((await node.post('/admin/projections/nothing/pause')).status, 404);
  });

  await t.test('nothing was parked', async () => {
    assert.deepEqual(ok(await node.get('/admin/dead-letters')).items, []);
  });

  await t.test('the node describes itself', async () => {
    const info = ok(await node.get('/admin/info'));
    assert.match(info.version, /^\d+\.\d+\.\d+/);
    assert.deepEqual(info.features, ['identity']);
    assert.ok(info.uptimeSeconds >= 0);
    const config = ok(await node.get('/admin/config'));
    assert.equal(config.data, node.data);
    assert.equal(config.limits.maxBody, 1048576);
  });

  await t.test('probes and metrics answer', async () => {
    for (const path of ['/livez', '/readyz', '/startupz']) {
      assert.equal(ok(await node.get(path)).status, 'ok');
      const { checks } = ok(await node.get(`${path}?verbose`));
      assert.ok(checks.length > 0 && checks.every((check) => check.ok), JSON.stringify(checks));
    }
    const metrics = await node.get('/metrics');
    assert.equal(metrics.status, 200);
    assert.match(metrics.headers['content-type'], /^text\/plain; version=0\.0\.4/);
    assert.match(metrics.text, /^troupe_commands_total\{category="identity",status="accepted"\} [1-9]/m);
    assert.match(metrics.text, /^troupe_commands_total\{category="identity",status="rejected"\} 1$/m);
    assert.match(metrics.text, /^troupe_ready 1$/m);
    const page = await node.request('GET', '/');
    assert.match(page.text + page.headers['content-type'], /./);
  });

  await t.test('changes are not taken from another origin\'s page', async () => {
    const refused = await node.post('/admin/projections/users/pause', undefined, { Origin: 'https://example.com' });
    assert.equal(refused.status, 403);
    assert.equal((await node.projection('users')).status, 'running');
  });
});

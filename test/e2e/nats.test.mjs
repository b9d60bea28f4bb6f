// A node whose log and channels are on a broker: the newcomer's first steps, what a JetStream client sees and sends, and
// deaths of the node and of the broker under load, after which every answer of 2xx is in the log once.
import assert from 'node:assert/strict';
import test from 'node:test';
import { headers } from '@nats-io/transport-node';
import { compare, Load } from './support/load.mjs';
import { connectTo, startBroker } from './support/nats.mjs';
import { ok, profile, seeded, startNode, until } from './support/node.mjs';

const envelope = (id, type, data, metadata = {}) => JSON.stringify({ id, type, metadata, data });

test('a newcomer tries a node on a broker', async (t) => {
  const broker = await startBroker(t);
  const node = await startNode(t, { flags: broker.flags });
  const { nc, js, manager } = await connectTo(t, broker);
  const zoe = profile('zoe', { firstName: 'Zoë' });
  const asZoe = { 'X-Debug-Sub': zoe.auth0Id };
  let id;

  await t.test('the same commands do the same as on the embedded log', async () => {
    id = ok(await node.post('/v1/users', zoe)).id;
    assert.equal(ok(await node.get('/v1/users/me', asZoe)).firstName, 'Zoë');
    const modified = ok(await node.post(`/v1/identity/${id}/ModifyUser`, { firstName: 'Zoë', lastName: 'Alleyne', picture: '', locale: 'en' }, asZoe));
    assert.equal(modified.version, 2);
    assert.equal(ok(await node.get(`/v1/views/users/${id}`, { 'X-Min-Position': modified.position })).lastName, 'Alleyne');
    assert.equal(ok(await node.post(`/v1/identity/${id}/LockAccount`, { reason: 'lost phone' }, asZoe)).version, 3);
    const refused = await node.post(`/v1/identity/${id}/ModifyUser`, { firstName: 'Z', lastName: 'W', picture: '', locale: '' });
    assert.equal(refused.body.code, 'account-locked');
    assert.deepEqual((await node.allEvents('identity')).map((event) => event.type), ['UserAdded', 'UserModified', 'AccountLocked']);
    assert.equal(ok(await node.get(`/admin/entities/identity/${id}?version=1`)).state.lastName, 'Washburne');
  });

  await t.test('any JetStream client can follow the events', async () => {
    const stream = await manager.streams.find(`identity.${id}`);
    const stored = await manager.streams.getMessage(stream, { last_by_subj: `identity.${id}` });
    const event = stored.json();
    assert.equal(event.type, 'AccountLocked');
    assert.deepEqual(Object.keys(event).sort(), ['data', 'id', 'metadata', 'type']);
    assert.equal(stored.header.get('Troupe-Version'), '3');
    assert.equal(stored.header.get('Troupe-Command-Id'), event.metadata.commandId);
    const { config } = await manager.streams.info(stream);
    assert.deepEqual([config.storage, config.deny_delete, config.deny_purge, config.allow_direct], ['file', true, true, true]);
    assert.deepEqual(config.subjects, ['identity.*', 'identity.command.*']);
  });

  await t.test('a durable command is done, answered and acknowledged; a repeat is answered alike', async () => {
    const outcomes = nc.subscribe('my.outcomes');
    const unlock = envelope('unlock-1', 'UnlockAccount', { reason: 'found it' }, { traceId: 'trace-1', userId: 'support' });
    const answered = headers();
    answered.set('Troupe-Outcome-To', 'my.outcomes');
    const received = outcomes[Symbol.asyncIterator]();
    const next = async () => (await received.next()).value.json();
    await js.publish(`identity.command.${id}`, unlock, { headers: answered, msgID: 'unlock-1' });
    const first = await next();
    assert.equal(first.status, 'accepted');
    assert.equal(first.version, 4);
    assert.equal(first.commandId, 'unlock-1');
    answered.delete('Nats-Msg-Id');
    await js.publish(`identity.command.${id}`, unlock, { headers: answered });
    assert.deepEqual(await next(), first);
    const last = (await node.allEvents('identity')).at(-1);
    assert.equal(last.type, 'AccountUnlocked');
    assert.equal(last.metadata.traceId, 'trace-1');
    assert.equal(last.version, 4);
    const stream = await manager.streams.find(`identity.${id}`);
    await until('both to be acknowledged', async () => {
      const { num_ack_pending: pending, num_pending: left } = await manager.consumers.info(stream, 'mic-identity-addressed');
      return pending === 0 && left === 0;
    });
  });

  await t.test('a durable command may leave the entity to the feature', async () => {
    await js.publish('identity.command', envelope('add-wash', 'AddUser', profile('wash')));
    await until('the user to be there', async () => (await node.get('/v1/users/me', { 'X-Debug-Sub': 'auth0|wash' })).status === 200);
  });

  await t.test('what is no command is parked with its reason and position, and the next one is done', async () => {
    const broken = await js.publish(`identity.command.${id}`, '{"id": "x", "type":');
    const unknown = await js.publish(`identity.command.${id}`, envelope('u-1', 'PromoteUser', {}));
    await js.publish('identity.command', envelope('add-jayne', 'AddUser', profile('jayne')));
    await until('the next user to be there', async () => (await node.get('/v1/users/me', { 'X-Debug-Sub': 'auth0|jayne' })).status === 200);
    const letters = await until('the letters', async () => {
      const { items } = ok(await node.get('/admin/dead-letters'));
      return items.length === 2 && items;
    });
    assert.deepEqual(letters.map((letter) => letter.position).sort((a, b) => a - b), [broken.seq, unknown.seq].sort((a, b) => a - b));
    for (const letter of letters) {
      assert.equal(letter.bridge, 'nats-commands');
      assert.equal(letter.stream, `identity.command.${id}`);
      assert.ok(letter.reason.length > 0);
    }
  });

  await t.test('a question is answered with the outcome', async () => {
    const ask = async (subject, body) => (await nc.request(subject, body, { timeout: 30_000 })).json();
    const closed = await ask(`troupe.ask.identity.${id}.LockAccount`, JSON.stringify({ reason: 'asked' }));
    assert.equal(closed.status, 'accepted');
    assert.equal(closed.version, 5);
    const again = await ask('troupe.ask.identity', envelope('add-wash', 'AddUser', profile('wash')));
    assert.equal(again.status, 'accepted');
    assert.equal(again.version, 1);
    const refused = await ask(`troupe.ask.identity.${id}.ModifyUser`, JSON.stringify({ firstName: 'Z', lastName: 'W', picture: '', locale: '' }));
    assert.equal(refused.status, 'rejected');
    assert.equal(refused.code, 'account-locked');
    assert.equal((await ask('troupe.ask.identity', '{')).status, 'invalid');
    assert.equal((await ask('troupe.ask.nothing', '{}')).status, 'not-found');
  });

  await t.test('the channels are actors', async () => {
    for (const name of ['nats-commands', 'nats-ask']) {
      const actor = ok(await node.get(`/admin/actors/bridges/${name}`));
      assert.equal(actor.kind, 'bridge');
      assert.equal(actor.status, 'running');
    }
    ok(await node.post('/admin/actors/bridges/nats-commands/restart'));
    await js.publish('identity.command', envelope('add-book', 'AddUser', profile('book')));
    await until('the restarted bridge to work', async () => (await node.get('/v1/users/me', { 'X-Debug-Sub': 'auth0|book' })).status === 200);
  });

  await t.test('a key is good for one command, after a restart too', async () => {
    const key = { 'Idempotency-Key': 'once' };
    const path = `/v1/identity/${id}/UnlockAccount`;
    const first = await node.post(path, { reason: 'one' }, key);
    ok(first);
    assert.deepEqual((await node.post(path, { reason: 'one' }, key)).body, first.body);
    assert.equal((await node.post(path, { reason: 'two' }, key)).status, 422);
    assert.deepEqual(await node.stop(), { code: 0, signal: null });
    const next = await startNode(t, { flags: broker.flags });
    assert.deepEqual((await next.post(path, { reason: 'one' }, key)).body, first.body);
    assert.equal((await next.post(path, { reason: 'two' }, key)).status, 422);
  });
});

test('a node dies under load, and every accepted command is there once', async (t) => {
  const broker = await startBroker(t);
  for (let round = 1; round <= 3; ++round) {
    const node = await startNode(t, { flags: broker.flags });
    const before = (await node.allEvents('identity')).length;
    const load = new Load(t, node, `round-${round}`);
    await load.reached(200);
    const killed = node.stop('SIGKILL');
    load.done = true;
    await killed;
    await load.stop();
    const next = await startNode(t, { flags: broker.flags });
    assert.ok((await compare(next, load)).length >= before + 200);
    await next.caughtUp('users');
    assert.equal((await next.allRows('users')).length, (await next.allEvents('identity')).length);
    await next.stop();
  }
});

test('a broker dies ten times under load and comes back, and nothing that was accepted is lost', async (t) => {
  const broker = await startBroker(t);
  const node = await startNode(t, { flags: broker.flags });
  const load = new Load(t, node);
  for (let round = 1; round <= 10; ++round) {
    await load.goesOn(200);
    await broker.kill();
    await until('readiness to go off', async () => (await node.get('/readyz')).status === 503);
    await broker.start();
    await until('readiness to come back', async () => (await node.get('/readyz')).status === 200);
  }
  await load.goesOn(50);
  await load.stop();
  await compare(node, load);
});

test('a broker that stands still for five seconds loses nothing, and nothing stored is called a failure', async (t) => {
  const broker = await startBroker(t);
  const node = await startNode(t, { flags: broker.flags });
  const load = new Load(t, node);
  await load.reached(200);
  broker.pause();
  await new Promise((resolve) => setTimeout(resolve, 5_000)); // the fault under test, not a wait for something
  broker.resume();
  await load.goesOn(200);
  await load.stop();
  await compare(node, load);
});

test('every durable command three times and shuffled has one effect, and the views are the same', async (t) => {
  const once = await startBroker(t);
  const thrice = await startBroker(t);
  const random = seeded(7);
  const adds = Array.from({ length: 100 }, (_, i) => ['identity.command', envelope(`add-${i}`, 'AddUser', profile(`user-${i}`))]);
  const shuffled = [...adds, ...adds, ...adds].map((one) => [random(), one]).sort(([a], [b]) => a - b).map(([, one]) => one);
  const rows = [];
  for (const [broker, messages] of [[once, adds], [thrice, shuffled]]) {
    const node = await startNode(t, { flags: broker.flags });
    const { js, manager } = await connectTo(t, broker);
    let last;
    for (const [subject, body] of messages) last = (await js.publish(subject, body)).seq;
    await until('all commands to be acknowledged', async () =>
      (await manager.consumers.info('troupe_identity', 'mic-identity')).ack_floor.stream_seq >= last);
    const events = await node.allEvents('identity');
    assert.equal(events.length, 100);
    assert.equal(new Set(events.map((event) => event.metadata.commandId)).size, 100);
    await node.caughtUp('users');
    assert.deepEqual(ok(await node.get('/admin/dead-letters')).items, []);
    rows.push((await node.allRows('users')).map(({ created, updated, ...row }) => row));
  }
  assert.deepEqual(rows[1], rows[0]);
});

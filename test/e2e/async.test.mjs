// Commands that nobody waits for: taken in, asked about, and told right also after a restart.
import assert from 'node:assert/strict';
import test from 'node:test';
import { inFlight, ok, profile, startNode, temporaryDirectory, until } from './support/node.mjs';

const modification = (firstName) => ({ firstName, lastName: 'L', picture: '', locale: 'en' });
const async = { Prefer: 'respond-async' };
const keyed = (key) => ({ ...async, 'Idempotency-Key': key });

test('commands that are not waited for', async (t) => {
  const data = temporaryDirectory(t);
  let node = await startNode(t, { data });
  const { id } = ok(await node.post('/v1/identity/AddUser', profile('zoe')));
  const modify = `/v1/identity/${id}/ModifyUser`;
  const outcome = (location) =>
    until(`the outcome at ${location}`, async () => {
      const answer = ok(await node.get(location));
      return answer.status !== 'pending' && answer;
    });
  const takenIn = (answer) => {
    assert.equal(answer.status, 202, answer.text);
    assert.equal(answer.headers['preference-applied'], 'respond-async');
    assert.equal(answer.body.location, answer.headers.location);
    return answer.headers.location;
  };
  const known = new Map();

  await t.test('are answered 202 and accepted later', async () => {
    const location = takenIn(await node.post(modify, modification('A'), async));
    const accepted = await outcome(location);
    assert.equal(accepted.status, 'accepted');
    assert.equal(accepted.version, 2);
    assert.equal(accepted.events[0].type, 'UserModified');
    const [, event] = await node.allEvents('identity');
    assert.equal(location, `/v1/commands/${event.metadata.commandId}`);
    assert.equal(accepted.position, `identity:${event.position}`);
    known.set(location, accepted);
  });

  await t.test('have the same answer as those that are', async () => {
    const location = takenIn(await node.post('/v1/identity/AddUser', profile('wash'), keyed('a/b "c"'.replaceAll(' ', '_'))));
    const { status, ...told } = await outcome(location);
    assert.equal(status, 'accepted');
    assert.deepEqual(ok(await node.post('/v1/identity/AddUser', profile('wash'), { 'Idempotency-Key': 'a/b_"c"' })), told);
    known.set(location, { status, ...told });
  });

  await t.test('keep their refusals', async () => {
    const refused = await outcome(takenIn(await node.post('/v1/identity/nobody/ModifyUser', modification('A'), async)));
    assert.equal(refused.status, 'rejected');
    assert.equal(refused.code, 'user-not-found');
    assert.ok(refused.detail);
    const behind = await outcome(takenIn(await node.post(modify, modification('B'), { ...async, 'If-Match': '"9"' })));
    assert.equal(behind.status, 'rejected');
    assert.equal(behind.code, 'version-mismatch');
    const nothing = await outcome(takenIn(await node.post(modify, modification('A'), async)));
    assert.equal(nothing.status, 'accepted');
    assert.deepEqual(nothing.events, []);
    for (const one of [refused, behind, nothing]) known.set(`/v1/commands/${one.commandId}`, one);
  });

  await t.test('are refused at once when they are wrong', async () => {
    const wrong = await node.post('/v1/identity/AddUser', profile('x', { email: 7 }), async);
    assert.equal(wrong.status, 400);
    assert.deepEqual(wrong.body.fields.map((field) => field.path), ['/email']);
    assert.equal((await node.post('/v1/identity/Unheard', {}, async)).status, 404);
    assert.equal((await node.post('/v1/identity/1/AddUser', profile('x'), async)).status, 409);
    assert.equal((await node.get('/v1/commands/never-sent')).status, 404);
  });

  await t.test('are one under one key, and another body is refused at once', async () => {
    const all = await inFlight(50, 50, () => node.post(modify, modification('C'), keyed('crowd')));
    all.forEach(takenIn);
    const accepted = await outcome('/v1/commands/crowd');
    assert.equal((await node.post(modify, modification('D'), keyed('crowd'))).status, 422);
    takenIn(await node.post(modify, modification('C'), keyed('crowd')));
    assert.deepEqual(await outcome('/v1/commands/crowd'), accepted);
    assert.equal((await node.allEvents('identity')).filter((event) => event.metadata.commandId === 'crowd').length, 1);
    known.set('/v1/commands/crowd', accepted);
  });

  await t.test('come in arrays too, and for one entity in order', async () => {
    const envelopes = Array.from({ length: 100 }, (_, i) => ({
      id: `array-${i}`, type: 'ModifyUser', stream: `identity.command.${id}`, metadata: {}, data: modification(`array ${i}`),
    }));
    const answer = await node.post('/v1/commands', [...envelopes, { id: 'array-0', type: 'AddUser', metadata: {}, data: profile('other') }], async);
    assert.equal(answer.status, 202);
    assert.deepEqual(answer.body.map((one) => one.status), [...envelopes.map(() => 202), 422]);
    const versions = [];
    for (const { location } of answer.body.slice(0, 100)) versions.push((await outcome(location)).version);
    assert.deepEqual(versions, versions.map((_, i) => versions[0] + i));
  });

  await t.test('are known after a restart, however the node ended', async () => {
    for (const signal of ['SIGKILL', 'SIGTERM']) {
      await node.stop(signal);
      node = await startNode(t, { data });
      for (const [location, answer] of known) assert.deepEqual(ok(await node.get(location)), answer, location);
    }
  });

  await t.test('are finished before a node stops', async () => {
    const many = await inFlight(200, 32, (i) => node.post('/v1/identity/AddUser', profile(`last-${i}`), async));
    const locations = many.map(takenIn);
    assert.deepEqual(await node.stop('SIGTERM'), { code: 0, signal: null });
    node = await startNode(t, { data });
    for (const location of locations) assert.equal(ok(await node.get(location)).status, 'accepted');
  });
});

test('an array is taken in its order', async (t) => {
  const node = await startNode(t);
  const envelope = (id, type, data, stream) => ({ id, type, metadata: {}, data, ...(stream && { stream: `identity.command.${stream}` }) });

  await t.test('for equal ids, whatever they are for', async () => {
    for (let round = 0; round < 50; ++round) {
      const answers = ok(await node.post('/v1/commands', [
        envelope(`same-${round}`, 'AddUser', profile(`first-${round}`)),
        envelope(`same-${round}`, 'AddUser', profile(`second-${round}`)),
        envelope(`same-${round}`, 'AddUser', profile(`first-${round}`)),
      ]));
      assert.deepEqual(answers.map((one) => one.status), [200, 422, 200]);
      assert.deepEqual(answers[2], answers[0]);
    }
  });

  await t.test('for equal entities', async () => {
    const { id } = ok(await node.post('/v1/identity/AddUser', profile('book')));
    const names = Array.from({ length: 500 }, (_, i) => `name ${i}`);
    const answers = ok(await node.post('/v1/commands', names.map((name, i) => envelope(`order-${i}`, 'ModifyUser', modification(name), id))));
    assert.deepEqual(answers.map((one) => one.version), names.map((_, i) => i + 2));
    const events = ok(await node.get(`/admin/streams/identity/${id}?limit=1000`)).items;
    assert.deepEqual(events.slice(1).map((event) => event.data.firstName), names);
  });
});

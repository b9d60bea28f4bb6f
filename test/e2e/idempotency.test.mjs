// One key, one answer, one effect: under a crowd, after the handler has left memory, and after the node was killed.
import assert from 'node:assert/strict';
import test from 'node:test';
import { inFlight, ok, profile, startNode, temporaryDirectory, until } from './support/node.mjs';

const modification = (firstName) => ({ firstName, lastName: 'L', picture: '', locale: 'en' });
const keyed = (key) => ({ 'Idempotency-Key': key });
const plain = (answer) => ({ status: answer.status, body: answer.body, etag: answer.headers.etag });
const residents = async (node) => ok(await node.get('/admin/actors?kind=command-handler&limit=1000')).items.map((one) => one.path.split('/').at(-1));

/** One command of every kind of answer, each under a key of its own: [key, path, body]. */
async function examples(node, name) {
  const { id } = ok(await node.post('/v1/identity/AddUser', profile(name)));
  const { id: locked } = ok(await node.post('/v1/identity/AddUser', profile(`${name}-locked`)));
  ok(await node.post(`/v1/identity/${locked}/LockAccount`, { reason: 'r' }));
  return {
    ids: [id, locked],
    sent: [
      [`${name}-add`, '/v1/identity/AddUser', profile(`${name}-new`)],
      [`${name}-user`, '/v1/users', profile(`${name}-user`)],
      [`${name}-modify`, `/v1/identity/${id}/ModifyUser`, modification('A')],
      [`${name}-same`, `/v1/identity/${id}/ModifyUser`, modification('A')],
      [`${name}-refused`, `/v1/identity/${locked}/ModifyUser`, modification('A')],
    ],
  };
}

test('a key sent a hundred times at once has one effect and one answer', async (t) => {
  const node = await startNode(t);
  const { sent } = await examples(node, 'zoe');
  for (const [key, path, body] of sent) {
    const answers = await inFlight(100, 100, () => node.post(path, body, keyed(key)));
    for (const answer of answers) assert.deepEqual(plain(answer), plain(answers[0]), key);
    assert.ok([200, 409].includes(answers[0].status), answers[0].text);
    const events = (await node.allEvents('identity')).filter((event) => event.metadata.commandId === key);
    assert.equal(events.length, /same|refused/.test(key) ? 0 : 1, key);
  }
  // Two bodies under one key at once: one of them wins, and every sender is told which.
  const bodies = [modification('X'), modification('Y')];
  const [, path] = sent[2];
  const answers = await inFlight(100, 100, (i) => node.post(path, bodies[i % 2], keyed('contested')));
  const winners = answers.filter((answer) => answer.status === 200);
  assert.equal(winners.length, 50);
  assert.ok(answers.every((answer) => answer.status === 200 || answer.body.code === 'id-reused'));
  assert.equal((await node.allEvents('identity')).filter((event) => event.metadata.commandId === 'contested').length, 1);
});

for (const [why, flags] of [['idle', ['--idle', '1']], ['the least recently used of too many', ['--max-resident', '2']]]) {
  test(`a key gives the same answer after its handler was passivated, being ${why}`, async (t) => {
    const node = await startNode(t, { flags });
    const { ids, sent } = await examples(node, 'wash');
    const before = [];
    for (const [key, path, body] of sent) before.push(plain(await node.post(path, body, keyed(key))));
    const events = await node.allEvents('identity');
    if (why !== 'idle') for (let i = 0; i < 4; ++i) ok(await node.post('/v1/identity/AddUser', profile(`other-${i}`)));
    await until('the handlers to be passivated', async () => {
      const live = await residents(node);
      return ids.every((id) => !live.includes(id));
    });
    for (const [i, [key, path, body]] of sent.entries()) {
      assert.deepEqual(plain(await node.post(path, body, keyed(key))), before[i], key);
      const other = await node.post(path, { ...body, locale: 'fr' }, keyed(key));
      assert.equal(other.status, 422, other.text);
      assert.equal(other.body.code, 'id-reused');
    }
    assert.deepEqual((await node.allEvents('identity')).slice(0, events.length), events);
    assert.equal((await node.allEvents('identity')).length, events.length + (why === 'idle' ? 0 : 4));
  });
}

test('a key gives the same answer after the node was killed', async (t) => {
  const data = temporaryDirectory(t);
  let node = await startNode(t, { data });
  const { ids: [id], sent } = await examples(node, 'inara');
  sent.push(['mismatch', `/v1/identity/${id}/ModifyUser`, modification('Z'), { 'If-Match': '"7"' }]);
  const before = [];
  for (const [key, path, body, more] of sent) before.push(plain(await node.post(path, body, { ...keyed(key), ...more })));
  assert.equal(before.at(-1).status, 412);
  const events = await node.allEvents('identity');
  await node.stop('SIGKILL');
  node = await startNode(t, { data });
  for (const [i, [key, path, body, more]] of sent.entries()) {
    assert.deepEqual(plain(await node.post(path, body, { ...keyed(key), ...more })), before[i], key);
  }
  assert.deepEqual(await node.allEvents('identity'), events);
});

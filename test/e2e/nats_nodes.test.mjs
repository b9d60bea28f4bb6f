// Two nodes on one broker: what one stores, the other's readers see at once.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startBroker } from './support/nats.mjs';
import { afterwards, ok, profile, startNode, until } from './support/node.mjs';

const rounds = 20;

/** Reads a stream of events: next() is the data of the next one; `heartbeats` counts the signs of life in between. */
async function follow(t, url) {
  const ending = new AbortController();
  afterwards(t, () => ending.abort());
  const answer = await fetch(url, { headers: { Accept: 'text/event-stream' }, signal: ending.signal });
  assert.equal(answer.status, 200);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  const stream = { heartbeats: 0 };
  let text = '';
  stream.next = async () => {
    for (;;) {
      for (let end; (end = text.indexOf('\n\n')) >= 0;) {
        const message = text.slice(0, end);
        text = text.slice(end + 2);
        if (message === ':') ++stream.heartbeats;
        const data = message.split('\n').find((line) => line.startsWith('data: '));
        if (data) return JSON.parse(data.slice('data: '.length));
      }
      const { value, done } = await reader.read();
      if (done) throw new Error(`${url} has ended`);
      text += value;
    }
  };
  return stream;
}

const median = (times) => times.sort((a, b) => a - b)[times.length >> 1].toFixed(1);

test('an event that another node stores reaches the streams of this one at once, and not with the next heartbeat', async (t) => {
  const broker = await startBroker(t);
  const writer = await startNode(t, { flags: [...broker.flags, '--node', 'writer'] });
  const reader = await startNode(t, { flags: [...broker.flags, '--node', 'reader'] });
  const events = await follow(t, `${reader.http}/v1/events/identity`);
  let id;
  let people = 0;
  await until('an entity that the writer owns', async () => {
    ({ id } = ok(await writer.post('/v1/identity/AddUser', profile(`person-${++people}`))));
    return (await events.next()).metadata.node === 'writer';
  });
  const times = [];
  for (let i = 0; i < rounds; ++i) {
    const { position } = ok(await writer.post(`/v1/identity/${id}/ModifyUser`, { firstName: `name-${i}`, lastName: '', picture: '', locale: '' }));
    const answered = performance.now();
    const event = await events.next();
    times.push(performance.now() - answered);
    assert.equal(`identity:${event.position}`, position);
    assert.equal(event.metadata.node, 'writer');
  }
  t.diagnostic(`from the answer to the event: median ${median(times)} ms`);
  assert.ok(events.heartbeats < rounds / 2, `${events.heartbeats} of ${rounds} events came only with a heartbeat`);
});

test('a view waits on one node for what another has stored, and shows it', async (t) => {
  const broker = await startBroker(t);
  const writer = await startNode(t, { flags: [...broker.flags, '--node', 'writer'] });
  const reader = await startNode(t, { flags: [...broker.flags, '--node', 'reader'] });
  const times = [];
  for (let i = 0; i < rounds; ++i) {
    const { id, position } = ok(await writer.post('/v1/identity/AddUser', profile(`person-${i}`)));
    const answered = performance.now();
    const row = ok(await reader.get(`/v1/views/users/${id}`, { 'X-Min-Position': position }));
    times.push(performance.now() - answered);
    assert.equal(row.firstName, `person-${i}`);
  }
  t.diagnostic(`from the answer to the row: median ${median(times)} ms`);
  ok(await reader.post('/v1/identity/AddUser', profile('last')));
  await writer.caughtUp('users');
  assert.deepEqual(await writer.allRows('users'), await reader.allRows('users'));
});

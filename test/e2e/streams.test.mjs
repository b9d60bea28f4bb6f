// Server-sent events over HTTP: rows and events as they change, without loss or repeat, for as long as reader and node live.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import test from 'node:test';
import { inFlight, ok, patience, profile, startNode, temporaryDirectory, until } from './support/node.mjs';

const modification = (firstName) => ({ firstName, lastName: 'L', picture: '', locale: 'en' });

/** Opens a stream: { status, headers, body, next(), ended, close() }; next() is one event { id, event, data }. */
function follow(t, node, path, headers = {}) {
  return new Promise((resolve, reject) => {
    const sent = http.request(node.http + path, { headers: { Accept: 'text/event-stream', ...headers }, agent: false }, (received) => {
      const waiting = [];
      const arrived = [];
      const stream = { status: received.statusCode, headers: received.headers, body: '', over: false, close: () => sent.destroy() };
      const deliver = () => {
        while (waiting.length && (arrived.length || stream.over)) waiting.shift()(arrived.shift());
      };
      stream.next = () => new Promise((give, refuse) => {
        const timer = setTimeout(() => refuse(new Error(`no event of ${path} within ${patience} ms`)), patience);
        waiting.push((event) => (clearTimeout(timer), give(event)));
        deliver();
      });
      let text = '';
      received.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
        stream.body += stream.status === 200 ? '' : chunk;
        for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
          const fields = Object.fromEntries(text.slice(0, end).split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
          if (fields.data !== undefined) arrived.push({ ...fields, data: JSON.parse(fields.data) });
        }
        deliver();
      });
      stream.ended = new Promise((end) => {
        received.on('error', () => {});
        received.on('close', () => ((stream.over = true), deliver(), end()));
      });
      resolve(stream);
    });
    t.after(() => sent.destroy());
    sent.on('error', reject);
    sent.end();
  });
}

const streamsOf = (node, count) => until(`${count} open streams`, async () => ok(await node.get('/admin/actors/bridges/http')).state.streams === count);

test('a row is streamed now and at every change', async (t) => {
  const node = await startNode(t);
  const { id } = ok(await node.post('/v1/identity/AddUser', profile('zoe')));
  const modify = async (name) => ok(await node.post(`/v1/identity/${id}/ModifyUser`, modification(name)));
  await node.caughtUp('users');
  const stream = await follow(t, node, `/v1/views/users/${id}`);
  assert.equal(stream.status, 200);
  assert.equal(stream.headers['content-type'], 'text/event-stream');
  const now = await stream.next();
  assert.equal(now.data.firstName, 'zoe');
  for (const name of ['A', 'B']) {
    const { position } = await modify(name);
    const change = await stream.next();
    assert.equal(change.data.firstName, name);
    assert.ok(Number(change.id) <= Number(position.slice('identity:'.length)));
  }
  // Changes of others are none of this row's.
  ok(await node.post('/v1/identity/AddUser', profile('wash')));
  await node.caughtUp('users');
  await modify('C');
  assert.equal((await stream.next()).data.firstName, 'C');

  const { position } = await modify('D');
  const fresh = await follow(t, node, `/v1/views/users/${id}`, { 'X-Min-Position': position });
  assert.equal((await fresh.next()).data.firstName, 'D');
  assert.equal((await follow(t, node, '/v1/views/users/nobody')).status, 404);
});

test('the events of a category', async (t) => {
  const data = temporaryDirectory(t);
  let node = await startNode(t, { data });
  const add = async (name) => ok(await node.post('/v1/identity/AddUser', profile(name)));
  const take = async (stream, count) => {
    const events = [];
    while (events.length < count) events.push(await stream.next());
    return events;
  };

  await t.test('come from the log first and live then, as /v1/events has them', async () => {
    for (const name of ['a', 'b', 'c']) await add(name);
    const stream = await follow(t, node, '/v1/events/identity');
    const before = await take(stream, 3);
    for (const name of ['d', 'e']) await add(name);
    const events = [...before, ...(await take(stream, 2))];
    assert.deepEqual(events.map((event) => event.data), await node.allEvents('identity'));
    assert.deepEqual(events.map((event) => Number(event.id)), events.map((event) => event.data.position));
    stream.close();
  });

  await t.test('go on behind Last-Event-ID without loss or repeat, while a crowd writes', async () => {
    const writing = inFlight(200, 16, (i) => add(`crowd-${i}`));
    const seen = [];
    let last;
    while (seen.length < 205) {
      const stream = await follow(t, node, '/v1/events/identity?from=1', last ? { 'Last-Event-ID': last } : {});
      for (let i = 0; i < 23 && seen.length < 205; ++i) {
        const event = await stream.next();
        last = event.id;
        seen.push(event.data);
      }
      stream.close();
    }
    await writing;
    assert.deepEqual(seen, await node.allEvents('identity'));
  });

  await t.test('go on after a restart of the node', async () => {
    const all = await node.allEvents('identity');
    const stream = await follow(t, node, `/v1/events/identity?from=${all.at(-1).position}`);
    const last = await stream.next();
    assert.deepEqual(await node.stop('SIGTERM'), { code: 0, signal: null }); // not held up by the stream
    await stream.ended;
    assert.equal(await stream.next(), undefined);
    node = await startNode(t, { data });
    const again = await follow(t, node, '/v1/events/identity', { 'Last-Event-ID': last.id });
    const { position } = await add('afterwards');
    const next = await again.next();
    assert.equal(`identity:${next.id}`, position);
    assert.equal((await follow(t, node, '/v1/events/identity', { 'Last-Event-ID': 'x' })).status, 400);
    assert.equal((await follow(t, node, '/v1/events/nothing')).status, 404);
    again.close();
  });
});

test('streams are bounded, and requests are answered beside them', async (t) => {
  const node = await startNode(t, { flags: ['--max-streams', '20'] });
  const streams = [];
  for (let i = 0; i < 20; ++i) streams.push(await follow(t, node, '/v1/events/identity'));
  assert.ok(streams.every((stream) => stream.status === 200));
  const refused = await follow(t, node, '/v1/events/identity');
  assert.equal(refused.status, 503);
  assert.ok(refused.headers['retry-after']);
  ok(await node.post('/v1/identity/AddUser', profile('zoe')));
  for (const stream of streams) assert.equal((await stream.next()).data.type, 'UserAdded');
  assert.match((await node.get('/metrics')).text, /^troupe_http_streams 20$/m);

  // Those who leave make room, and take nothing with them.
  for (const stream of streams) stream.close();
  await streamsOf(node, 0);
  const stream = await follow(t, node, '/v1/events/identity');
  assert.equal((await stream.next()).data.type, 'UserAdded');
});

test('a reader that does not read is cut off, and costs the node nothing', async (t) => {
  const node = await startNode(t, { flags: ['--max-body', String(8 << 20)] });
  const big = 'x'.repeat(2000);
  const many = Array.from({ length: 1000 }, (_, i) => ({ id: `c-${i}`, type: 'AddUser', metadata: {}, data: profile(`p-${i}`, { picture: big }) }));
  for (let round = 0; round < 5; ++round) {
    ok(await node.post('/v1/commands', many.map((one) => ({ ...one, id: `${one.id}-${round}`, data: { ...one.data, auth0Id: `${round}-${one.data.auth0Id}` } })))).forEach((one) => assert.equal(one.status, 200));
  }
  const { port, hostname } = new URL(node.http);
  const socket = net.connect({ port, host: hostname });
  t.after(() => socket.destroy());
  socket.on('error', () => {}); // cut off
  const begun = new Promise((resolve) => socket.once('readable', resolve)); // and nothing is read
  socket.write(`GET /v1/events/identity HTTP/1.1\r\nHost: ${hostname}\r\nAccept: text/event-stream\r\n\r\n`);
  await begun;
  await streamsOf(node, 0);
  ok(await node.get('/v1/events/identity?limit=1'));
});

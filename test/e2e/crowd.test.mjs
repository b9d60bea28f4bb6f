// Many clients, slow ones and too many at once: the honest are served, the others are cut off or told to come back.
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { inFlight, ok, patience, profile, startNode, until } from './support/node.mjs';
import { RawConnection, isSanitized, metric, requestBytes, residentMemory } from './support/raw.mjs';

const reached = (node, limit) => metric(node, `troupe_limit_reached_total{limit="${limit}"}`);

/** Connections that keep the node waiting, each in its own way. */
function slowClients(node, count) {
  const page = requestBytes('GET', '/v1/views/users?limit=1000');
  const trickle = (peer, bytes) => {
    let at = 0;
    const timer = setInterval(() => {
      if (peer.over || at >= bytes.length) return clearInterval(timer);
      peer.send(bytes.subarray(at, ++at));
    }, 200);
  };
  return Array.from({ length: count }, (_, i) => {
    const peer = new RawConnection(node.http);
    switch (i % 4) {
      case 0:
        trickle(peer, Buffer.from(`GET /v1/views/users HTTP/1.1\r\nHost: localhost\r\nX-Slow: ${'s'.repeat(10_000)}`));
        break;
      case 1:
        peer.send(`POST /v1/users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10000\r\n\r\n{`);
        trickle(peer, Buffer.alloc(9_998, ' '));
        break;
      case 2:
        break;  // Says nothing at all.
      case 3:  // Asks again and again, and reads nothing.
        peer.socket.pause();
        for (let asked = 0; asked < 100; ++asked) peer.send(page);
    }
    return peer;
  });
}

test('two hundred slow clients are cut off while the honest ones are served', async (t) => {
  const node = await startNode(t, { flags: ['--read-timeout', '15', '--write-timeout', '15', '--keep-alive', '15'] });
  // A connection for each request: one that waits may be closed just when it is used again.
  node.agent = new http.Agent({ keepAlive: false });
  // A page that fills the sockets' buffers soon.
  await inFlight(200, 16, async (i) => ok(await node.post('/v1/users', profile(`first${i}`, { picture: 'p'.repeat(2_000) }))));

  const slow = slowClients(node, 200);
  t.after(() => slow.forEach((peer) => peer.close()));
  await Promise.all(slow.map((peer) => peer.connected));
  let cut = false;
  const allCut = Promise.all(slow.map(async (peer, i) => {
    if (i % 4 !== 3) return peer.ended();
    // Until their buffers are full, the node makes some hundred large pages for them.
    return until('a client that does not read to be cut off', async () => (await reached(node, 'write-timeout')) >= 50,
      isSanitized(node.pid) ? 4 * patience : patience);
  })).then(() => (cut = true));

  const took = [];
  await Promise.all(Array.from({ length: 8 }, async (_, client) => {
    for (let i = 0; !cut || i < 25; ++i) {
      const begun = performance.now();
      ok(await node.post('/v1/users', profile(`honest${client}x${i}`)));
      took.push(performance.now() - begun);
    }
  }));
  await allCut;
  took.sort((a, b) => a - b);
  t.diagnostic(`${took.length} honest requests, p50 ${took[took.length >> 1].toFixed(1)} ms, ` +
    `p99 ${took[Math.floor(took.length * 0.99)].toFixed(1)} ms (target: 500 ms), longest ${took.at(-1).toFixed(1)} ms`);
  assert.ok(took.at(-1) < patience);

  assert.ok((await reached(node, 'read-timeout')) >= 100, 'slow heads and bodies are counted');
  assert.ok((await reached(node, 'keep-alive')) >= 50, 'silent connections are counted');
  assert.equal((await node.allRows('users')).length >= 200, true);
  assert.equal((await node.allEvents('identity')).length, 200 + took.length);
});

test('a connection too many is told to come back', async (t) => {
  const node = await startNode(t, { flags: ['--max-connections', '8'] });
  const ask = requestBytes('GET', '/v1/views/users');
  const peers = Array.from({ length: 8 }, () => new RawConnection(node.http));
  t.after(() => peers.forEach((peer) => peer.close()));
  for (const peer of peers) assert.equal((await peer.send(ask).answer()).status, 200);

  for (let round = 0; round < 20; ++round) {
    const ninth = new RawConnection(node.http);
    const refused = await ninth.answer();
    assert.equal(refused.status, 503);
    assert.equal(refused.headers['retry-after'], '1');
    assert.equal(JSON.parse(refused.text).code, 'overloaded');
    assert.equal(await ninth.ended(), '');
    ninth.close();
  }
  assert.equal(await reached(node, 'max-connections'), 20);
  for (const peer of peers) assert.equal((await peer.send(ask).answer()).status, 200);

  peers.pop().close();
  await until('the place to be free again', async () => {
    const next = new RawConnection(node.http);
    const answer = await next.send(ask).answer();
    next.close();
    return answer?.status === 200;
  });
});

test('commands beyond the bounds are told to come back, and all others are answered', async (t) => {
  const node = await startNode(t, { flags: ['--max-in-flight', '16', '--max-in-flight-per-entity', '4', '--max-resident', '100'] });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 128 });
  t.after(() => agent.destroy());
  const home = ok(await node.post('/v1/users', profile('home'))).id;
  let accepted = 1;
  const refusals = new Map();
  const note = (outcome, retryAfter) => {
    if (outcome.status === undefined || outcome.status === 200) return ++accepted;
    assert.equal(outcome.status, 503, JSON.stringify(outcome));
    if (retryAfter !== undefined) assert.ok(Number(retryAfter) >= 1);
    refusals.set(outcome.code, (refusals.get(outcome.code) ?? 0) + 1);
  };
  const flood = async (round) => {
    await inFlight(500, 128, async (i) => {
      const answer = await node.request('POST', '/v1/users', { agent, body: profile(`r${round}u${i}`) });
      note(answer.status === 200 ? {} : answer.body, answer.headers['retry-after'] ?? 0);
    });
    const modify = (i) => ({
      id: `r${round}m${i}`, type: 'ModifyUser', stream: `identity.command.${home}`, metadata: {},
      data: { firstName: `${round} ${i}`, lastName: '', picture: '', locale: 'en' },
    });
    const outcomes = ok(await node.post('/v1/commands', Array.from({ length: 500 }, (_, i) => modify(i))));
    outcomes.forEach((outcome) => note(outcome));
  };
  for (let round = 0; round < 3; ++round) await flood(round);
  const before = residentMemory(node.pid);
  for (let round = 3; round < 9; ++round) await flood(round);
  const after = residentMemory(node.pid);
  t.diagnostic(`${accepted} accepted, refused: ${JSON.stringify(Object.fromEntries(refusals))}; ` +
    `${before.toFixed(0)} MiB after 3 rounds, ${after.toFixed(0)} MiB after 9`);
  if (!isSanitized(node.pid)) assert.ok(after < before + 48, `memory grew from ${before} to ${after} MiB`);

  assert.ok(refusals.get('node-overloaded') > 0);
  assert.ok(refusals.get('entity-overloaded') > 0);
  assert.equal(await reached(node, 'max-in-flight'), refusals.get('node-overloaded'));
  assert.equal(await reached(node, 'max-in-flight-per-entity'), refusals.get('entity-overloaded'));
  assert.equal((await node.allEvents('identity')).length, accepted);
  for (let i = 0; i < 50; ++i) ok(await node.post('/v1/users', profile(`after${i}`)));
  await node.caughtUp('users');
});

// What no honest client sends, over raw sockets: every request of test/http-corpus gets its answer, and nothing else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { malformedRequests } from './support/corpus.mjs';
import { ok, profile, startNode } from './support/node.mjs';
import { RawConnection, isSanitized, requestBytes, residentMemory } from './support/raw.mjs';

const smuggled = requestBytes('POST', '/v1/users', JSON.stringify(profile('smuggled')));
const honest = requestBytes('GET', '/v1/views/users?limit=1');

/** Sends one case, and behind it what must not (or must) be served. Throws when anything is not as it should be. */
async function tryOne(node, { statuses, fate, bytes }) {
  const peer = new RawConnection(node.http);
  try {
    await peer.connected;
    peer.send(bytes);
    if (fate === 'end') peer.end();
    if (fate === 'close') peer.send(smuggled);
    const answer = await peer.answer();
    assert.ok(statuses.includes(answer?.status), `got ${answer?.status}, expected ${statuses}: ${answer?.text}`);
    if (answer) {
      const body = JSON.parse(answer.text);
      assert.equal(/[\x00-\x08\x0e-\x1f\x7f]/.test(answer.text), false, 'a control character comes back');
      if (answer.status !== 200) {
        assert.equal(answer.headers['content-type'], 'application/problem+json');
        assert.equal(body.status, answer.status);
        assert.ok(body.detail.length > 0 && body.detail.length < 400, `the detail is of ${body.detail.length} characters`);
      }
    }
    if (fate === 'keep') {
      assert.equal(answer.headers.connection, undefined);
      const next = await peer.send(honest).answer();
      assert.equal(next?.status, 200, `the next request on the connection got ${next?.status}`);
      assert.deepEqual(JSON.parse(next.text).items, []);
    } else {
      assert.equal(await peer.ended(), '', 'more came behind the answer');
    }
  } finally {
    peer.close();
  }
}

test('malformed requests are answered and leave nothing behind', async (t) => {
  const node = await startNode(t, { flags: ['--read-timeout', '1'] });
  const all = malformedRequests();
  assert.ok(all.length >= 200, `only ${all.length} cases`);
  assert.equal(new Set(all.map((one) => one.name)).size, all.length, 'two cases have one name');

  const failures = [];
  const round = async () => {
    for (const one of all) {
      await tryOne(node, one).catch((why) => failures.push(`${one.file} ${one.name}: ${why.message}`));
      const alive = await node.get('/v1/views/users?limit=1');
      assert.equal(alive.status, 200, `after ${one.name}`);
    }
  };
  await round();
  assert.deepEqual(failures, []);
  const before = residentMemory(node.pid);
  await round();
  await round();
  assert.deepEqual(failures, []);
  const after = residentMemory(node.pid);
  t.diagnostic(`${all.length} requests, thrice; ${before.toFixed(0)} MiB after the first round, ${after.toFixed(0)} MiB at the end`);
  if (!isSanitized(node.pid)) assert.ok(after < before + 32, `memory grew from ${before} to ${after} MiB`);

  assert.deepEqual(await node.allEvents('identity'), []);
  assert.deepEqual(await node.allRows('users'), []);
  assert.deepEqual(ok(await node.get('/admin/dead-letters')).items, []);
  assert.equal(ok(await node.post('/v1/users', profile('zoe'))).auth0Id, 'auth0|zoe');
  const { code } = await node.stop();
  assert.equal(code, 0);
  assert.equal(/EVIL|[\x00-\x09\x0b-\x1f\x7f]/.test(node.stderr), false, `something came into the log: ${node.stderr}`);
});

// docs/operations.md, "Back up and restore": a copy of the log, made while the node works, is enough.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { inFlight, inMemory, ok, profile, startNode, temporaryDirectory } from './support/node.mjs';

test('a copy of the log made beside the writer restores everything that was answered before it', { skip: inMemory }, async (t) => {
  const node = await startNode(t);
  const add = async (i) => ok(await node.post('/v1/identity/AddUser', profile(`user-${i}`))).id;
  const before = await inFlight(200, 16, add);
  const restored = temporaryDirectory(t);
  const meanwhile = inFlight(200, 16, (i) => add(200 + i));
  await promisify(execFile)('sqlite3', [join(node.data, 'log.db'), `VACUUM INTO '${join(restored, 'log.db')}'`]);
  await meanwhile;

  const next = await startNode(t, { data: restored });
  await next.caughtUp('users');
  const events = await next.allEvents('identity');
  const rows = new Set((await next.allRows('users')).map((row) => row.id));
  assert.equal(rows.size, events.length);
  for (const id of before) assert.ok(rows.has(id), id);
  ok(await next.post(`/v1/identity/${before[0]}/LockAccount`, { reason: 'lost phone' }));
});

test('a node that may only check its databases refuses to start on new ones', { skip: inMemory }, async (t) => {
  const data = temporaryDirectory(t);
  await assert.rejects(startNode(t, { data, flags: ['--migrate', 'check'] }), /\(2\).*\n.*migrat/);
  const node = await startNode(t, { data });
  assert.equal((await node.stop()).code, 0);
  await startNode(t, { data, flags: ['--migrate', 'check'] });
});

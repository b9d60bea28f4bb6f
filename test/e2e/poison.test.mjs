// What happens to an event that a projector cannot apply: it is parked with its reason and its place, what belongs to the
// same key waits behind it, and everybody else goes on.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';
import { inMemory, mended, ok, profile, startNode, temporaryDirectory, tutorial, until } from './support/node.mjs';

const positionOf = (answer) => Number(answer.position.split(':')[1]);

/** Runs SQL on a file from outside, as somebody with a shell would. */
function sqlite(file, sql) {
  const done = spawnSync('sqlite3', [file, sql], { encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr || String(done.error));
}

const letters = async (node) => ok(await node.get('/admin/dead-letters')).items;

test('a projector that throws is restarted once, then parks the event, and only its key waits', { skip: inMemory }, async (t) => {
  const data = temporaryDirectory(t);
  const node = await startNode(t, { data, program: tutorial });
  const post = async (depot, grams) => ok(await node.post('/v1/parcels/PostParcel', { depot, grams }));
  const rows = async (of = node) => Object.fromEntries((await of.allRows('depots')).map((row) => [row.depot, row.grams]));

  await post('oslo', 900_000_000);
  await post('oslo', 900_000_000);
  const poison = await post('oslo', 900_000_000); // more than the view's column holds
  const waiting = await post('oslo', 1);
  await post('rome', 7);
  await node.caughtUp('depots');
  const late = await post('oslo', 2);
  await post('rome', 8);
  await node.caughtUp('depots');
  assert.deepEqual(await rows(), { oslo: 1_800_000_000, rome: 15 });

  const parked = await letters(node);
  assert.deepEqual(parked.map(({ projection, key, stream, position, version, type }) => ({ projection, key, stream, position, version, type })),
    [poison, waiting, late].map(({ stream, position }) => ({
      projection: 'depots', key: 'oslo', stream, position: positionOf({ position }), version: 1, type: 'ParcelPosted',
    })));
  assert.match(parked[0].reason, /32 bits/);
  for (const one of parked.slice(1)) assert.match(one.reason, /waits behind an earlier parked event of 'oslo'/);
  for (const one of parked) assert.match(one.time, /^\d{4}-\d\d-\d\dT.*Z$/);

  const actor = ok(await node.get('/admin/actors/features/parcels/projectors/depots'));
  assert.deepEqual([actor.kind, actor.status, actor.restarts], ['projector', 'running', 1]);
  assert.match(actor.lastError, new RegExp(`position ${positionOf(poison)}: .*32 bits`));
  assert.equal(actor.state.blockedKeys, 1);
  const projection = await node.projection('depots');
  assert.deepEqual([projection.status, projection.parked, projection.lagEvents], ['running', 3, 0]);
  assert.match(projection.lastError, /32 bits/);
  assert.match((await node.get('/metrics')).text, /^troupe_projection_parked_events_total\{projection="depots"\} 3$/m);
  assert.equal((await node.get('/readyz')).status, 200);

  await t.test('the key still waits after the node was restarted', async (t) => {
    assert.equal((await node.stop()).code, 0);
    const next = await startNode(t, { data, program: tutorial });
    ok(await next.post('/v1/parcels/PostParcel', { depot: 'oslo', grams: 3 }));
    ok(await next.post('/v1/parcels/PostParcel', { depot: 'rome', grams: 9 }));
    await next.caughtUp('depots');
    assert.deepEqual(await rows(next), { oslo: 1_800_000_000, rome: 24 });
    const now = await letters(next);
    assert.deepEqual(now.slice(0, 3), parked);
    assert.equal(now.length, 4);
  });
});

test('a commit that cannot be read is parked with its position, and a rebuild takes it up once it is mended', { skip: inMemory }, async (t) => {
  const data = temporaryDirectory(t);
  const node = await startNode(t, { data });
  const add = async (of, name) => ok(await of.post('/v1/identity/AddUser', profile(name)));
  for (const name of ['users', 'accounts']) ok(await node.post(`/admin/projections/${name}/pause`));
  const zoe = await add(node, 'zoe');
  const wash = await add(node, 'wash');
  assert.equal((await node.stop()).code, 0);

  const place = `place & ${2 ** 48 - 1} = ${positionOf(zoe)}`;
  const log = join(data, 'log.db');
  sqlite(log, `CREATE TABLE kept AS SELECT place, body FROM commits WHERE ${place}; UPDATE commits SET body = '{"id":1}' WHERE ${place}`);

  const damaged = await startNode(t, { data });
  for (const name of ['users', 'accounts']) ok(await damaged.post(`/admin/projections/${name}/resume`));
  await damaged.caughtUp('users');
  await damaged.caughtUp('accounts');
  assert.deepEqual((await damaged.allRows('users')).map((row) => row.id), [wash.id]);
  const parked = await letters(damaged);
  assert.deepEqual(parked.map((one) => one.projection).sort(), ['accounts', 'users']);
  for (const one of parked) {
    assert.deepEqual([one.key, one.stream, one.position], [zoe.id, zoe.stream, positionOf(zoe)]);
    assert.match(one.reason, new RegExp(`position ${positionOf(zoe)}`));
  }
  const refused = await damaged.post(`/v1/identity/${zoe.id}/LockAccount`, { reason: 'lost phone' });
  assert.deepEqual([refused.status, refused.body.code], [500, 'unreadable-history']);
  assert.equal((await damaged.get('/v1/events/identity')).status, 500);
  ok(await damaged.post(`/v1/identity/${wash.id}/LockAccount`, { reason: 'lost phone' }));
  assert.equal((await damaged.stop()).code, 0);

  sqlite(log, 'UPDATE commits SET body = kept.body FROM kept WHERE kept.place = commits.place; DROP TABLE kept');
  const mended = await startNode(t, { data });
  for (const name of ['users', 'accounts']) ok(await mended.post(`/admin/projections/${name}/rebuild`));
  await until('the rebuilt views', async () => (await mended.allRows('users')).length === 2);
  for (const name of ['users', 'accounts']) await mended.caughtUp(name);
  assert.deepEqual(await letters(mended), []);
  const status = Object.fromEntries((await mended.allRows('users')).map((row) => [row.id, row.status]));
  assert.deepEqual(status, { [zoe.id]: 'open', [wash.id]: 'locked' });
});

test('a mended program retries what was parked, in order and once, and the key goes on', { skip: inMemory }, async (t) => {
  const data = temporaryDirectory(t);
  const node = await startNode(t, { data, program: tutorial });
  const post = async (of, depot, grams) => ok(await of.post('/v1/parcels/PostParcel', { depot, grams }));
  for (const grams of [1_000_000_000, 1_000_000_000, 1_000_000_000, 1, 2]) await post(node, 'oslo', grams);
  await node.caughtUp('depots');
  const parked = await letters(node);
  assert.equal(parked.length, 3);
  const retry = (of, { id }) => of.post(`/admin/dead-letters/${id}/retry`);
  const again = await retry(node, parked[0]);
  assert.deepEqual([again.status, again.body.code], [409, 'conflict']);
  assert.match(again.body.detail, /it failed again: .*32 bits/);
  const outOfTurn = await retry(node, parked[1]);
  assert.equal(outOfTurn.status, 409);
  assert.match(outOfTurn.body.detail, new RegExp(`${parked[1].id} waits behind ${parked[0].id}`));
  assert.deepEqual(await letters(node), parked);
  assert.equal((await node.stop()).code, 0);

  const next = await startNode(t, { data, program: mended });
  assert.deepEqual(ok(await retry(next, parked[0])), { status: 'applied', applied: 3, parkedAgain: 0, left: 0, reason: null });
  const row = async () => (await next.allRows('depots')).map(({ depot, parcels, grams }) => [depot, parcels, grams]);
  assert.deepEqual(await row(), [['oslo', 5, 3_000_000_003]]);
  for (const one of parked) assert.equal((await retry(next, one)).status, 404);
  assert.deepEqual(await row(), [['oslo', 5, 3_000_000_003]]);
  await post(next, 'oslo', 4);
  await next.caughtUp('depots');
  assert.deepEqual(await row(), [['oslo', 6, 3_000_000_007]]);
  assert.match(next.stderr, new RegExp(`audit: retry of dead letter ${parked[0].id}: 3 events applied`));
});

test('a discarded event is gone for good, and what waits behind it can be retried', { skip: inMemory }, async (t) => {
  const node = await startNode(t, { program: tutorial });
  for (const grams of [1_000_000_000, 1_000_000_000, 900_000_000, 5]) {
    ok(await node.post('/v1/parcels/PostParcel', { depot: 'oslo', grams }));
  }
  await node.caughtUp('depots');
  const [poison, waiting] = await letters(node);
  const gone = ok(await node.post(`/admin/dead-letters/${poison.id}/discard`));
  assert.deepEqual([gone.status, gone.letter], ['discarded', poison]);
  assert.equal((await node.post(`/admin/dead-letters/${poison.id}/discard`)).status, 404);
  assert.equal((await node.post('/admin/dead-letters/nothing/discard')).status, 404);
  assert.equal((await node.post('/admin/dead-letters/users.1/retry')).status, 404);
  assert.equal(ok(await node.post(`/admin/dead-letters/${waiting.id}/retry`)).applied, 1);
  assert.deepEqual((await node.allRows('depots')).map((row) => row.grams), [2_000_000_005]);
  assert.deepEqual(await letters(node), []);
  assert.match(node.stderr, new RegExp(`audit: discard of dead letter ${poison.id}: ParcelPosted, version 1 of parcels\\.\\S+ at position ${poison.position}`));
});

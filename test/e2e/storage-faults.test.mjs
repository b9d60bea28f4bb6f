// Faults of the disk under a running node: a full one, a read-only one, damaged pages, a torn write-ahead log, a log that
// was restored from an older copy. What the node cannot store it does not acknowledge, it says why, and it goes on by
// itself where that is possible. Mounts small file systems, so it has to run as root.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, closeSync, copyFileSync, existsSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fill, mountDisk } from './support/disk.mjs';
import { inMemory, ok, profile, run, startNode, temporaryDirectory, until } from './support/node.mjs';

const skip = inMemory && 'there is no disk under a node in memory';

const userOf = (name) => profile(name, { picture: 'p'.repeat(1000) });
const addUser = (node, name) => node.post('/v1/users', userOf(name));
const namesIn = (events) => events.map((event) => event.data.firstName).sort();
const readiness = async (node) => {
  const { status, body } = await node.get('/readyz?verbose');
  return { status, failing: body.checks.filter((check) => !check.ok) };
};
const check = (data) => run(['check', data]);

async function addUsers(node, prefix, count) {
  const names = Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
  for (const name of names) ok(await addUser(node, name));
  return names;
}

test('a full disk: nothing is acknowledged that is not stored, and room lets the node go on', { skip }, async (t) => {
  const disk = mountDisk(t, 24);
  const data = join(disk, 'data');
  const node = await startNode(t, { data });
  const stored = await addUsers(node, 'before', 20);
  await node.caughtUp('users');
  fill(disk);

  const refused = [];
  let answer;
  for (let i = 0; refused.length < 10; ++i) {
    assert.ok(i < 10_000, 'the disk is full, and the node still acknowledges');
    // Answered when it is stored: the view, which has its own files, may be full before the log is.
    answer = await node.post('/v1/identity/AddUser', userOf(`during-${i}`));
    if (answer.status === 200) stored.push(`during-${i}`);
    else refused.push(`during-${i}`);
  }
  assert.equal(answer.status, 503, answer.text);
  assert.ok(Number(answer.headers['retry-after']) >= 1);
  assert.match(answer.body.detail, /log\.db: database or disk is full/);
  assert.equal(answer.body.code, 'unavailable');

  const told = await readiness(node);
  assert.equal(told.status, 503);
  assert.match(told.failing.find((one) => one.name === 'log').detail, /full/);
  assert.equal((await node.get('/livez')).status, 200);
  assert.deepEqual(namesIn(await node.allEvents('identity')), [...stored].sort(), 'reads go on, and show what was acknowledged');

  rmSync(join(disk, 'filler'));
  await until('the node to be ready again', async () => (await readiness(node)).status === 200);
  for (const name of refused) ok(await addUser(node, name));
  stored.push(...refused, ...(await addUsers(node, 'after', 20)));
  await node.caughtUp('users');
  assert.deepEqual(namesIn(await node.allEvents('identity')), [...stored].sort());
  assert.equal((await node.allRows('users')).length, stored.length);
  assert.deepEqual(await node.stop(), { code: 0, signal: null });
  const checked = await check(data);
  assert.equal(checked.code, 0, checked.stdout);
});

test('a read-only disk is refused with a line that names the directory, and taken when it is mended', { skip }, async (t) => {
  const disk = mountDisk(t, 24);
  const data = join(disk, 'data');
  const first = await startNode(t, { data });
  const names = await addUsers(first, 'user', 5);
  await first.stop();
  execFileSync('mount', ['-o', 'remount,ro', disk]);
  const refused = await run(['run', '--http', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--data', data]);
  assert.equal(refused.code, 2);
  assert.equal(refused.stderr, `troupe: data directory ${data} cannot be used: Read-only file system; mend it or choose another --data\n`);
  execFileSync('mount', ['-o', 'remount,rw', disk]);
  const node = await startNode(t, { data });
  assert.deepEqual(namesIn(await node.allEvents('identity')), names);
});

test('damaged pages: errors that name the file, no crash, and troupe check finds them', { skip }, async (t) => {
  const data = temporaryDirectory(t);
  const first = await startNode(t, { data });
  await addUsers(first, 'user', 300);
  await first.caughtUp('users');
  assert.deepEqual(await first.stop(), { code: 0, signal: null });

  const log = join(data, 'log.db');
  const pages = statSync(log).size / 4096;
  const file = openSync(log, 'r+');
  for (let page = Math.floor(pages / 2); page < pages; ++page) writeSync(file, Buffer.alloc(64, 0xff), 0, 64, page * 4096);
  closeSync(file);

  const checked = await check(data);
  assert.equal(checked.code, 1);
  assert.match(checked.stdout, /^log\.db: /m);

  const node = await startNode(t, { data });
  const answers = [];
  for (let from = 1; from <= 300; from += 10) answers.push(await node.get(`/v1/events/identity?from=${from}&limit=10`));
  const failed = answers.filter((one) => one.status !== 200);
  assert.ok(failed.length > 0);
  for (const one of failed) assert.match(one.body.detail, /log\.db/, one.text);
  const added = await addUser(node, 'later');
  if (added.status !== 200) {
    assert.ok(added.status >= 500, added.text);
    assert.match(added.body.detail, /log\.db/);
    assert.equal((await readiness(node)).status, 503);
  }
  assert.equal((await node.get('/livez')).status, 200);
});

test('a torn end of the write-ahead log loses nothing that was acknowledged', { skip }, async (t) => {
  const data = temporaryDirectory(t);
  const first = await startNode(t, { data });
  const names = await addUsers(first, 'user', 30);
  await first.stop('SIGKILL');
  const wal = join(data, 'log.db-wal');
  assert.ok(statSync(wal).size > 0);
  appendFileSync(wal, Buffer.alloc(3000, 0x5a)); // as a commit that was being written would leave it
  const node = await startNode(t, { data });
  assert.deepEqual(namesIn(await node.allEvents('identity')), [...names].sort());
  await addUsers(node, 'later', 5);
  await node.caughtUp('users');
  assert.equal((await node.allRows('users')).length, 35);
  await node.stop();
  const checked = await check(data);
  assert.equal(checked.code, 0, checked.stdout);
});

test('a log restored from an older copy stops the views that have seen more, until they are rebuilt', { skip }, async (t) => {
  const data = temporaryDirectory(t);
  const copy = join(temporaryDirectory(t), 'log.db');
  const first = await startNode(t, { data });
  await addUsers(first, 'kept', 5);
  await first.caughtUp('users');
  await first.stop();
  copyFileSync(join(data, 'log.db'), copy);
  const second = await startNode(t, { data });
  await addUsers(second, 'lost', 5);
  await second.caughtUp('users');
  await second.stop();
  for (const file of readdirSync(data)) if (file.startsWith('log.db')) rmSync(join(data, file));
  copyFileSync(copy, join(data, 'log.db'));

  const checked = await check(data);
  assert.equal(checked.code, 1);
  assert.match(checked.stdout, /^views\/identity\.db: position 10: the checkpoint of 'users' is ahead of the log, which ends at 5/m);

  const stopped = async (node) => {
    await until('the view to stop', async () => (await node.projection('users')).status === 'failing');
    const { status, failing } = await readiness(node);
    assert.equal(status, 503);
    assert.match(failing.find((one) => one.name === 'projection users').detail, /is at position 10, but the log of 'identity' ends at 5/);
  };
  const third = await startNode(t, { data });
  await stopped(third);
  await addUsers(third, 'new', 10);
  await third.stop();
  const node = await startNode(t, { data });
  await stopped(node);
  assert.equal((await node.post('/admin/projections/users/resume')).status, 409);
  for (const name of ['users', 'accounts']) ok(await node.post(`/admin/projections/${name}/rebuild`));
  await node.caughtUp('users');
  assert.equal((await node.allRows('users')).length, 15);
  await until('the node to be ready', async () => (await readiness(node)).status === 200);
});

test('troupe check passes what a node leaves behind, and refuses what a node uses', { skip }, async (t) => {
  const data = temporaryDirectory(t);
  const node = await startNode(t, { data, flags: ['--snapshot-every', '2'] });
  const names = await addUsers(node, 'user', 10);
  const { id } = ok(await addUser(node, names[0]));
  for (let i = 0; i < 7; ++i) ok(await node.post(`/v1/identity/${id}/ModifyUser`, { firstName: `name-${i}`, lastName: '', picture: '', locale: '' }));
  assert.equal(ok(await node.get('/admin/config')).snapshotEvery, 2);
  assert.equal(ok(await node.get(`/admin/entities/identity/${id}?version=3`)).state.firstName, 'name-1');
  await node.caughtUp('users');
  const refused = await check(data);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, new RegExp(`is in use by process ${node.pid}; stop it`));
  await node.stop();
  const checked = await run(['check', data, '--json']);
  assert.equal(checked.code, 0, checked.stdout);
  const { status, commits, entities, rows, snapshots, findings } = JSON.parse(checked.stdout);
  assert.deepEqual({ status, commits, entities, rows, findings }, { status: 'clean', commits: 17, entities: 10, rows: 10, findings: [] });
  assert.ok(snapshots >= 1);
  const missing = join(data, 'missing');
  assert.equal((await check(missing)).code, 2);
  assert.ok(!existsSync(missing));
});

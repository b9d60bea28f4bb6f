// A log that was replaced by an older copy, on every pair of back ends that storage-faults.test.mjs has not: views that
// have seen more must stop and say what to do, and must never skip what comes in below their checkpoints.
import assert from 'node:assert/strict';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { inMemory, ok, profile, startNode, temporaryDirectory, until } from './support/node.mjs';
import { startBroker } from './support/nats.mjs';
import { startPostgres } from './support/postgres.mjs';

const addUsers = async (node, prefix, count) => {
  for (let i = 0; i < count; ++i) ok(await node.post('/v1/users', profile(`${prefix}-${i}`)));
};
const namesIn = async (node) => (await node.allRows('users')).map((row) => row.firstName).sort();
const failingChecks = async (node) => (await node.get('/readyz?verbose')).body.checks.filter((one) => !one.ok);

/** Where a log is kept: its node's flags, and how it is saved and put back while no node runs. */
const logs = {
  async sqlite(t) {
    const data = temporaryDirectory(t);
    const saved = temporaryDirectory(t);
    const files = (of) => readdirSync(of).filter((name) => name.startsWith('log.db'));
    const move = (from, to) => {
      for (const name of files(to)) rmSync(join(to, name));
      for (const name of files(from)) cpSync(join(from, name), join(to, name));
    };
    return { data, flags: [], save: () => move(data, saved), restore: () => move(saved, data) };
  },
  async nats(t) {
    const broker = await startBroker(t);
    const [store, saved] = [join(broker.directory, 'store'), join(temporaryDirectory(t), 'saved')];
    const move = async (from, to) => {
      await broker.kill();
      rmSync(to, { recursive: true, force: true });
      cpSync(from, to, { recursive: true });
      await broker.start();
    };
    return { data: temporaryDirectory(t), flags: broker.flags, save: () => move(store, saved), restore: () => move(saved, store) };
  },
};

const views = {
  sqlite: async () => [],
  postgres: async (t) => ['--views', 'postgres', '--postgres', await (await startPostgres(t)).createDatabase('views'), '--migrate', 'auto'],
};

for (const [log, store] of [['nats', 'sqlite'], ['sqlite', 'postgres'], ['nats', 'postgres']]) {
  test(`an older log on ${log} stops views on ${store} until they are rebuilt`, { skip: inMemory }, async (t) => {
    const { data, flags, save, restore } = await logs[log](t);
    const options = { data, flags: [...flags, ...(await views[store](t))] };
    const first = await startNode(t, options);
    await addUsers(first, 'kept', 5);
    await first.caughtUp('users');
    await first.stop();
    await save();
    const second = await startNode(t, options);
    await addUsers(second, 'lost', 5);
    await second.caughtUp('users');
    const seen = await namesIn(second);
    await second.stop();
    await restore();

    const stopped = async (node) => {
      const { lastError } = await until('the view to stop', async () => {
        const one = await node.projection('users');
        return one.status === 'failing' && one;
      });
      assert.match(lastError, /^the checkpoint of 'users' is at position 10, but the log of 'identity' ends at 5: .*rebuild the projection \(troupe projection rebuild users\)$/);
      const told = (await failingChecks(node)).find((one) => one.name === 'projection users');
      assert.equal(told.detail, lastError);
      assert.equal((await node.post('/admin/projections/users/resume')).status, 409);
    };
    const third = await startNode(t, options);
    await stopped(third);
    // The log grows beyond the checkpoint: what is below it must not be passed over, after a restart neither.
    await addUsers(third, 'new', 10);
    assert.deepEqual(await namesIn(third), seen);
    await third.stop();
    const node = await startNode(t, options);
    await stopped(node);
    assert.deepEqual(await namesIn(node), seen);
    for (const name of ['users', 'accounts']) ok(await node.post(`/admin/projections/${name}/rebuild`));
    await node.caughtUp('users');
    assert.equal((await namesIn(node)).filter((name) => /^(kept|new)-/.test(name)).length, 15);
    assert.equal((await namesIn(node)).length, 15);
    await until('the node to be ready', async () => (await node.get('/readyz')).status === 200);
  });
}

test('a broker that comes back with an older log under a running node is noticed, and nothing is skipped', { skip: inMemory }, async (t) => {
  const { data, flags, save, restore } = await logs.nats(t);
  const node = await startNode(t, { data, flags });
  await addUsers(node, 'kept', 5);
  await node.caughtUp('users');
  await save();
  await until('the node to be ready', async () => (await node.get('/readyz')).status === 200);
  await addUsers(node, 'lost', 20);
  await node.caughtUp('users');
  await restore();
  const told = await until('the node to notice', async () => {
    const { status, body } = await node.get('/readyz?verbose');
    return status === 503 && body.checks.find((one) => !one.ok && /ends at position 5/.test(one.detail));
  });
  assert.match(told.detail, /the log of 'identity' on the broker ends at position 5, but it has been at 25: .*restart the nodes, and rebuild the projections/);
  await node.stop();
  const next = await startNode(t, { data, flags });
  await until('the view to stop', async () => (await next.projection('users')).status === 'failing');
  for (const name of ['users', 'accounts']) ok(await next.post(`/admin/projections/${name}/rebuild`));
  await next.caughtUp('users');
  assert.equal((await namesIn(next)).length, 5);
});

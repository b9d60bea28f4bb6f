// A cluster of three servers with three replicas of everything, which loses a server under load: the one that leads the
// stream, again and again. What was accepted is in the log once, and the node goes on by itself while that server is away.
import assert from 'node:assert/strict';
import test from 'node:test';
import { compare, Load } from './support/load.mjs';
import { connectTo, startCluster } from './support/nats.mjs';
import { insist, ok, profile, startNode, until } from './support/node.mjs';

const stream = 'troupe_identity';

test('a cluster loses the leader of the stream under load five times, and nothing that was accepted', async (t) => {
  const cluster = await startCluster(t, { storage: ['sync_interval: always'] });
  const node = await startNode(t, { flags: cluster.flags });
  const { manager } = await connectTo(t, cluster);
  const look = async () => (await manager.streams.info(stream)).cluster;
  const { config } = await manager.streams.info(stream);
  assert.equal(config.num_replicas, 3);

  const load = new Load(t, node);
  const killed = [];
  for (let round = 1; round <= 5; ++round) {
    await load.goesOn(200);
    const { leader } = await insist('the leader to be told', look);
    killed.push(leader);
    await cluster.named(leader).kill();
    await until('another leader', async () => {
      try {
        const next = (await look()).leader;
        return next && next !== leader;
      } catch {
        return false;
      }
    });
    await load.goesOn(200);
    await until('the node to be ready again', async () => (await node.get('/readyz')).status === 200);
    await cluster.bringBack(cluster.named(leader));
  }
  await load.stop();
  t.diagnostic(`killed ${killed.join(', ')}; ${load.accepted.size} accepted, ${load.refused.size} refused`);
  const events = await compare(node, load);
  await node.caughtUp('users');
  assert.equal((await node.allRows('users')).length, events.length);

  // A node that has seen nothing of all this finds the same.
  const other = await startNode(t, { flags: [...cluster.flags, '--node', 'other'] });
  assert.deepEqual(await other.allEvents('identity'), events);
  ok(await other.post('/v1/users', { auth0Id: 'auth0|last', email: 'last@example.com', emailVerified: true, firstName: 'last', lastName: '', picture: '', locale: 'en' }));
});

test('a leader that is cut off does not tell the end of the log', async (t) => {
  const cluster = await startCluster(t);
  const first = await startNode(t, { flags: cluster.flags });
  ok(await first.post('/v1/users', profile('one')));
  const { manager } = await connectTo(t, cluster);
  const { leader } = (await manager.streams.info(stream)).cluster;
  const node = await startNode(t, { flags: ['--log', 'nats', '--nats', cluster.named(leader).url, '--replicas', '3', '--node', 'other'] });
  const events = await node.allEvents('identity');
  const others = cluster.brokers.filter((one) => one !== cluster.named(leader));
  const beyond = () => node.get('/v1/events/identity?from=1000');
  others.forEach((one) => one.pause());
  const { status } = await until('the leader to be doubted', async () => {
    const answer = await beyond();
    return /sees no majority of its servers/.test(answer.text) && answer;
  });
  assert.equal(status, 503);
  // Nor does anybody hand out durable commands, which the watchdog notices.
  // It is noticed by the node whose turn it is to read them, whichever that is.
  const shown = async (one) => /mic-identity: waiting for the broker for \d+ s/.test((await one.get('/readyz?verbose')).text);
  await until('the silent consumer to be shown', async () => (await Promise.all([first, node].map(shown))).includes(true));
  others.forEach((one) => one.resume());
  await until('the log to be read again', async () => (await beyond()).status === 200);
  await until('the node to be ready again', async () => (await node.get('/readyz')).status === 200);
  assert.deepEqual(await node.allEvents('identity'), events);
});

/** Starts a node and waits until it has told that the brokers are not ready. */
async function startEarly(t, cluster) {
  const started = { launched: undefined };
  started.ready = startNode(t, { flags: cluster.flags, onLaunch: (launched) => (started.launched = launched) });
  started.ready.catch(() => {});
  await until('the node to wait for the brokers', () => started.launched.stderr.includes('troupe: waiting for the broker: '));
  return started;
}

test('a node that is started before its brokers have a leader waits for one', async (t) => {
  const cluster = await startCluster(t);
  const [one, ...others] = cluster.brokers;
  await Promise.all(others.map((broker) => broker.kill()));
  const { ready } = await startEarly(t, cluster);
  await Promise.all(others.map((broker) => broker.start()));
  const node = await ready;
  // Brokers that have just come back may elect once more.
  await insist('the node to be ready', async () => {
    const { status, text } = await node.get('/readyz?verbose');
    assert.equal(status, 200, text);
  });
  ok(await node.post('/v1/users', profile('early')));
  assert.equal(one.child.exitCode, null);
});

test('a node that waits for its brokers ends when it is told to', async (t) => {
  const cluster = await startCluster(t);
  await Promise.all(cluster.brokers.slice(1).map((broker) => broker.kill()));
  const { launched } = await startEarly(t, cluster);
  launched.child.kill('SIGTERM');
  assert.deepEqual(await launched.ended, { code: 2, signal: null });
});

// The faults. Each is injected under load, lasts, and is mended; then the cluster must be whole again by itself.
//
// An arena has { cluster, load, random, seconds, tell }; `seconds` is how long a lasting fault lasts. A fault that strikes a node
// returns who owned what before (see `victim`).
import assert from 'node:assert/strict';
import { patience, until } from '../e2e/support/node.mjs';

const lasts = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1_000));

/** For a cluster to be whole again, milliseconds; machines under sanitizers and builds are slow. */
const recovery = 3 * patience;

/** A node: mostly the owner of a hot entity, where work is placed. { member, owns } */
async function victim({ cluster, load, random }) {
  const owner = await cluster.ownerOf(load.hotEntity(random));
  const member = cluster.members[Math.floor(random() * cluster.members.length)];
  return owner.member && random() < 0.75 ? owner : { member };
}

/** Accepted commands that prove that the load goes on in a fault. */
const some = 20;

export const nemeses = {
  /** kill -9 of a node; it comes back on its data directory. */
  async kill(arena) {
    const { load, random, tell, seconds } = arena;
    const { member, owns } = await victim(arena);
    tell(member.name);
    await member.end('SIGKILL');
    await load.goesOn(some, recovery);
    await lasts(random() * Math.min(seconds, 3));
    await member.start();
    return owns;
  },

  /** A node stands still, and goes on with what it believed before. */
  async pause(arena) {
    const { load, tell, seconds } = arena;
    const { member, owns } = await victim(arena);
    tell(`${member.name} for ${seconds} s`);
    member.signal('SIGSTOP');
    await lasts(seconds);
    member.signal('SIGCONT');
    await load.goesOn(some, recovery);
    return owns;
  },

  /** A node is cut off all brokers; its clients still reach it. */
  async cut(arena) {
    const { cluster, load, tell, seconds } = arena;
    const { member, owns } = await victim(arena);
    tell(`${member.name} for ${2 * seconds} s`);
    cluster.links.cutNode(member.index);
    await lasts(2 * seconds);
    cluster.links.mendNode(member.index);
    await load.goesOn(some, recovery);
    return owns;
  },

  /** One broker is cut off the two others, and with it the nodes that hang on it: nodes talk through brokers only. */
  async split({ cluster, load, random, tell, seconds }) {
    if (!cluster.links.cutBroker) return tell('not possible without a network namespace');
    const broker = Math.floor(random() * 3);
    tell(`broker n${broker} for ${seconds} s`);
    cluster.links.cutBroker(broker);
    await lasts(seconds);
    cluster.links.mendBroker(broker);
    await load.goesOn(some, recovery);
  },

  /** kill -9 of the broker that leads the stream. */
  async leader({ cluster, load, tell }) {
    const leader = await until('a leader', () => cluster.leader());
    tell(leader);
    await cluster.brokers.named(leader).kill();
    await until('another leader', async () => ![undefined, leader].includes(await cluster.leader()));
    await load.goesOn(some, recovery);
    await cluster.brokers.bringBack(cluster.brokers.named(leader));
  },

  /** A node runs with its clock an hour ahead or behind. */
  async clock(arena) {
    const { load, random, tell, seconds } = arena;
    const { member } = await victim(arena);
    const skew = random() < 0.5 ? '+1h' : '-1h';
    tell(`${member.name} ${skew}`);
    await member.end('SIGKILL');
    await member.start(skew);
    await lasts(seconds);
    await load.goesOn(some, recovery);
    await member.end('SIGTERM');
    await member.start();
  },

  /**
   * Node after node is taken out of the balancer, stopped in good order and started; clients, who keep the connections that they have,
   * see nothing but 503 and closed idle connections.
   */
  async rolling({ cluster, load, tell }) {
    await load.beginPolite();
    for (const member of cluster.members) {
      load.leaving.add(member);
      const { code } = await member.end('SIGTERM');
      assert.equal(code, 0, `${member.name} did not end in good order: ${member.stderr}`);
      await member.start();
      load.leaving.delete(member);
      await load.goesOn(some, recovery);
    }
    const errors = await load.endPolite();
    tell(`${errors.length} errors seen`);
    assert.deepEqual(errors, [], 'clients saw errors in a rolling restart');
  },
};

/**
 * Injects one fault and waits until the cluster is whole and goes on. Returns when it began, was mended and over, and which entities
 * the struck node had owned, if that is known.
 */
export async function strike(name, arena) {
  const { cluster, load } = arena;
  const start = performance.now();
  const owned = await nemeses[name](arena);
  const mended = performance.now();
  await cluster.whole(recovery);
  for (const member of cluster.members) await member.ready(recovery);
  await load.goesOn(some, recovery);
  return { name, owned, start, mended, end: performance.now() };
}

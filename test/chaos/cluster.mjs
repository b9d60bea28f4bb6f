// What the faults happen to: three brokers, PostgreSQL, and nodes that share them. Each node is a process that can be killed,
// stopped, cut off and started again, with a clock of its own.
import { startCluster, connectTo } from '../e2e/support/nats.mjs';
import { insist, ok, patience, startNode, temporaryDirectory, until } from '../e2e/support/node.mjs';
import { startPostgres } from '../e2e/support/postgres.mjs';
import { makeLinks } from './links.mjs';

export const stream = 'troupe_identity';

/** Takes the place of a test's context: what was started is ended by `close`, last first. */
export class Scope {
  constructor() { this.undo = []; }
  after(undo) { this.undo.push(undo); }
  async close() { for (const undo of this.undo.splice(0).reverse()) await undo(); }
}

/**
 * The environment in which a process believes that it is `skew` ("+1h") later. The C library's allocator takes the place of the
 * program's: jemalloc asks for the time before the clock can be bent.
 */
function bentClock(skew) {
  return skew && {
    LD_PRELOAD: '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1:libstdc++.so.6:libc.so.6',
    FAKETIME: skew, FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}

/** One node of the cluster: the same name, data directory and line to the brokers, however often it is started. */
class Member {
  constructor(cluster, index) {
    Object.assign(this, { cluster, index, name: `node-${index}`, data: temporaryDirectory(cluster.scope), failedStarts: 0, stderr: '' });
  }

  get launched() { return this.node.launched; }
  get http() { return this.node.http; }

  /** Starts it. A node that finds the broker away ends at once; whoever runs it starts it again, and so does this. */
  async start(skew) {
    const { scope, brokers, links, environment, flags } = this.cluster;
    const urls = await links.urls(this.index, brokers);
    const options = {
      data: this.data, environment: { ...environment, ...bentClock(skew) },
      flags: ['--log', 'nats', '--nats', urls.join(','), '--replicas', '3', '--views', 'postgres', '--migrate', 'auto', '--node', this.name,
        '--log-level', 'warn', ...flags],
    };
    this.node = await until(`${this.name} to start`, async () => {
      try {
        return await startNode(scope, options);
      } catch (why) {
        if (!/the broker (did not answer|is away)|no leader|: Timeout$/m.test(why.message)) throw why;
        ++this.failedStarts;
        return undefined;
      }
    }, 3 * patience);
  }

  /** Ends the process and waits for it: { code, signal }. */
  async end(signal) {
    const { node } = this;
    const ended = await node.stop(signal);
    this.stderr += node.stderr;
    return ended;
  }
  signal(name) { this.launched.child.kill(name); }

  async ready(milliseconds) {
    let last;
    try {
      await until(`${this.name} to be ready`, async () => {
        last = await this.node.get('/readyz?verbose').catch((why) => ({ text: why.message }));
        return last.status === 200;
      }, milliseconds);
    } catch (why) {
      throw new Error(`${why.message}; /readyz said ${last?.text}`);
    }
  }
}

/** As docs/reference.md has it: FNV-1a over the name's bytes and the finalizer of MurmurHash3, modulo 256. */
export function shardOf(name) {
  const word = (value) => BigInt.asUintN(64, value);
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(name)) hash = word((hash ^ BigInt(byte)) * 0x100000001b3n);
  hash = word((hash ^ (hash >> 33n)) * 0xff51afd7ed558ccdn);
  hash = word((hash ^ (hash >> 33n)) * 0xc4ceb9fe1a85ec53n);
  return Number((hash ^ (hash >> 33n)) % 256n);
}

export class Cluster {
  constructor(scope) {
    this.scope = scope;
    this.links = makeLinks(scope);
  }

  async start({ nodes = 3, flags = [] } = {}) {
    this.flags = flags;
    this.brokers = await startCluster(this.scope, { ...this.links.brokers, storage: ['sync_interval: always'] });
    this.database = await startPostgres(this.scope);
    this.environment = {
      VIEW_DB_IDENTITY: await this.database.createDatabase('views'),
      MIC_DB_IDENTITY: await this.database.createDatabase('microservice'),
    };
    const { js, manager } = await connectTo(this.scope, this.brokers, {}, { checkAPI: false });
    this.jetstream = js;
    this.manager = manager;
    this.members = Array.from({ length: nodes }, (_, i) => new Member(this, i));
    for (const member of this.members) await member.start(); // the first brings streams and tables about
    return this;
  }

  /** Who owns which entity now: { member, owns(entity) } of the owner of this one; nobody owns all where work is not placed. */
  async ownerOf(entity) {
    const { nodes, shards = [] } = ok(await this.members[0].node.get('/admin/cluster'));
    const shard = (id) => shards[shardOf(`identity.${id}`)];
    const incarnation = shard(entity);
    const name = nodes.find((one) => one.incarnation === incarnation)?.name;
    return { member: incarnation && this.members.find((one) => one.name === name), owns: (id) => shard(id) === incarnation };
  }

  /** The broker that leads the stream; undefined while there is none. */
  async leader() {
    try {
      return (await this.manager.streams.info(stream)).cluster.leader || undefined;
    } catch {
      return undefined;
    }
  }

  /** Waits until all three brokers keep the stream and are up to date. */
  whole(milliseconds) {
    return until('all brokers to be there', async () => {
      try {
        const { leader, replicas } = (await this.manager.streams.info(stream)).cluster;
        const caughtUp = leader && replicas.length === 2 && replicas.every(({ offline, current }) => !offline && current);
        return caughtUp && (await this.brokers.whole());
      } catch {
        return false;
      }
    }, milliseconds);
  }

  /** The commits as the broker has them, as events in the form of GET /v1/events. A broker may be about to elect a leader. */
  readStream(category = 'identity') { return insist('the stream to be read', () => this.readOnce(category)); }

  async readOnce(category) {
    const { state } = await this.manager.streams.info(stream);
    const events = [];
    const consumer = await this.jetstream.consumers.get(stream, { filter_subjects: [`${category}.*`] });
    let { num_pending: left } = await consumer.info();
    while (left > 0) {
      for await (const message of await consumer.fetch({ max_messages: Math.min(left, 1000), expires: 30_000 })) {
        const body = message.json();
        let version = Number(message.headers.get('Troupe-Version'));
        for (const { id, type, data, metadata } of Array.isArray(body) ? body : [body]) {
          events.push({ id, type, stream: message.subject, version, position: message.seq, data, metadata });
          ++version;
        }
        --left;
      }
    }
    return { events, last: state.last_seq };
  }
}

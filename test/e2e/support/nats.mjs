// A broker under test: nats-server with JetStream on a free port and a store of its own.
//
//   const broker = await startBroker(t);              killed when the test ends, however it ends
//   const node = await startNode(t, { flags: broker.flags });
//   const { nc, js } = await connectTo(t, broker);
//   const cluster = await startCluster(t);            three servers, once they have a leader
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterwards, freePort, insist, patience, temporaryDirectory, until } from './node.mjs';

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

class Broker {
  /** `lines` are added to the configuration, `storage` to its part about JetStream; `store` is where that keeps its files. */
  constructor(directory, { program = 'nats-server', host = '127.0.0.1', port, lines = [], storage = [], store = join(directory, 'store') } = {}) {
    Object.assign(this, { directory, program, host, port, lines, storage, store });
  }

  get url() { return `nats://127.0.0.1:${this.port}`; }
  get flags() { return ['--log', 'nats', '--nats', this.url]; }

  /** Starts it, again on the same port and store after `kill`; does not wait until it is ready. */
  launch() {
    const config = join(this.directory, 'nats.conf');
    writeFileSync(config, [`listen: "${this.host}:${this.port}"`, 'http: "127.0.0.1:-1"', 'max_payload: 2MB',
      `ports_file_dir: "${this.directory}"`, `jetstream { ${[`store_dir: "${this.store}"`, ...this.storage].join(', ')} }`, ...this.lines, ''].join('\n'));
    this.child = spawn(this.program, ['-c', config, '-l', join(this.directory, 'nats.log')], { stdio: 'ignore' });
    running.add(this.child);
    this.ended = new Promise((resolve, reject) => {
      this.child.on('error', (why) => reject(new Error(`${this.program} cannot be started: ${why.message}`)));
      this.child.on('exit', () => (running.delete(this.child), resolve()));
    });
    return this;
  }

  async start() {
    this.launch();
    const ports = join(this.directory, `nats-server_${this.child.pid}.ports`);
    await until('nats-server to listen', () => {
      if (this.child.exitCode !== null) throw new Error(`nats-server ended: ${readFileSync(join(this.directory, 'nats.log'))}`);
      try {
        const told = readFileSync(ports, 'utf8');
        this.port = Number(/(?:nats|tls):\/\/127\.0\.0\.1:(\d+)/.exec(told)?.[1]);
        this.monitor = /http:\/\/127\.0\.0\.1:\d+/.exec(told)?.[0];
        return this.port && this.monitor;
      } catch {
        return undefined;
      }
    });
    return this;
  }

  /** Whether it says of itself that it can do without another server now: it has caught up with all that the cluster decided and stored. */
  async healthy() {
    try {
      return (await fetch(`${this.monitor}/healthz`)).ok;
    } catch {
      return false;
    }
  }

  /** As when the power goes. */
  async kill() {
    this.child.kill('SIGKILL');
    await this.ended;
  }
  pause() { this.child.kill('SIGSTOP'); }
  resume() { this.child.kill('SIGCONT'); }
}

/** Starts one server and waits until it listens. */
export async function startBroker(t, options) {
  const broker = new Broker(temporaryDirectory(t), { port: await freePort(), ...options });
  afterwards(t, () => (broker.resume(), broker.kill()));
  return broker.start();
}

/**
 * Starts three servers that form one cluster and waits until they keep streams together. `routeHost(i, j)` is the address
 * under which server i reaches server j; `guard` is called with the ports before the first server starts.
 */
export async function startCluster(t, { routeHost = () => '127.0.0.1', guard = () => {}, clusterLines = [], ...options } = {}) {
  const ports = [];
  for (let i = 0; i < 3; ++i) ports.push({ client: await freePort(), route: await freePort() });
  guard(ports);
  const routes = (i) => ports.map(({ route }, j) => `"nats://${routeHost(i, j)}:${route}"`).join(', ');
  const listen = (route) => `listen: "${options.host ?? '127.0.0.1'}:${route}"`;
  const brokers = ports.map(({ client, route }, i) => new Broker(temporaryDirectory(t), {
    ...options, port: client,
    lines: [`server_name: "n${i}"`, `cluster { ${['name: "test"', listen(route), `routes: [${routes(i)}]`, ...clusterLines].join(', ')} }`],
  }));
  afterwards(t, () => Promise.all(brokers.map((one) => one.kill())));
  const cluster = {
    brokers,
    ports,
    url: brokers.map((one) => one.url).join(','),
    named: (name) => brokers[Number(name.slice(1))],
    /**
     * Whether another server may be killed now. To be back is not enough: of a server that has not caught up with the cluster's
     * own log, and one more, no leader comes until the third returns.
     */
    whole: async () => (await Promise.all(brokers.map((one) => one.healthy()))).every(Boolean),
    /**
     * Starts a server that was killed and waits until all have caught up. Now and then the routes of a nats-server 2.10 that comes
     * back stay silent (the others' last word to it is a minute old, and nobody closes them); it is started once more then.
     */
    bringBack: (broker) => startInsistently([broker], () => until('all servers to have caught up', cluster.whole, patience / 3)),
  };
  cluster.flags = ['--log', 'nats', '--nats', cluster.url, '--replicas', '3'];
  // Of new clusters of nats-server 2.10 one in some fifty on a busy machine never becomes one, and has to be started anew: its leader,
  // elected in the moment in which the third server connects, takes it for one of two; or two servers elect none.
  await startInsistently(brokers, () => keepsStreams(t, cluster));
  return cluster;
}

/** Starts servers one after the other and waits for what they shall bring about; if it does not come, kills and starts them again. */
async function startInsistently(brokers, broughtAbout) {
  for (let left = 4; ; --left) {
    for (const one of brokers) await one.start();
    try {
      return await broughtAbout();
    } catch (why) {
      if (left === 1) throw why;
      await Promise.all(brokers.map((one) => one.kill()));
    }
  }
}

/** Waits until the servers of a new cluster keep a stream together and are whole. */
async function keepsStreams(t, cluster) {
  let manager;
  await insist('the cluster to keep a stream', async () => {
    manager ??= (await connectTo(t, cluster, {}, { timeout: 1_000 })).manager;
    await manager.streams.add({ name: 'warm', subjects: ['warm'], num_replicas: 3, storage: 'memory' });
    if (!(await cluster.whole())) throw new Error('a server has not caught up');
  }, patience / 3);
}

/** A client of the broker or cluster, closed after the test. */
export async function connectTo(t, { url }, options = {}, managerOptions = {}) {
  const nc = await connect({ servers: url.split(','), maxReconnectAttempts: -1, ...options });
  afterwards(t, () => nc.close());
  return { nc, js: jetstream(nc), manager: await jetstreamManager(nc, managerOptions) };
}

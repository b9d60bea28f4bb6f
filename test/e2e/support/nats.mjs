// A broker under test: nats-server with JetStream on a free port and a store of its own.
//
//   const broker = await startBroker(t);              killed when the test ends, however it ends
//   const node = await startNode(t, { flags: broker.flags });
//   const { nc, js } = await connectTo(t, broker);
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterwards, temporaryDirectory, until } from './node.mjs';

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

class Broker {
  /** `lines` are added to the configuration. */
  constructor(directory, { program = 'nats-server', port = -1, lines = [] } = {}) {
    Object.assign(this, { directory, program, port, lines });
  }

  get url() { return `nats://127.0.0.1:${this.port}`; }
  get flags() { return ['--log', 'nats', '--nats', this.url]; }

  /** Starts it, again on the same port and store after `kill`; does not wait until it is ready. */
  launch() {
    const config = join(this.directory, 'nats.conf');
    writeFileSync(config, [`listen: "127.0.0.1:${this.port}"`, 'max_payload: 2MB', `ports_file_dir: "${this.directory}"`,
      `jetstream { store_dir: "${join(this.directory, 'store')}" }`, ...this.lines, ''].join('\n'));
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
    this.port = await until('nats-server to listen', () => {
      if (this.child.exitCode !== null) throw new Error(`nats-server ended: ${readFileSync(join(this.directory, 'nats.log'))}`);
      try {
        return Number(/nats:\/\/127\.0\.0\.1:(\d+)/.exec(readFileSync(ports, 'utf8'))?.[1]);
      } catch {
        return undefined;
      }
    });
    return this;
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
  const broker = new Broker(temporaryDirectory(t), options);
  afterwards(t, () => (broker.resume(), broker.kill()));
  return broker.start();
}

/** Starts servers that form one cluster; `ports` are those of their routes and clients. */
export async function startCluster(t, ports, options = {}) {
  const routes = ports.map(({ route }) => `"nats://127.0.0.1:${route}"`).join(', ');
  const brokers = ports.map(({ client, route }, i) => new Broker(temporaryDirectory(t), {
    ...options, port: client,
    lines: [`server_name: "n${i}"`, `cluster { name: "test", listen: "127.0.0.1:${route}", routes: [${routes}] }`],
  }));
  afterwards(t, () => Promise.all(brokers.map((one) => one.kill())));
  await Promise.all(brokers.map((one) => one.start()));
  return brokers;
}

/** A client of the broker, closed after the test. */
export async function connectTo(t, broker) {
  const nc = await connect({ servers: broker.url, maxReconnectAttempts: -1 });
  afterwards(t, () => nc.close());
  return { nc, js: jetstream(nc), manager: await jetstreamManager(nc) };
}

// The lines between nodes and brokers, and between brokers, so that they can be cut: silently, as when a cable is pulled.
//
// In a network namespace of our own (`enterNamespace`, as root) every line has an address of its own in 127.0.0.0/8, and packets to
// and from it are dropped. Where that is not allowed, each line of a node goes through a TCP proxy that stops handing on; lines
// between brokers can then not be cut.
import { execFileSync, spawnSync } from 'node:child_process';
import net from 'node:net';

const inNamespace = 'TROUPE_CHAOS_NAMESPACE';

/** Runs this program again in a network namespace of its own, if that is allowed, and ends with its status. */
export function enterNamespace() {
  if (process.env[inNamespace] || process.getuid() !== 0) return;
  if (spawnSync('unshare', ['--net', 'sh', '-c', 'ip link set lo up && iptables -S INPUT'], { stdio: 'ignore' }).status !== 0) return;
  const { status } = spawnSync('unshare', ['--net', process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    { stdio: 'inherit', env: { ...process.env, [inNamespace]: '1' } });
  process.exit(status ?? 1);
}

export function makeLinks(scope) {
  return process.env[inNamespace] ? new Packets() : new Proxies(scope);
}

/**
 * Brokers tell each other of addresses; only those of the lines may be used. A broker that is there already could have such a
 * connection, which would then fall silent.
 */
function forbidShortcuts(ports) {
  for (const { route } of ports) {
    execFileSync('iptables', ['-w', '-A', 'INPUT', '-p', 'tcp', '-d', '127.0.0.1', '--dport', String(route), '-j', 'REJECT', '--reject-with', 'tcp-reset']);
  }
}

/** Lines as addresses whose packets can be dropped. */
class Packets {
  constructor() {
    execFileSync('ip', ['link', 'set', 'lo', 'up']);
    this.description = 'packets are dropped in a network namespace';
    this.brokers = { host: '0.0.0.0', routeHost: (i, j) => `127.0.2.${10 * i + j + 1}`, clusterLines: ['no_advertise: true'], guard: forbidShortcuts };
    this.dropped = new Set();
  }

  /** The URLs under which a node reaches the brokers. */
  async urls(node, { brokers }) { return brokers.map(({ port }) => `nats://${this.lineOf(node)}:${port}`); }
  lineOf(node) { return `127.0.1.${node + 1}`; }

  cutNode(node) { this.drop([this.lineOf(node)]); }
  mendNode(node) { this.restore([this.lineOf(node)]); }

  /** Cuts one broker off the two others; clients still reach it. */
  cutBroker(broker) { this.drop(this.routesOf(broker)); }
  mendBroker(broker) { this.restore(this.routesOf(broker)); }
  routesOf(broker) {
    return [0, 1, 2].filter((other) => other !== broker)
      .flatMap((other) => [this.brokers.routeHost(broker, other), this.brokers.routeHost(other, broker)]);
  }

  drop(addresses) { addresses.filter((one) => !this.dropped.has(one)).forEach((one) => (this.dropped.add(one), this.rule('-I', one))); }
  restore(addresses) { addresses.filter((one) => this.dropped.delete(one)).forEach((one) => this.rule('-D', one)); }
  rule(what, address) {
    for (const end of ['-s', '-d']) execFileSync('iptables', ['-w', what, 'INPUT', end, address, '-j', 'DROP']);
  }
}

/** Lines as TCP proxies that can stop. */
class Proxies {
  constructor(scope) {
    this.description = 'TCP proxies stop handing on (no network namespace here; lines between brokers are not cut)';
    this.brokers = {};
    this.lines = new Map();
    scope.after(() => this.lines.forEach((proxies) => proxies.forEach((proxy) => proxy.close())));
  }

  async urls(node, { brokers }) {
    if (!this.lines.has(node)) this.lines.set(node, await Promise.all(brokers.map(({ port }) => new Proxy(port).listen())));
    return this.lines.get(node).map(({ port }) => `nats://127.0.0.1:${port}`);
  }

  cutNode(node) { this.lines.get(node).forEach((proxy) => proxy.cut()); }
  mendNode(node) { this.lines.get(node).forEach((proxy) => proxy.mend()); }
}

class Proxy {
  constructor(target) {
    this.target = target;
    this.sockets = new Set();
    this.isCut = false;
    this.server = net.createServer((near) => {
      const far = net.connect(this.target, '127.0.0.1');
      for (const [one, other] of [[near, far], [far, near]]) {
        this.sockets.add(one);
        one.on('error', () => {}).on('close', () => (this.sockets.delete(one), other.destroy()));
        one.pipe(other);
        if (this.isCut) one.pause();
      }
    });
  }

  async listen() {
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    return this;
  }

  cut() {
    this.isCut = true;
    for (const socket of this.sockets) socket.pause();
  }
  mend() {
    this.isCut = false;
    for (const socket of this.sockets) socket.resume();
  }
  close() {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

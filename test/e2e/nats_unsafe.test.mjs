// Debian 12's own nats-server lets two writers win one compare-and-set in a cluster: a node must refuse to keep its log
// there. Skipped where that package cannot be had; TROUPE_OLD_NATS_SERVER names the program where it is at hand.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { run, temporaryDirectory, until } from './support/node.mjs';
import { connectTo, startCluster } from './support/nats.mjs';

/** The old server's program, unpacked beside everything else. */
function oldServer(t) {
  if (process.env.TROUPE_OLD_NATS_SERVER) return process.env.TROUPE_OLD_NATS_SERVER;
  const directory = temporaryDirectory(t);
  try {
    execFileSync('apt-get', ['-q', '-o', 'APT::Sandbox::User=', 'download', 'nats-server=2.9.10*'], { cwd: directory, stdio: 'ignore', timeout: 60_000 });
    const [file] = readdirSync(directory);
    execFileSync('dpkg', ['-x', file, directory], { cwd: directory });
    return join(directory, 'usr/sbin/nats-server');
  } catch {
    return undefined;
  }
}

const freePort = () => new Promise((resolve) => {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

async function cluster(t, options) {
  const ports = [];
  for (let i = 0; i < 3; ++i) ports.push({ client: await freePort(), route: await freePort() });
  const brokers = await startCluster(t, ports, options);
  let manager;
  await until('the cluster to have a leader', async () => {
    try {
      manager ??= (await connectTo(t, brokers[0])).manager;
      await manager.streams.add({ name: 'warm', subjects: ['warm'], num_replicas: 3, storage: 'memory' });
      return true;
    } catch {
      return false;
    }
  });
  return ['run', '--http', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--data', temporaryDirectory(t), '--log', 'nats',
    '--nats', brokers.map((one) => one.url).join(','), '--replicas', '3'];
}

test('a cluster of servers whose compare-and-set has two winners is refused with one clear line', async (t) => {
  const program = oldServer(t);
  if (!program) return t.skip('nats-server 2.9.10 is not to be had');
  const { code, stderr } = await run(await cluster(t, { program }));
  assert.equal(code, 2, stderr);
  assert.match(stderr, /^troupe: this broker cannot keep the log: two writers won the same compare-and-set .*upgrade every server\n$/);
});

// Debian 12's own nats-server lets two writers win one compare-and-set in a cluster: a node must refuse to keep its log
// there. Skipped where that package cannot be had; TROUPE_OLD_NATS_SERVER names the program where it is at hand.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { run, temporaryDirectory } from './support/node.mjs';
import { startCluster } from './support/nats.mjs';

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

test('a cluster of servers whose compare-and-set has two winners is refused with one clear line', async (t) => {
  const program = oldServer(t);
  if (!program) return t.skip('nats-server 2.9.10 is not to be had');
  const { flags } = await startCluster(t, { program });
  const { code, stderr } = await run(['run', '--http', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--data', temporaryDirectory(t), ...flags]);
  assert.equal(code, 2, stderr);
  assert.match(stderr, /^troupe: this broker cannot keep the log: two writers won the same compare-and-set .*upgrade every server\n$/);
});

// Servers beside which Troupe is measured: each on a free port, in a directory of its own, with the distribution's settings.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../e2e/support/node.mjs';

const programs = process.env.POSTGRES_PROGRAMS ?? newestProgramsOf('/usr/lib/postgresql');

function newestProgramsOf(folder) {
  return join(folder, readdirSync(folder).sort((a, b) => b - a)[0], 'bin');
}

/** A fresh PostgreSQL, which does not run as root: { url, pg, psql, stop }. */
export async function startPostgres() {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-'));
  const asUser = process.getuid() === 0 ? ['runuser', '-u', 'postgres', '--'] : [];
  if (asUser.length > 0) execFileSync('chown', ['postgres', folder]);
  chmodSync(folder, 0o700);
  const run = (program, ...args) => execFileSync([...asUser, program][0], [...asUser, program, ...args].slice(1), { cwd: '/', stdio: 'pipe' });
  run(join(programs, 'initdb'), '-D', join(folder, 'data'), '-U', 'postgres', '--auth', 'trust', '-E', 'UTF8');
  const port = await freePort();
  const command = [...asUser, join(programs, 'postgres'), '-D', join(folder, 'data'), '-p', String(port), '-h', '127.0.0.1', '-k', folder];
  const server = spawn(command[0], command.slice(1), { cwd: '/', stdio: 'ignore' });
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const { default: pg } = await import('pg');
  for (let tries = 0; ; ++tries) {
    const client = new pg.Client(url);
    try {
      await client.connect();
      await client.end();
      break;
    } catch (why) {
      if (tries === 200) throw why;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  const stop = async () => {
    const ended = new Promise((resolve) => server.on('close', resolve));
    run(join(programs, 'pg_ctl'), '-D', join(folder, 'data'), '-m', 'immediate', 'stop');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const psql = (...args) => execFileSync(join(programs, 'psql'), ['-XqAt', '-v', 'ON_ERROR_STOP=1', url, ...args], { encoding: 'utf8' });
  return { url, pg, psql, stop };
}

/** A fresh nats-server with JetStream: { url, stop }. */
export async function startNats() {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-'));
  const config = join(folder, 'nats.conf');
  writeFileSync(config, `listen: "127.0.0.1:-1"\nmax_payload: 2MB\nports_file_dir: "${folder}"\njetstream { store_dir: "${join(folder, 'store')}" }\n`);
  const server = spawn('nats-server', ['-c', config, '-l', join(folder, 'log')], { stdio: 'ignore' });
  const ended = new Promise((resolve) => server.on('close', resolve));
  const end = () => server.kill('SIGKILL');
  process.on('exit', end);
  const ports = join(folder, `nats-server_${server.pid}.ports`);
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (server.exitCode !== null) throw new Error(`nats-server ended with ${server.exitCode}`);
    try {
      const url = readFileSync(ports, 'utf8').match(/nats:\/\/127\.0\.0\.1:\d+/)?.[0];
      if (!url) continue;
      const stop = async () => {
        end();
        await ended;
        process.removeListener('exit', end);
        rmSync(folder, { recursive: true, force: true });
      };
      return { url, stop };
    } catch {
      // Not there yet.
    }
  }
}

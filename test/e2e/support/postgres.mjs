// A PostgreSQL server of the test's own: on a free port of 127.0.0.1, in a temporary directory.
//
//   const server = await startPostgres(t);           ended when the test ends
//   const url = await server.createDatabase('views');
//   await server.psql(url, 'SELECT 1');              → '1'
import { spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, until } from './node.mjs';

const programs = '/usr/lib/postgresql/15/bin';

/** The server refuses to run as root: { uid, gid } of somebody else, if need be. */
function otherUser() {
  if (process.getuid() !== 0) return {};
  const users = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':'));
  const [, , uid, gid] = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  return { uid: Number(uid), gid: Number(gid) };
}

class Postgres {
  constructor(directory, port, user) {
    this.directory = directory;
    this.port = port;
    this.user = user;
  }

  url(database) { return `postgres://troupe@127.0.0.1:${this.port}/${database}?sslmode=disable`; }

  async start() {
    const log = openSync(join(this.directory, 'log'), 'a');
    const args = ['-D', join(this.directory, 'data'), '-p', this.port, '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='];
    const state = join(this.directory, 'data/postmaster.pid');
    await until('PostgreSQL to take connections', async () => {
      // It ends at once while processes of the one before it are still there.
      if (!this.child || this.child.exitCode !== null) {
        this.child = spawn(join(programs, 'postgres'), args.map(String), { cwd: '/', stdio: ['ignore', log, log], ...this.user });
      }
      try {
        const lines = readFileSync(state, 'utf8').split('\n');
        return Number(lines[0]) === this.child.pid && lines[7]?.startsWith('ready');
      } catch {
        return false;
      }
    });
  }

  /** As a power cut would end it. */
  async crash() {
    const ended = new Promise((resolve) => this.child.once('close', resolve));
    this.child.kill('SIGKILL');
    await ended;
    this.child = undefined;
  }

  async createDatabase(name) {
    await this.psql(this.url('postgres'), `CREATE DATABASE ${name}`);
    return this.url(name);
  }

  /** What psql prints: one row a line, columns separated by '|'. */
  async psql(url, sql) {
    const { status, stdout, stderr } = spawnSync(join(programs, 'psql'), ['-XqAt', '-v', 'ON_ERROR_STOP=1', url, '-c', sql], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`psql: ${stderr}`);
    return stdout.trim();
  }
}

export async function startPostgres(t) {
  const directory = mkdtempSync(join(tmpdir(), 'troupe-postgres-'));
  const user = otherUser();
  if (user.uid !== undefined) chownSync(directory, user.uid, user.gid);
  const server = new Postgres(directory, await freePort(), user);
  const end = () => server.child?.kill('SIGKILL');
  process.on('exit', end);
  t.after(async () => {
    if (server.child) await server.crash();
    process.removeListener('exit', end);
    rmSync(directory, { recursive: true, force: true });
  });
  const made = spawnSync(join(programs, 'initdb'),
    ['-D', join(directory, 'data'), '-U', 'troupe', '--auth=trust', '--no-sync', '--encoding=UTF8', '--locale=C.UTF-8'],
    { encoding: 'utf8', cwd: '/', ...user });
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
  await server.start();
  return server;
}

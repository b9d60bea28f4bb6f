// The table of docs/benchmarks.md: each figure of Troupe beside a bare baseline, both measured in turn in the same run.
//
//   node run.mjs BUILD_FOLDER        all rows, then writes docs/benchmarks.md; ROWS="http hot" measures some and writes nothing
//
// The machine is small and noisy, so every row is the median of several rounds, and a round is both sides, one after the other.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startNats, startPostgres } from './servers.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const build = resolve(process.argv[2]);
const wanted = (process.env.ROWS ?? '').split(' ').filter(Boolean);
const quick = process.env.QUICK === '1';  // A look in a few minutes; the figures are rougher.
const rounds = quick ? 3 : 5;
const seconds = quick ? 4 : 10;
const full = quick ? 100_000 : 1_000_000;  // Entities of the large log and of the resident handlers.
const scratch = mkdtempSync(join(process.env.BENCH_FOLDER ?? tmpdir(), 'troupe-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130));

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const count = (value) => Math.round(value).toLocaleString('en-US').replaceAll(',', ' ');
let folders = 0;
const folder = () => join(scratch, String(++folders));

const children = new Set();
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));

/** Starts a server and waits for what `ready` finds in its output. */
function start(program, args, ready) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  let text = '';
  const found = new Promise((done, fail) => {
    child.stdout.setEncoding('utf8').on('data', (part) => {
      text += part;
      const match = ready(text);
      if (match) done(match);
    });
    child.on('close', (code) => (children.delete(child), fail(new Error(`${program} ended with ${code}`))));
  });
  const stop = () => new Promise((done) => (child.removeAllListeners('close'), child.on('close', () => (children.delete(child), done())), child.kill('SIGTERM')));
  return found.then((match) => ({ ...match, pid: child.pid, stop }));
}

const startEcho = () => start(join(build, 'bench/echo_baseline'), [], (text) => {
  const port = text.match(/^(\d+)\n/)?.[1];
  return port && { http: `http://127.0.0.1:${port}` };
});

const startNode = (data = folder(), flags = []) =>
  start(join(build, 'troupe'), ['run', '--http', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--data', data, '--log-level', 'error', ...flags], (text) => {
    const of = (name) => text.match(new RegExp(`^  ${name}  (http://\\S+)\\n`, 'm'))?.[1];
    return of('http') && of('admin') && text.includes('Try:') && { http: of('http'), admin: of('admin'), data };
  });

/** One run of wrk: { perSecond, p50, p99, max } in milliseconds. A failed request fails the run. */
let loads = 0;
async function load(url, mode, { connections = 64, time = seconds, id = '', pause = 0, watch } = {}) {
  const args = ['-t1', `-c${connections}`, `-d${time}s`, '--timeout', '30s', '-s', join(here, 'load/commands.lua'), url, '--', mode, `r${++loads}`, id, String(pause)];
  const child = spawn('wrk', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (part) => (text += part));
  const ended = new Promise((done) => child.on('close', done));
  const seen = watch ? await watch(ended) : undefined;
  await ended;
  const got = JSON.parse(text.trim().split('\n').at(-1));
  if (got.failed > 0) throw new Error(`${got.failed} requests failed: ${text}`);
  return { perSecond: got.requests / got.seconds, p50: got.p50 / 1000, p99: got.p99 / 1000, max: got.max / 1000, seen };
}

const agent = new http.Agent({ keepAlive: true });
function ask(method, url, body, headers = {}) {
  return new Promise((done, fail) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const sent = http.request(url, { method, agent, headers: { ...headers, ...(text && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }) } }, (answer) => {
      let all = '';
      answer.setEncoding('utf8').on('data', (part) => (all += part)).on('end', () => done({ status: answer.statusCode, headers: answer.headers, body: all && /json/.test(answer.headers['content-type'] ?? '') ? JSON.parse(all) : all }));
    });
    sent.on('error', fail);
    sent.end(text);
  });
}

const person = (name) => ({ auth0Id: `auth0|${name}`, email: `${name}@example.com`, emailVerified: true, firstName: 'Zoë', lastName: 'Washburne', picture: 'https://example.com/faces/4711.png', locale: 'en' });
const projection = async (node, name) => (await ask('GET', `${node.admin}/admin/projections`)).body.items.find((one) => one.name === name);
async function caughtUp(node) {
  for (;;) {
    const all = (await ask('GET', `${node.admin}/admin/projections`)).body.items;
    if (all.every((one) => one.position === one.head && one.status === 'running')) return;
    await new Promise((done) => setTimeout(done, 20));
  }
}
const accepted = async (node) => Number((await ask('GET', `${node.admin}/metrics`)).body.match(/troupe_commands_total\{category="identity",status="accepted"\} (\S+)/)?.[1] ?? 0);
const residentMiB = (pid) => Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) / 1024;
const sqlite = (mode, rows, batch) => Number(execFileSync(join(build, 'bench/sqlite_baseline'), [mode, folder(), String(rows), String(batch)], { encoding: 'utf8' }));

const nats = (...args) => Number(execFileSync(join(build, 'bench/nats_baseline'), args.map(String), { encoding: 'utf8' }));

/** Nodes n0, n1, … of one cluster, once they know each other, and what starts one that was killed again. */
async function startNodes(number, flags) {
  const launch = async (name) => ({ ...await startNode(folder(), [...flags, '--node', name]), name });
  const nodes = await Promise.all(Array.from({ length: number }, (_, i) => launch(`n${i}`)));
  const agreed = async () => {
    for (;;) {
      const seen = await Promise.all(nodes.map(async (one) => (await ask('GET', `${one.admin}/admin/cluster`)).body));
      if (seen.every((one) => one.nodes.length === number && one.shards.join() === seen[0].shards.join())) return;
      await new Promise((done) => setTimeout(done, 50));
    }
  };
  await agreed();
  const restart = async (dead) => {
    nodes[nodes.indexOf(dead)] = await launch(dead.name);
    await agreed();
  };
  return { nodes, restart };
}

/** As when the power goes: when that was. */
function kill(node) {
  process.kill(node.pid, 'SIGKILL');
  return process.hrtime.bigint();
}
const since = (then) => Number(process.hrtime.bigint() - then) / 1e9;

/** Posts until it is accepted, as a client does that retries under one key. */
async function posted(node, path, body) {
  const key = `bench-${++loads}`;
  for (;;) {
    const answer = await ask('POST', node.http + path, body, { 'Idempotency-Key': key });
    if (answer.status < 300) return answer;
    if (answer.status < 500) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}
const rename = (node, id, firstName) => posted(node, `/v1/identity/${id}/ModifyUser`, { firstName, lastName: '', picture: '', locale: '' });

/** A new user, the node that owns it, and the others. */
async function someUser(nodes) {
  const { body } = await posted(nodes[0], '/v1/identity/AddUser', person(`owned-${++loads}`));
  const [, position] = body.position.split(':');
  const { items } = (await ask('GET', `${nodes[0].http}/v1/events/identity?from=${position}`)).body;
  const owner = nodes.find((one) => one.name === items[0].metadata.node);
  return { id: body.id, owner, others: nodes.filter((one) => one !== owner) };
}

/** The sum of a counter over nodes. */
async function total(nodes, pattern) {
  const pages = await Promise.all(nodes.map(async (one) => (await ask('GET', `${one.admin}/metrics`)).body));
  return pages.flatMap((page) => [...page.matchAll(pattern)]).reduce((sum, [, value]) => sum + Number(value), 0);
}

const table = [];
function row(figure, target, value, beside, holds) {
  table.push({ figure, target, value, beside, holds });
  console.log(`${holds ? 'reached ' : 'MISSED  '} ${figure}: ${value} (target ${target}); ${beside}`);
}

/** Rounds of both sides in turn, each on what `prepare` made; the median of each and of their ratios. */
async function compare(ours, theirs) {
  const results = [];
  for (let i = 0; i < rounds; ++i) results.push({ theirs: await theirs(), ours: await ours() });
  return {
    ours: median(results.map((one) => one.ours)), theirs: median(results.map((one) => one.theirs)),
    ratio: median(results.map((one) => one.ours / one.theirs)),
  };
}

const rows = {
  async http() {
    const echo = await startEcho();
    const node = await startNode();
    const latencies = [];
    let stalled = 0;
    const watch = async (ended) => {
      let over = false;
      ended.then(() => (over = true));
      for (let before = await accepted(node); ;) {
        await Promise.race([ended, new Promise((done) => setTimeout(done, 1000))]);
        if (over) return;
        const now = await accepted(node);
        if (now === before) ++stalled;
        before = now;
      }
    };
    const { ours, theirs, ratio } = await compare(
      async () => {
        const got = await load(node.http, 'distinct', { watch });
        latencies.push(got.p99);
        return got.perSecond;
      },
      async () => (await load(echo.http, 'distinct')).perSecond);
    const p99 = median(latencies);
    row('HTTP commands, distinct entities, 64 connections, against a bare cpp-httplib echo', '≥ 0.40', ratio.toFixed(2), `${count(ours)}/s beside ${count(theirs)}/s`, ratio >= 0.4);
    row('p99 of these commands', '≤ 25 ms', `${p99.toFixed(1)} ms`, 'with the load generator on the same cores', p99 <= 25);
    row('seconds of these runs without progress', '0', String(stalled), `of ${rounds * seconds}`, stalled === 0);
    await node.stop();
    await echo.stop();
  },

  async rivals() {
    const rival = (name) => () => JSON.parse(execFileSync('node', [join(here, 'rivals.mjs'), name, String(seconds), '32'], { encoding: 'utf8' })).perSecond;
    const node = await startNode();
    const ours = async () => (await load(node.http, 'distinct', { connections: 32 })).perSecond;
    const emmett = await compare(ours, rival('emmett'));
    row('HTTP commands, 32 in flight, against Emmett on PostgreSQL (called in its own process, without HTTP)', '≥ 10', emmett.ratio.toFixed(1), `${count(emmett.ours)}/s beside ${count(emmett.theirs)}/s`, emmett.ratio >= 10);
    const message = await compare(ours, rival('message-db'));
    row("the same against message-db's write_message (appends only: no decision, no view)", 'none set', message.ratio.toFixed(1), `${count(message.ours)}/s beside ${count(message.theirs)}/s`, true);
    await node.stop();
  },

  async arrays() {
    // Both sides begin with nothing in every round.
    const { ours, theirs, ratio } = await compare(
      async () => {
        const node = await startNode();
        const { perSecond } = await load(node.http, 'array', { connections: 8 });
        await node.stop();
        return 100 * perSecond;
      },
      () => sqlite('commits', 200_000, 1000));
    row('commands in arrays of 100, against bare SQLite group commit of the same rows, 1 000 to a transaction', '≥ 0.6', ratio.toFixed(2), `${count(ours)}/s beside ${count(theirs)}/s`, ratio >= 0.6);
  },

  async hot() {
    const node = await startNode();
    const { id } = (await ask('POST', `${node.http}/v1/users`, person('hot'))).body;
    const { ours, theirs, ratio } = await compare(
      async () => (await load(node.http, 'hot', { id })).perSecond,
      async () => (await load(node.http, 'distinct')).perSecond);
    row('one hot entity from 64 connections, against distinct entities', '≥ 0.8', ratio.toFixed(2), `${count(ours)}/s beside ${count(theirs)}/s`, ratio >= 0.8);
    await node.stop();
  },

  async replay() {
    const node = await startNode();
    while ((await projection(node, 'users')).head < (quick ? 100_000 : 300_000)) await load(node.http, 'array', { connections: 8, time: 2 });
    await caughtUp(node);
    const { head } = await projection(node, 'users');
    const { ours, theirs, ratio } = await compare(
      async () => {
        const begun = process.hrtime.bigint();
        await ask('POST', `${node.admin}/admin/projections/users/rebuild`);
        await caughtUp(node);
        return head / (Number(process.hrtime.bigint() - begun) / 1e9);
      },
      () => sqlite('rows', head, 1000));
    row('projector replay into a SQLite view, against bare batched upserts of the same rows', '≥ 0.6', ratio.toFixed(2), `${count(ours)} events/s beside ${count(theirs)} rows/s`, ratio >= 0.6);
    await node.stop();
  },

  async visible() {
    const node = await startNode();
    const full = await load(node.http, 'distinct', { time: 5 });
    // At half the rate each of 64 connections pauses as long as it works; a second client watches its own commands.
    const pause = Math.round((64 / full.perSecond) * 1000 * 2 - full.p50);
    const times = [];
    const watch = async (ended) => {
      let over = false;
      ended.then(() => (over = true));
      for (let i = 0; !over; ++i) {
        const answer = await ask('POST', `${node.http}/v1/users`, person(`seen-${loads}-${i}`));
        const begun = process.hrtime.bigint();
        const seen = await ask('GET', `${node.http}/v1/views/users/${answer.body.id}`, undefined, { 'X-Min-Position': answer.headers['x-position'] });
        if (seen.status !== 200) throw new Error(`row: ${seen.status}`);
        times.push(Number(process.hrtime.bigint() - begun) / 1e6);
      }
    };
    const half = await load(node.http, 'distinct', { pause: Math.max(1, pause), time: 2 * seconds, watch });
    const p99 = times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)];
    row('command accepted → row visible, at half load', 'p99 ≤ 20 ms', `p99 ${p99.toFixed(1)} ms`, `median ${median(times).toFixed(1)} ms of ${times.length}, at ${count(half.perSecond)}/s of ${count(full.perSecond)}/s, the request for the row included`, p99 <= 20);
    await node.stop();
  },

  async resident() {
    const node = await startNode(folder(), ['--max-resident', String(full), '--idle', '86400']);
    await ask('POST', `${node.http}/v1/users`, person('first'));
    const before = residentMiB(node.pid);
    while (Number((await ask('GET', `${node.admin}/metrics`)).body.match(/^troupe_command_handlers_resident (\S+)/m)[1]) < full) await load(node.http, 'array', { connections: 8, time: 2 });
    await caughtUp(node);
    const mib = residentMiB(node.pid);
    const state = 360;  // Bytes of a user's state: nine strings, of which five are longer than the string object holds.
    const each = ((mib - before) * 1024 * 1024) / full - state;
    row(`resident command handler beyond its own state (${count(full)} of them)`, '≤ 1.5 KiB', `${(each / 1024).toFixed(2)} KiB`, `the process grew from ${count(before)} to ${count(mib)} MiB; ${state} bytes are the state's; all but 10 000 are at rest, without an actor`, each <= 1536);
    row(`${count(full)} resident command handlers`, '≤ 2 GiB', `${(mib / 1024).toFixed(2)} GiB`, 'whole process', mib <= 2048);
    await node.stop();
  },

  async nats() {
    const broker = await startNats();
    const node = await startNode(folder(), ['--log', 'nats', '--nats', broker.url]);
    const messages = quick ? 20_000 : 100_000;
    const bare = () => nats('publish', broker.url, messages);
    // What a service reaches on this machine that stores a message for each command and answers, and nothing else.
    const least = (mode) => median(Array.from({ length: rounds }, () => nats(`bare-${mode}`, broker.url, messages / 4, `bare${++loads}`)));
    for (const [what, mode, ours] of [
      ['commands in arrays of 100 with --log nats', '', async () => 100 * (await load(node.http, 'array', { connections: 8 })).perSecond],
      ['commands by request and reply, 1 000 in flight', 'ask', () => nats('ask', broker.url, messages / 4, `ask${++loads}`)],
      ['durable commands, 1 000 in flight, published by the client', 'durable', () => nats('durable', broker.url, messages / 4, `durable${++loads}`)],
    ]) {
      const { ours: mine, theirs, ratio } = await compare(ours, bare);
      const service = mode && `; a bare service that stores and answers: ${count(least(mode))}/s`;
      row(`${what}, against bare js_PublishAsync of the same events`, '≥ 0.5', ratio.toFixed(2), `${count(mine)}/s beside ${count(theirs)}/s${service}`, ratio >= 0.5);
    }
    await node.stop();
    await broker.stop();
  },

  async 'nats-http'() {
    const broker = await startNats();
    const theirs = await startNode();
    const node = await startNode(folder(), ['--log', 'nats', '--nats', broker.url]);
    const got = await compare(
      async () => (await load(node.http, 'distinct')).perSecond,
      async () => (await load(theirs.http, 'distinct')).perSecond);
    row('HTTP commands with --log nats, against the same over SQLite', '≥ 0.8', got.ratio.toFixed(2), `${count(got.ours)}/s beside ${count(got.theirs)}/s`, got.ratio >= 0.8);
    await node.stop();
    await theirs.stop();
    await broker.stop();
  },

  async postgres() {
    const server = await startPostgres();
    const data = folder();
    execFileSync(join(build, 'bench/fill'), [data, String(full), '1']);
    const node = await startNode(data, ['--views', 'postgres', '--postgres', server.url, '--migrate', 'auto']);
    await caughtUp(node);
    const file = join(scratch, 'users.csv');
    server.psql('-c', `\\copy users TO '${file}'`);
    const got = await compare(
      async () => {
        const begun = process.hrtime.bigint();
        await ask('POST', `${node.admin}/admin/projections/users/rebuild`);
        await caughtUp(node);
        return full / (Number(process.hrtime.bigint() - begun) / 1e9);
      },
      async () => {
        server.psql('-c', 'CREATE TABLE copied (LIKE users INCLUDING ALL)');
        const begun = process.hrtime.bigint();
        server.psql('-c', `\\copy copied FROM '${file}'`);
        const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
        server.psql('-c', 'DROP TABLE copied');
        return full / seconds;
      });
    row('projector into PostgreSQL, against bare COPY of the same rows', '≥ 0.3', got.ratio.toFixed(2), `${count(got.ours)}/s beside ${count(got.theirs)}/s`, got.ratio >= 0.3);
    row('events that it applies', '≥ 30 000/s', `${count(got.ours)}/s`, 'one event a row', got.ours >= 30_000);
    await node.stop();
    await server.stop();
  },

  async cold() {
    const broker = await startNats();
    const node = await startNode(folder(), ['--log', 'nats', '--nats', broker.url]);
    const { id } = (await ask('POST', `${node.http}/v1/users`, person('cold'))).body;
    for (let i = 1; i < 20; ++i) await ask('POST', `${node.http}/v1/identity/${id}/ModifyUser`, { firstName: `name ${i}`, lastName: '', picture: '', locale: '' });
    // What a load takes is seen through HTTP; the baseline speaks none, so a request that loads nothing is taken off.
    const timed = async (path, check) => {
      const times = [];
      for (let i = 0; i < 100; ++i) {
        const begun = process.hrtime.bigint();
        const answer = await ask('GET', node.admin + path);
        times.push(Number(process.hrtime.bigint() - begun) / 1e3);
        if (!check(answer)) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      }
      return median(times);
    };
    const seen = [];
    const got = await compare(
      async () => {
        const load = await timed(`/admin/entities/identity/${id}?version=20`, ({ body }) => body.version === 20);
        const nothing = await timed('/admin/entities/identity/none?version=x', ({ status }) => status === 400);
        seen.push(load);
        return load - nothing;
      },
      () => nats('load', broker.url, 'troupe_identity', `identity.${id}`));
    row('cold load of an entity of 20 events, against one direct get and one consumer', '≤ 2', got.ratio.toFixed(2), `${count(got.ours)} µs beside ${count(got.theirs)} µs; ${count(median(seen))} µs with the HTTP request that shows it`, got.ratio <= 2);
    await node.stop();
    await broker.stop();
  },

  async cluster() {
    const broker = await startNats();
    const own = ['--log', 'nats', '--nats', broker.url];
    const alone = await startNode(folder(), [...own, '--cluster', 'alone']);
    const { nodes } = await startNodes(3, own);
    const through = async (these) => {
      const got = await Promise.all(these.map((node) => load(node.http, 'distinct', { connections: Math.floor(64 / these.length) })));
      return got.reduce((sum, { perSecond }) => sum + perSecond, 0);
    };
    const { ours, theirs, ratio } = await compare(() => through(nodes), () => through([alone]));
    const [forwarded, all] = [await total(nodes, /^troupe_commands_forwarded_total\{.*\} (\S+)/gm), await total(nodes, /^troupe_commands_total\{category="identity",status="accepted"\} (\S+)/gm)];
    row('HTTP commands through three nodes on the two processors of this machine, against one node', 'none set', ratio.toFixed(2), `${count(ours)}/s beside ${count(theirs)}/s; ${Math.round((100 * forwarded) / all)} % were forwarded`, true);
    const { id, owner, others } = await someUser(nodes);
    const times = { owner: [], other: [] };
    for (let i = 0; i < 500; ++i) {
      for (const [what, node] of [['owner', owner], ['other', others[0]]]) {
        const begun = process.hrtime.bigint();
        await rename(node, id, `${what} ${i}`);
        times[what].push(Number(process.hrtime.bigint() - begun) / 1e6);
      }
    }
    const [direct, far] = [median(times.owner), median(times.other)];
    row('latency that one forward adds to a command, nothing else going on', 'none set', `${(far - direct).toFixed(2)} ms`, `median ${far.toFixed(2)} ms through another node, ${direct.toFixed(2)} ms at the owner`, true);
    for (const node of [alone, ...nodes]) await node.stop();
    await broker.stop();
  },

  async failover() {
    const broker = await startNats();
    const server = await startPostgres();
    const own = ['--log', 'nats', '--nats', broker.url, '--views', 'postgres', '--postgres', server.url, '--migrate', 'auto'];
    const { nodes, restart } = await startNodes(3, own);
    const accepted = [];
    const resumed = [];
    for (let i = 0; i < rounds; ++i) {
      const { id, owner, others } = await someUser(nodes);
      const died = kill(owner);
      await rename(others[0], id, `after ${i}`);
      accepted.push(since(died));
      await restart(owner);

      const of = (await projection(nodes[0], 'users')).owner;
      const projecting = nodes.find((one) => one.name === of);
      const other = nodes.find((one) => one !== projecting);
      const killed = kill(projecting);
      const added = await posted(other, '/v1/users', person(`failover-${i}`));
      while ((await ask('GET', `${other.http}/v1/views/users/${added.body.id}`)).status !== 200) await new Promise((done) => setTimeout(done, 10));
      resumed.push(since(killed));
      await restart(projecting);
    }
    const slowest = (times) => `slowest of ${rounds}: ${Math.max(...times).toFixed(1)} s`;
    row('kill -9 of an owner → next accepted command for its entity', '≤ 4 s', `${median(accepted).toFixed(1)} s`, slowest(accepted), Math.max(...accepted) <= 4);
    row('kill -9 of the node that projects → the view goes on at another', '≤ 5 s', `${median(resumed).toFixed(1)} s`, slowest(resumed), Math.max(...resumed) <= 5);
    for (const node of nodes) await node.stop();
    await server.stop();
    await broker.stop();
  },

  async large() {
    const data = folder();
    const events = execFileSync(join(build, 'bench/fill'), [data, String(full), '10'], { encoding: 'utf8' }).trim();
    const size = statSync(join(data, 'log.db')).size / 2 ** 30;
    const large = await startNode(data);
    const empty = await startNode();
    const { ours, theirs, ratio } = await compare(
      async () => (await load(large.http, 'distinct')).perSecond,
      async () => (await load(empty.http, 'distinct')).perSecond);
    row(`throughput with ${events} of ${count(full)} entities in the log (${size.toFixed(1)} GiB), against an empty one`, '≥ 0.85', ratio.toFixed(2), `${count(ours)}/s beside ${count(theirs)}/s`, ratio >= 0.85);
    await large.stop();
    await empty.stop();
  },

  async start() {
    const data = folder();
    execFileSync(join(build, 'bench/fill'), [data, String(full / 10), '10']);
    const times = [];
    for (let i = 0; i < rounds; ++i) {
      const begun = process.hrtime.bigint();
      const node = await startNode(data);
      while ((await ask('GET', `${node.admin}/readyz`)).status !== 200);
      times.push(Number(process.hrtime.bigint() - begun) / 1e9);
      await node.stop();
    }
    row(`start to ready with ${count(full)} events in the log`, '≤ 0.5 s', `${median(times).toFixed(2)} s`, `slowest of ${rounds}: ${Math.max(...times).toFixed(2)} s`, median(times) <= 0.5);
  },
};

for (const name of wanted.length > 0 ? wanted : Object.keys(rows)) await rows[name]();

const lines = [
  '| figure | target | measured | beside it | |', '| --- | --- | --- | --- | --- |',
  ...table.map((one) => `| ${one.figure} | ${one.target} | ${one.value} | ${one.beside} | ${one.holds ? '' : 'missed'} |`),
];
console.log(`\n${lines.join('\n')}`);
if (wanted.length === 0 && !quick) {
  const page = join(here, '../../docs/benchmarks.md');
  const old = readFileSync(page, 'utf8');
  const [head, tail] = [old.split('<!-- table -->')[0], old.split('<!-- /table -->')[1]];
  const machine = `Measured on ${new Date().toISOString().slice(0, 10)}: ${cpus().length} × ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node.js ${process.versions.node}.`;
  writeFileSync(page, `${head}<!-- table -->\n${machine}\n\n${lines.join('\n')}\n<!-- /table -->${tail}`);
}

// How a node begins and ends: in one line on stderr if it cannot start, and without losing an answer when it is told to stop.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { inMemory, ok, profile, run, startNode, temporaryDirectory, until } from './support/node.mjs';

for (const signal of ['SIGTERM', 'SIGINT']) {
  test(`${signal} under load ends cleanly, and all that was stored was answered`, async (t) => {
    const data = temporaryDirectory(t);
    const node = await startNode(t, { data });
    const answered = new Set();
    let sentSignal = false;
    await Promise.all(Array.from({ length: 16 }, async (_, client) => {
      for (let i = 0; ; ++i) {
        let answer;
        try {
          answer = await node.post('/v1/identity/AddUser', profile(`${client}-${i}`));
        } catch {
          assert.ok(sentSignal, 'a connection broke before the signal');
          return;
        }
        if (sentSignal && answer.status === 503) return assert.equal(answer.body.code, 'draining', answer.text);
        answered.add(ok(answer).commandId);
        if (answered.size >= 200 && !sentSignal) {
          sentSignal = true;
          node.launched.child.kill(signal);
        }
      }
    }));
    assert.deepEqual(await node.launched.ended, { code: 0, signal: null }, node.stderr);
    if (inMemory) return;
    const next = await startNode(t, { data });
    const stored = (await next.allEvents('identity')).map((event) => event.metadata.commandId);
    assert.deepEqual(stored.sort(), [...answered].sort());
  });
}

test('while draining, readiness is off, who comes is sent elsewhere and a request under way is answered', async (t) => {
  const node = await startNode(t);
  const { port, hostname } = new URL(node.http);
  const body = JSON.stringify(profile('slow'));
  let text = '';
  const socket = net.connect(port, hostname);
  socket.setEncoding('utf8').on('data', (part) => (text += part));
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket.write(`POST /v1/users HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body.slice(0, 10)}`);
  await until('the request to be under way', async () => /^troupe_http_requests_in_flight 1$/m.test((await node.get('/metrics')).text));

  node.launched.child.kill('SIGTERM');
  const unready = await until('readiness to go off', async () => {
    const answer = await node.get('/readyz?verbose');
    return answer.status !== 200 && answer;
  });
  assert.equal(unready.status, 503);
  assert.ok(unready.body.checks.some((check) => !check.ok && /draining/.test(check.detail)), unready.text);
  assert.equal((await node.get('/livez')).status, 200);
  const turnedAway = await until('who comes to be turned away', async () => {
    const answer = await node.request('GET', '/v1/views/users', { agent: false });
    return answer.status === 503 && answer;
  });
  assert.equal(turnedAway.body.code, 'draining');
  assert.equal(turnedAway.headers['retry-after'], '1');
  assert.equal(turnedAway.headers.connection, 'close');

  socket.write(body.slice(10));
  await closed;
  assert.match(text, /^HTTP\/1\.1 200 /);
  assert.match(text, /^Connection: close\r$/im);
  assert.deepEqual(await node.launched.ended, { code: 0, signal: null }, node.stderr);
});

test('a drain that takes too long ends with 1, a second signal ends it at once', async (t) => {
  for (const [flags, signals] of [[['--drain', '0'], 1], [[], 2]]) {
    const node = await startNode(t, { flags });
    const { port, hostname } = new URL(node.http);
    const socket = net.connect(port, hostname).on('error', () => {});
    socket.write(`POST /v1/users HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`);
    await until('the request to be under way', async () => /^troupe_http_requests_in_flight 1$/m.test((await node.get('/metrics')).text));
    node.launched.child.kill('SIGTERM');
    if (signals === 2) {
      await until('the drain', async () => (await node.get('/readyz')).status === 503);
      node.launched.child.kill('SIGTERM');
    }
    assert.deepEqual(await node.launched.ended, { code: 1, signal: null }, node.stderr);
    socket.destroy();
  }
});

test('flag comes before environment, environment before file', async (t) => {
  const file = join(temporaryDirectory(t), 'troupe.toml');
  writeFileSync(file, 'drain = 7\nnode = "from-file"\ndeadline = 7\nlog-level = "warn"\n');
  const node = await startNode(t, { flags: ['--config', file, '--deadline', '9'], environment: { TROUPE_DEADLINE: '8', TROUPE_DRAIN: '8' } });
  const { limits, ...config } = ok(await node.get('/admin/config'));
  assert.deepEqual([config.node, config.logLevel, config.drainSeconds, limits.deadline], ['from-file', 'warn', 8, 9]);
});

test('every flag has a variable', async (t) => {
  const data = temporaryDirectory(t);
  const { stdout } = await run(['run', '--help']);
  const flags = [...stdout.matchAll(/^ +--([a-z-]+) (U?INT|TEXT)/gm)];
  const wrong = new Map(flags.filter(([, , kind]) => kind !== 'TEXT').map(([, flag]) => [flag, 'never']));
  assert.ok(wrong.has('drain') && wrong.has('max-body') && wrong.has('batch'), stdout);
  for (const flag of ['http', 'admin', 'log', 'views', 'migrate', 'auth', 'log-level']) wrong.set(flag, 'never');
  wrong.set('data', '/dev/null/below').set('config', '/dev/null/none');
  for (const [flag, value] of wrong) {
    const told = ['config', 'data'].includes(flag) ? value : `--${flag}: `;
    const environment = { TROUPE_HTTP: '127.0.0.1:0', TROUPE_ADMIN: '127.0.0.1:0', TROUPE_DATA: data, [variable(flag)]: value };
    await refusesTo(['run'], new RegExp(told), environment);
  }
  const node = await startNode(t, { data, environment: { TROUPE_NODE: 'zoe', TROUPE_CORS: 'https://a.example,https://b.example' } });
  const config = ok(await node.get('/admin/config'));
  assert.deepEqual([config.node, config.cors], ['zoe', ['https://a.example', 'https://b.example']]);
});

const variable = (flag) => `TROUPE_${flag.toUpperCase().replaceAll('-', '_')}`;

const unused = mkdtempSync(join(tmpdir(), 'troupe-e2e-'));
process.on('exit', () => rmSync(unused, { recursive: true, force: true }));

/** Expects the program to end with status 2 and one line that says what is wrong. */
async function refusesTo(args, line, environment = {}) {
  const { code, stdout, stderr } = await run(args, environment);
  const told = `${JSON.stringify(environment)} troupe ${args.join(' ')}: ${stderr}`;
  assert.equal(code, 2, told);
  assert.match(stderr, /^troupe: [^\n]+\n$/, told);
  assert.match(stderr, line, told);
  assert.equal(stdout, '', told);
}

/** The same of `troupe run` on free ports, unless the flags say otherwise. */
function refuses(flags, line, environment) {
  const free = ['--http', '--admin'].filter((flag) => !flags.includes(flag)).flatMap((flag) => [flag, '127.0.0.1:0']);
  const data = flags.includes('--data') ? [] : ['--data', unused];
  return refusesTo(['run', ...free, ...data, ...flags], line, environment);
}

test('a setting that makes no sense is refused in one line that names it', async () => {
  await refuses(['--bogus'], /--bogus/);
  await refuses(['--drain', 'soon'], /--drain/);
  await refuses(['--log', 'paper'], /--log: 'paper' is not one of /);
  await refuses(['--views', 'glass'], /--views: 'glass' is not one of /);
  await refuses(['--auth', 'maybe'], /--auth/);
  await refuses(['--config', '/dev/null/none'], /\/dev\/null\/none/);
  await refuses(['--max-body', '-1'], /--max-body/);
  await refuses([], /--drain/, { TROUPE_DRAIN: 'never' });
  for (const address of ['nonsense', '127.0.0.1:99999', '127.0.0.1:', ':80']) await refuses(['--http', address], /^troupe: --http: /);
  await refuses(['--http', '0.0.0.0:0'], /^troupe: --http: .*--auth none/);
});

test('a port that is taken is refused in one line that names it', async (t) => {
  const taken = net.createServer();
  await new Promise((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.after(() => taken.close());
  const address = `127.0.0.1:${taken.address().port}`;
  for (const flag of ['--http', '--admin']) {
    await refuses(['--data', temporaryDirectory(t), flag, address], new RegExp(`${address.replaceAll('.', '\\.')}.*${flag}`));
  }
});

test('a data directory that cannot be used is refused in one line that names it', { skip: inMemory }, async (t) => {
  const file = join(temporaryDirectory(t), 'a-file');
  writeFileSync(file, '');
  await refuses(['--data', join(file, 'below')], /a-file\/below/);
  await refuses(['--data', file], /a-file/);
});

test('a data directory that another node uses is refused, and that node goes on', { skip: inMemory }, async (t) => {
  const node = await startNode(t);
  await refuses(['--data', node.data], new RegExp(`in use by process ${node.pid}`));
  ok(await node.post('/v1/users', profile('still-there')));
});

test('a data directory of a later version is refused and left alone', { skip: inMemory }, async (t) => {
  const data = temporaryDirectory(t);
  const node = await startNode(t, { data });
  ok(await node.post('/v1/users', profile('later')));
  assert.equal((await node.stop()).code, 0);

  const versionOf = (file, version) => {
    const pragma = `PRAGMA user_version${version === undefined ? '' : ` = ${version}; PRAGMA user_version`}`;
    const done = spawnSync('sqlite3', [file, pragma], { encoding: 'utf8' });
    assert.equal(done.status, 0, done.stderr);
    return Number(done.stdout);
  };
  const log = join(data, 'log.db');
  assert.ok(existsSync(log), readdirSync(data).join(' '));
  const version = versionOf(log);
  versionOf(log, version + 1);
  await refuses(['--data', data], /log\.db.*(newer|later)/i);
  assert.equal(versionOf(log), version + 1);
  versionOf(log, version);
  const again = await startNode(t, { data });
  assert.equal((await again.allEvents('identity')).length, 1);
});

test('help and version are no failure', async () => {
  const help = await run(['run', '--help']);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /--http/);
  const version = await run(['version']);
  assert.equal(version.code, 0);
  assert.match(version.stdout, /^troupe \d+\.\d+\.\d+\n$/);
  assert.equal((await run([])).code, 2);
});

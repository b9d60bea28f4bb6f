// README.md, run as it is printed: every `sh` block with a curl against a fresh node, and after it the answer that is shown.
// Of the answer that comes, members that are not shown may be there; "…" stands for any text.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { binary, freePort, inMemory, repository, startNode, temporaryDirectory, tutorial } from './support/node.mjs';
import { startBroker } from './support/nats.mjs';

const readme = readFileSync(join(repository, 'README.md'), 'utf8');
const serversScript = join(repository, '__infra__/local/servers');

/** The fenced blocks of a text, in order: { language, text }. */
const blocksOf = (text) => [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, body]) => ({ language, text: body.trim() }));
const blocks = blocksOf(readme);
const steps = blocks.flatMap(({ language, text }, i) =>
  language === 'sh' && text.startsWith('curl ') ? [{ command: text, shown: blocks[i + 1]?.language === 'json' && blocks[i + 1].text }] : []);

/** Fails unless `actual` has everything that is shown. */
function has(actual, shown, where) {
  if (shown === '…') return assert.equal(typeof actual, 'string', where);
  if (shown === null || typeof shown !== 'object') return assert.deepEqual(actual, shown, where);
  assert.ok(actual !== null && typeof actual === 'object', where);
  if (Array.isArray(shown)) assert.equal(actual.length, shown.length, where);
  for (const [name, value] of Object.entries(shown)) has(actual[name], value, `${where}/${name}`);
}

/** Runs one curl as printed, but for the addresses: { status, text }. */
function curl(command, node) {
  assert.match(command, /localhost:(8080|9090)\//);
  const here = command.replaceAll('localhost:8080', new URL(node.http).host).replaceAll('localhost:9090', new URL(node.admin).host);
  const { status, stdout, stderr } = spawnSync('bash', ['-c', `${here} -w '\\n%{http_code}'`], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const end = stdout.lastIndexOf('\n');
  return { status: stdout.slice(end + 1), text: stdout.slice(0, end) };
}

/** Runs every step on a fresh node. */
function follow(node) {
  assert.ok(steps.length >= 8, 'the README has lost its commands');
  for (const { command, shown } of steps) {
    assert.ok(shown, `no answer is printed below: ${command}`);
    assert.ok(!command.includes('\n'), 'one command a block, so that its answer can follow');
    const { status, text } = curl(command, node);
    assert.equal(status, '200', `${command}\n${text}`);
    has(JSON.parse(text), JSON.parse(shown), command);
  }
}

test('every command of the README gives the answer that is printed below it', async (t) => follow(await startNode(t)));

test('the same commands give the same answers on NATS and PostgreSQL, also after a restart', { skip: inMemory }, async (t) => {
  assert.match(readme, /^make servers$/m);
  assert.match(readFileSync(join(repository, 'Makefile'), 'utf8'), /^servers:.*\n\t@exec __infra__\/local\/servers (\S+) build\/troupe run --data \1\/node \$\(ARGS\)$/m);
  const directory = temporaryDirectory(t);
  const environment = { NATS_PORT: String(await freePort()), POSTGRES_PORT: String(await freePort()) };
  const start = () => startNode(t, { data: join(directory, 'node'), program: serversScript, before: [directory, binary], environment });
  const node = await start();
  follow(node);
  const rows = await node.allRows('users');
  assert.deepEqual(await node.stop(), { code: 0, signal: null });

  const again = await start();
  await again.caughtUp('users');
  assert.deepEqual(await again.allRows('users'), rows);
  assert.equal((await again.stop('SIGINT')).code, 0);
});

test('the tutorial on two back ends: the same commands, the same answers, and a move there and back', { skip: inMemory }, async (t) => {
  const text = readFileSync(join(repository, 'docs/tutorial/two-back-ends.md'), 'utf8');
  const lines = blocksOf(text).filter(({ language }) => language === 'sh').flatMap((block) => block.text.split('\n'));
  const of = (program) => lines.filter((line) => line.startsWith(program));
  const shell = (line, replaced) => {
    let command = line;
    for (const [from, to] of replaced) {
      assert.ok(command.includes(from), `${line} has no ${from}`);
      command = command.replaceAll(from, to);
    }
    const { status, stdout, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8' });
    assert.equal(status, 0, `${command}\n${stderr}`);
    return stdout;
  };
  /** The answers to all curls, without what is different each time. */
  const answers = (node) => of('curl ').map((command) => {
    const { status, text: answer } = curl(command, node);
    assert.equal(status, '200', `${command}\n${answer}`);
    const hidden = new Set(['time', 'traceId', 'correlationId', 'causationId', 'created', 'updated', 'node', 'commandId', 'id']);
    return JSON.parse(answer, (name, value) => (hidden.has(name) ? undefined : value));
  });
  const embedded = await startNode(t);
  const own = answers(embedded);
  assert.deepEqual(own[1], own[2]);
  for (const command of of('sqlite3 ')) assert.match(shell(command, [['data/', `${embedded.data}/`]]), /name-1|Kaylee\|Tam/);
  await embedded.stop();

  const directory = temporaryDirectory(t);
  const environment = { NATS_PORT: String(await freePort()), POSTGRES_PORT: String(await freePort()) };
  const servers = await startNode(t, { data: join(directory, 'node'), program: serversScript, before: [directory, binary], environment });
  assert.deepEqual(answers(servers), own);
  for (const command of of('psql ')) assert.match(shell(command, [['5432', environment.POSTGRES_PORT]]), /Kaylee +\| +Tam/);
  await servers.stop();

  const broker = await startBroker(t);
  const places = [['build/troupe', binary], ['nats://127.0.0.1:4222', broker.url]];
  const [to, from] = of('build/troupe copy');
  const there = shell(to, [...places, ['--from data', `--from ${embedded.data}`]]);
  const back = shell(from, [...places, ['data-again', join(directory, 'again')]]);
  const contents = [there, back].map((output) => output.match(/^identity +2 .*(sha256:\S+)$/m)[1]);
  assert.equal(contents[0], contents[1]);
});

test('the README moves a data set to a broker', { skip: inMemory }, async (t) => {
  const line = blocks.find(({ language, text }) => language === 'sh' && text.includes('troupe copy')).text;
  const node = await startNode(t);
  follow(node);
  await node.stop();
  const broker = await startBroker(t);
  const command = line.replace('build/troupe', binary).replace('--from data', `--from ${node.data}`).replace('nats://127.0.0.1:4222', broker.url);
  assert.notEqual(command, line);
  const { status, stdout, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^identity +3 +3 +1 +3 +sha256:/m);
});

test('every command of the tutorial is taken by its program', { skip: inMemory }, async (t) => {
  const node = await startNode(t, { program: tutorial });
  const commands = blocksOf(readFileSync(join(repository, 'docs/tutorial/first-feature.md'), 'utf8'))
    .filter(({ language }) => language === 'sh').flatMap(({ text }) => text.split('\n')).filter((line) => line.startsWith('curl '));
  assert.ok(commands.length >= 5);
  for (const command of commands) assert.equal(curl(command, node).status, '200', command);
});

test('the first command is the one that the program prints', { skip: inMemory }, async (t) => {
  const node = await startNode(t);
  const printed = node.stdout.match(/curl .*/)[0];
  assert.equal(printed.replace(node.http, 'localhost:8080').trim(), steps[0].command);
});

test('every make target that the documents name exists', () => {
  const makefile = readFileSync(join(repository, 'Makefile'), 'utf8');
  const targets = new Set([...makefile.matchAll(/^([a-z ]+):.*##/gm)].flatMap((found) => found[1].trim().split(/\s+/)));
  const named = ['README.md', 'docs/operations.md', 'docs/architecture.md', 'docs/tutorial/first-feature.md']
    .flatMap((file) => [...readFileSync(join(repository, file), 'utf8').matchAll(/(?:`|^)make ([a-z]+)/gm)].map((found) => found[1]));
  assert.ok(named.length > 3);
  for (const one of named) assert.ok(targets.has(one), `make ${one}`);
});

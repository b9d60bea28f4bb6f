// README.md, run as it is printed: every `sh` block with a curl against a fresh node, and after it the answer that is shown.
// Of the answer that comes, members that are not shown may be there; "…" stands for any text.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { inMemory, repository, startNode, tutorial } from './support/node.mjs';

const readme = readFileSync(join(repository, 'README.md'), 'utf8');

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

test('every command of the README gives the answer that is printed below it', async (t) => {
  const node = await startNode(t);
  assert.ok(steps.length >= 8, 'the README has lost its commands');
  for (const { command, shown } of steps) {
    assert.ok(shown, `no answer is printed below: ${command}`);
    assert.ok(!command.includes('\n'), 'one command a block, so that its answer can follow');
    const { status, text } = curl(command, node);
    assert.equal(status, '200', `${command}\n${text}`);
    has(JSON.parse(text), JSON.parse(shown), command);
  }
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

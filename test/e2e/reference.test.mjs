// docs/reference.md against the running program: what is written is there, and what is there is written.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { ok, profile, repository, run, startNode } from './support/node.mjs';

/** The table rows under a heading, as lists of cells. */
function rowsUnder(heading) {
  const text = readFileSync(join(repository, 'docs/reference.md'), 'utf8');
  const section = text.split(/^## /m).find((one) => one.startsWith(`${heading}\n`));
  assert.ok(section, `docs/reference.md has no section '${heading}'`);
  return [...section.matchAll(/^\| (`.*) \|$/gm)].map((found) => found[1].split(/ ?\| ?/).map((cell) => cell.trim()));
}

const code = (cell) => cell.match(/^`([^`]*)`$/)?.[1];

/** Both directions at once, with a message that says which side lacks what. */
function same(documented, served) {
  const lacking = (from, other) => [...from].filter((one) => !other.has(one));
  assert.deepEqual({ undocumented: lacking(served, documented), missing: lacking(documented, served) }, { undocumented: [], missing: [] });
}

test('every flag is in the reference with its default and its range', async () => {
  const { stdout } = await run(['run', '--help']);
  const served = [...stdout.matchAll(/^ +--([a-z-]+) [A-Z]+(?::(?:U?INT|FLOAT) in \[(\d+) - (\d+)\]|:\{[^}]*\})?(?:=(\S+))?/gm)]
    .map(([, flag, least, most, fallback]) => JSON.stringify([flag, fallback ?? '', least ? `${least}–${most}` : '']));
  const documented = rowsUnder('Flags').map(([flag, fallback, range]) =>
    JSON.stringify([code(flag).slice(2), code(fallback) ?? '', /^\d/.test(range) ? range : '']));
  assert.ok(served.length > 15, stdout);
  same(new Set(documented), new Set(served));
});

test('every command for a running node is in the reference with its arguments and flags', async () => {
  const words = async (...before) => [...((await run([...before, '--help'])).stdout.split('Subcommands:')[1] ?? '').matchAll(/^  ([a-z-]+) /gm)].map((one) => one[1]);
  const served = new Set();
  for (const group of ['command', 'inspect', 'projection', 'dead-letter', 'top', 'completion']) {
    for (const verb of (await words(group)).map((one) => [one]).concat(await words(group).then((all) => (all.length ? [] : [[]])))) {
      const { stdout } = await run([group, ...verb, '--help']);
      const usage = stdout.match(/^Usage: (.*)$/m)[1].replace(' [OPTIONS]', '');
      const flags = [...stdout.matchAll(/^  (--[a-z-]+)/gm)].map((one) => one[1]);
      served.add(JSON.stringify([usage, ...flags.sort()]));
    }
  }
  const documented = rowsUnder('Commands for a running node').map(([command, flags]) =>
    JSON.stringify([code(command), ...[...flags.matchAll(/`([^`]+)`/g)].map((one) => one[1])]));
  assert.ok(served.size > 12);
  same(new Set(documented), served);
});

test('every route is in the reference', async (t) => {
  const node = await startNode(t);
  for (const [bridge, heading] of [['http', 'Routes for applications'], ['admin', 'Routes of the admin endpoint']]) {
    const { routes } = ok(await node.get(`/admin/actors/bridges/${bridge}`)).state;
    const documented = rowsUnder(heading).map(([route]) => code(route)).filter((route) => /^[A-Z]+ \//.test(route));
    assert.ok(routes.length > 5);
    same(new Set(documented), new Set(routes));
  }
});

test('every metric is in the reference with its type', async (t) => {
  const node = await startNode(t);
  ok(await node.post('/v1/users', profile('zoe')));
  assert.equal((await node.post('/v1/users', 'x'.repeat(2 << 20))).status, 413); // one that is turned away
  const { text } = await node.get('/metrics');
  const served = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
  const documented = rowsUnder('Metrics').map(([name, type]) => `${code(name)} ${type}`);
  same(new Set(documented), new Set(served));
  const labels = new Map(rowsUnder('Metrics').map(([name, , told]) => [code(name), [...told.matchAll(/`([^`]+)`/g)].map((one) => one[1])]));
  for (const [, name, given] of text.matchAll(/^(troupe_\w+?)(?:_bucket|_sum|_count)?(?:\{(.*)\})? \S+$/gm)) {
    const seen = [...(given ?? '').matchAll(/(\w+)="/g)].map((one) => one[1]).filter((one) => one !== 'le');
    assert.deepEqual(seen.sort(), [...labels.get(name)].sort(), name);
  }
});

test('the errors that one request can bring about have their code and status', async (t) => {
  const node = await startNode(t, { flags: ['--max-body', '2048'] });
  const zoe = profile('zoe');
  const { id } = ok(await node.post('/v1/users', zoe));
  ok(await node.post(`/v1/identity/${id}/LockAccount`, { reason: 'lost phone' }, { 'Idempotency-Key': 'one' }));
  const json = { 'Content-Type': 'application/json' };
  const answers = [
    ['malformed', node.get('/v1/views/users?x=%zz')],
    ['invalid', node.post('/v1/users', '{')],
    ['invalid-data', node.post('/v1/users', { ...zoe, email: 'nobody' })],
    ['unauthenticated', node.get('/v1/users/me')],
    ['origin-not-allowed', node.post('/admin/projections/users/pause', undefined, { Origin: 'https://example.com' })],
    ['not-found', node.get('/v1/views/users/nobody')],
    ['unknown-category', node.post('/v1/nothing/Add', {})],
    ['unknown-command', node.post('/v1/identity/AddNobody', {})],
    ['method-not-allowed', node.request('DELETE', '/v1/users')],
    ['length-required', node.request('POST', '/v1/users', { headers: { ...json, 'Transfer-Encoding': 'chunked' } })],
    ['version-mismatch', node.post(`/v1/identity/${id}/UnlockAccount`, { reason: 'x' }, { 'If-Match': '"7"' })],
    ['body-too-large', node.post('/v1/users', 'x'.repeat(2049))],
    ['uri-too-long', node.get(`/v1/views/users?x=${'y'.repeat(8192)}`)],
    ['unsupported-media-type', node.post('/v1/users', 'x=1', { 'Content-Type': 'application/x-www-form-urlencoded' })],
    ['id-reused', node.post(`/v1/identity/${id}/UnlockAccount`, { reason: 'x' }, { 'Idempotency-Key': 'one' })],
    ['too-many-headers', node.get('/v1/views/users', Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`x-${i}`, 'y'])))],
    ['headers-too-large', node.get('/v1/views/users', { 'x-long': 'y'.repeat(20_000) })],
  ];
  const status = new Map(rowsUnder('Errors').map(([name, value]) => [code(name), Number(value)]));
  for (const [expected, answer] of answers) {
    const { status: actual, body } = await answer;
    assert.deepEqual([body.code, actual], [expected, status.get(expected)]);
    assert.equal(body.error, body.detail);
  }
});

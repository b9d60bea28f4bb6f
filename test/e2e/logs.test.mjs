// What a node writes to standard error: lines for people, or with --log-format json one document a line, whatever is in it.
import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';
import { newTrace } from './support/collector.mjs';
import { afterwards, inMemory, ok, profile, run, startNode, tutorial, until } from './support/node.mjs';

/** Every line as a record; fails on any that is none. */
function records(text) {
  assert.ok(text === '' || text.endsWith('\n'));
  return text.split('\n').slice(0, -1).map((line) => {
    assert.match(line, /^[\x20-\x7e]+$/);
    const record = JSON.parse(line);
    assert.match(record.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.match(record.level, /^(trace|debug|info|warn|error)$/);
    assert.ok(typeof record.message === 'string' && record.message.length > 0);
    for (const name of Object.keys(record)) assert.match(name, /^(time|level|message|node|actor|traceId)$/);
    return record;
  });
}

// A new line, a terminal's colours, quotes, and what some readers take for the end of a line.
const hostile = 'zo\u00eb "\\ \n\r\u001b[31m \u007f \u0085 \u2028 x';

test('every line is one document, whatever a node is called and whatever it is asked', async (t) => {
  const node = await startNode(t, { flags: ['--log-format', 'json', '--node', hostile] });
  const trace = newTrace();
  await node.request('PUT', '/admin/log-level', { body: { level: 'trace' }, headers: { traceparent: trace.header } });
  await node.post('/admin/projections/{"level":"error"}/pause');
  await node.post('/admin/projections/%22%7b[31m%e2%80%a8%c2%85/pause');
  ok(await node.post('/v1/users', profile('zoe')));
  const audits = () => node.stderr.split('\n').filter((line) => line.includes('audit: ')).length;
  await until('the changes to be told', () => audits() >= 4);
  assert.equal((await node.stop()).code, 0);
  const told = records(node.stderr);
  assert.ok(told.length >= 5, node.stderr);
  for (const one of told) assert.equal(one.node, hostile);
  const level = told.find((one) => one.message.includes('PUT /admin/log-level'));
  assert.deepEqual([level.level, level.traceId], ['info', trace.id]);
  assert.doesNotMatch(level.message, /trace/);
  assert.equal(told.at(-1).message, 'stopped');
});

test('what an actor fails on is told with its path and the trace that it came from', { skip: inMemory }, async (t) => {
  const node = await startNode(t, { program: tutorial, flags: ['--log-format', 'json'] });
  const trace = newTrace();
  const post = (grams, headers) => node.post('/v1/parcels/PostParcel', { depot: 'oslo', grams }, headers).then(ok);
  for (let i = 0; i < 2; ++i) await post(900_000_000);
  await post(900_000_000, { traceparent: trace.header }); // more than the view's column holds
  await node.caughtUp('depots');
  const failure = await until('the failure to be told', () =>
    node.stderr.endsWith('\n') && records(node.stderr).find((one) => one.actor === '/features/parcels/projectors/depots'));
  assert.equal(failure.level, 'warn');
  assert.match(failure.message, /^failed: event 1 at position 3: .*32 bits/);
  assert.equal(failure.traceId, trace.id);
});

test('for people a line has the path and the trace too, and no controls', { skip: inMemory }, async (t) => {
  const node = await startNode(t, { program: tutorial, flags: ['--node', hostile] });
  const trace = newTrace();
  for (const headers of [{}, {}, { traceparent: trace.header }]) {
    ok(await node.post('/v1/parcels/PostParcel', { depot: 'oslo', grams: 900_000_000 }, headers));
  }
  await node.caughtUp('depots');
  await until('the failure to be told', () =>
    new RegExp(`^\\S+Z warning /features/parcels/projectors/depots failed: event 1 at position 3: .*, trace ${trace.id}$`, 'm').test(node.stderr));
  assert.doesNotMatch(node.stderr, /[^\x20-\x7e\n\u0080-\uffff]/);
});

test('a node that cannot start says so in the form that was asked for', async (t) => {
  const taken = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.on('listening', resolve));
  afterwards(t, () => taken.close());
  const flags = ['--http', `127.0.0.1:${taken.address().port}`, '--admin', '127.0.0.1:0', '--log', 'memory', '--views', 'memory'];
  const { code, stderr } = await run(['run', ...flags, '--log-level', 'off'], { TROUPE_LOG_FORMAT: 'json' });
  assert.equal(code, 2);
  const [why, ...more] = records(stderr);
  assert.deepEqual([why.level, more], ['error', []]);
  assert.match(why.message, /another --http/);
  const other = await run(['run', ...flags, '--log-format', 'xml']);
  assert.equal(other.code, 2);
  assert.match(other.stderr, /^troupe: --log-format: [^\n]*json[^\n]*\n$/);
});

// Spans of what comes over a broker, on one node and across two, and of commands that the broker's end makes fail.
import assert from 'node:assert/strict';
import test from 'node:test';
import { headers } from '@nats-io/transport-node';
import { startNodes } from './support/cluster.mjs';
import { kinds, newTrace, startCollector } from './support/collector.mjs';
import { connectTo, startBroker } from './support/nats.mjs';
import { ok, profile, startNode, until } from './support/node.mjs';

const envelope = (id, type, data, metadata = {}) => JSON.stringify({ id, type, metadata, data });
const lock = { reason: 'lost phone' };

/** The one span of each name. */
const byName = (spans) => {
  const found = Object.fromEntries(spans.map((one) => [one.name, one]));
  assert.equal(Object.keys(found).length, spans.length, `${spans.map((one) => one.name)}`);
  return found;
};

function withTrace(trace, more = {}) {
  const made = headers();
  for (const [name, value] of Object.entries({ traceparent: trace.header, ...more })) made.set(name, value);
  return made;
}

test('commands over a broker go on with the trace of their sender', async (t) => {
  const broker = await startBroker(t);
  const collector = await startCollector(t);
  const node = await startNode(t, { flags: [...broker.flags, ...collector.flags] });
  const { nc, js } = await connectTo(t, broker);
  const { id } = ok(await node.post('/v1/identity/AddUser', profile('zoe')));
  const ask = async (subject, body, trace) => (await nc.request(subject, body, { timeout: 30_000, headers: withTrace(trace) })).json();

  await t.test('a question', async () => {
    const trace = newTrace();
    assert.equal((await ask(`troupe.ask.identity.${id}.LockAccount`, JSON.stringify(lock), trace)).status, 'accepted');
    const spans = byName(await collector.spansOf(trace.id, 5));
    const { 'ask identity': request, LockAccount: decided, append, 'project users': users } = spans;
    assert.deepEqual([request.parentSpanId, request.kind, request['troupe.outcome']], [trace.parent, kinds.server, 'accepted']);
    assert.deepEqual([decided.parentSpanId, decided.kind], [request.spanId, kinds.internal]);
    for (const part of [append, users]) assert.equal(part.parentSpanId, decided.spanId);
    const event = (await node.allEvents('identity')).at(-1);
    assert.deepEqual([event.metadata.traceId, event.metadata.traceparent], [trace.id, `00-${trace.id}-${decided.spanId}-01`]);
  });

  await t.test('a question that is refused', async () => {
    const trace = newTrace();
    const answer = await ask(`troupe.ask.identity.${id}.ModifyUser`, JSON.stringify({ firstName: 'Z', lastName: 'W', picture: '', locale: 'en' }), trace);
    assert.equal(answer.code, 'account-locked');
    for (const one of await collector.spansOf(trace.id, 2)) {
      assert.deepEqual([one['troupe.outcome'], one['troupe.code'], one.status], ['rejected', 'account-locked', undefined], one.name);
    }
  });

  await t.test('a durable command, by its header or by its metadata, which wins', async () => {
    const [header, metadata] = [newTrace(), newTrace()];
    await js.publish(`identity.command.${id}`, envelope('unlock-1', 'UnlockAccount', { reason: 'found' }), { headers: withTrace(header) });
    const first = byName(await collector.spansOf(header.id, 5));
    assert.deepEqual([first['consume identity'].parentSpanId, first['consume identity'].kind], [header.parent, kinds.consumer]);
    assert.equal(first.UnlockAccount.parentSpanId, first['consume identity'].spanId);

    const other = newTrace();
    await js.publish(`identity.command.${id}`, envelope('lock-2', 'LockAccount', lock, { traceparent: metadata.header }), { headers: withTrace(other) });
    const second = byName(await collector.spansOf(metadata.id, 5));
    assert.equal(second['consume identity'].parentSpanId, metadata.parent);
    assert.deepEqual(collector.spans.filter((one) => one.traceId === other.id), []);
  });

  await t.test('a trace id that is none of W3C\'s keeps its place, and has one trace', async () => {
    await js.publish(`identity.command.${id}`, envelope('unlock-2', 'UnlockAccount', { reason: 'x' }, { traceId: 'my-trace', traceparent: '00-nonsense' }));
    const request = await until('its span', () => collector.spans.find((one) => one['troupe.command_id'] === 'unlock-2' && one.kind === kinds.consumer));
    assert.equal(request.parentSpanId, undefined);
    const event = (await node.allEvents('identity')).at(-1);
    assert.equal(event.metadata.traceId, 'my-trace');
    assert.match(event.metadata.traceparent, new RegExp(`^00-${request.traceId}-`));
  });
});

test('a command for an entity of another node is one trace over both nodes', async (t) => {
  const broker = await startBroker(t);
  const collector = await startCollector(t);
  const [near] = await startNodes(t, broker, 2, { flags: collector.flags });
  let people = 0;
  const spans = await until('an entity that the other node owns', async () => {
    const trace = newTrace();
    ok(await near.post('/v1/identity/AddUser', profile(`person-${++people}`), { traceparent: trace.header }));
    const found = await collector.spansOf(trace.id, 3);
    return found.some((one) => one.name === 'forward AddUser') && collector.spansOf(trace.id, 4);
  });
  const { 'POST /v1/{category}/{Command}': request, 'forward AddUser': forward, AddUser: decided, append } = byName(
    spans.filter((one) => !one.name.startsWith('project ')));
  assert.deepEqual([forward.parentSpanId, forward.kind, forward['troupe.outcome']], [request.spanId, kinds.client, 'accepted']);
  assert.deepEqual([decided.parentSpanId, append.parentSpanId], [forward.spanId, decided.spanId]);
  const at = (one) => one.resource['service.instance.id'];
  assert.deepEqual([request, forward, decided, append].map(at), ['n0', 'n0', 'n1', 'n1']);
});

test('a command that fails, or whose outcome nobody knows, is an error of its spans', async (t) => {
  const broker = await startBroker(t);
  const collector = await startCollector(t);
  const node = await startNode(t, { flags: [...broker.flags, ...collector.flags, '--deadline', '2'] });
  const { id } = ok(await node.post('/v1/identity/AddUser', profile('zoe')));
  await broker.kill();
  const trace = newTrace();
  const answer = await node.post(`/v1/identity/${id}/LockAccount`, lock, { traceparent: trace.header });
  assert.equal(answer.status, 503);
  const request = await until('its span', () => collector.spans.find((one) => one.traceId === trace.id && one.kind === kinds.server));
  assert.deepEqual([request.status.code, request['http.response.status_code']], [2, 503]);
  const decided = await until('the command\'s span', () => collector.spans.find((one) => one.traceId === trace.id && one.name === 'LockAccount'));
  assert.equal(decided.status.code, 2);
  assert.ok(decided.status.message.length > 0);
  assert.match(decided['troupe.outcome'], /^(unavailable|in-doubt)$/);
  const append = await until('the append', () => collector.spans.find((one) => one.traceId === trace.id && one.name === 'append'));
  assert.equal(append.status.code, 2);
  assert.equal(append['troupe.position'], undefined);
});

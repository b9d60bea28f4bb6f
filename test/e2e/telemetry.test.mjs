// Spans: what a node tells a collector of a request's way, from the caller's own span to the rows; and that a collector which
// is away, slow or unwilling is nobody's trouble but its own.
import assert from 'node:assert/strict';
import test from 'node:test';
import { kinds, newTrace, startCollector } from './support/collector.mjs';
import { inFlight, ok, profile, run, startNode, until } from './support/node.mjs';

const addUser = 'POST /v1/{category}/{Command}';
const command = 'POST /v1/{category}/{id}/{Command}';
const modification = { firstName: 'Zoë', lastName: 'Alleyne', picture: '', locale: 'en' };

const named = (spans, name) => {
  const found = spans.filter((one) => one.name === name);
  assert.equal(found.length, 1, `one span '${name}' among ${spans.map((one) => one.name)}`);
  return found[0];
};

/** What a metric shows, for one set of labels. */
const metric = async (node, series) => {
  const { text } = await node.get('/metrics');
  return Number(text.split('\n').find((line) => line.startsWith(`${series} `))?.split(' ').at(-1));
};
const spans = (node, result) => metric(node, `troupe_spans_total{result="${result}"}`);

test('a command is one trace, from its caller to the rows', async (t) => {
  const collector = await startCollector(t, { path: '/otlp' });
  const node = await startNode(t, { flags: ['--otlp', `${collector.url}/`, '--node', 'n1', '--cluster', 'shop'] });
  const caller = newTrace();
  const before = BigInt(Date.now()) * 1_000_000n;
  const added = await node.post('/v1/identity/AddUser?x=hush', profile('zoe'), { traceparent: caller.header });
  const after = BigInt(Date.now() + 1) * 1_000_000n;
  const { id, commandId, position } = ok(added);
  assert.equal(added.headers['x-trace-id'], caller.id);

  const trace = await collector.spansOf(caller.id, 4);
  assert.equal(trace.length, 4);
  const request = named(trace, addUser);
  assert.deepEqual([request.parentSpanId, request.kind, request.status], [caller.parent, kinds.server, undefined]);
  assert.deepEqual([request['http.request.method'], request['http.route'], request['http.response.status_code'], request['url.path']],
    ['POST', '/v1/{category}/{Command}', 200, '/v1/identity/AddUser']);

  const decided = named(trace, 'AddUser');
  assert.deepEqual([decided.parentSpanId, decided.kind, decided.status], [request.spanId, kinds.internal, undefined]);
  const { 'troupe.category': category, 'troupe.command': type, 'troupe.entity': entity, 'troupe.outcome': outcome, 'troupe.version': version } = decided;
  assert.deepEqual({ category, type, entity, outcome, version }, { category: 'identity', type: 'AddUser', entity: id, outcome: 'accepted', version: 1 });
  assert.equal(decided['troupe.command_id'], commandId);

  const append = named(trace, 'append');
  assert.deepEqual([append.parentSpanId, append.kind, `identity:${append['troupe.position']}`], [decided.spanId, kinds.internal, position]);
  const projected = named(trace, 'project users');
  assert.deepEqual([projected.parentSpanId, projected.kind, projected.status], [decided.spanId, kinds.consumer, undefined]);
  assert.deepEqual([projected['troupe.event'], projected['troupe.entity'], projected['troupe.projection']], ['UserAdded', id, 'users']);
  assert.ok(projected.begun >= append.begun);
  for (const one of trace) {
    assert.deepEqual(one.resource, { 'service.name': 'shop', 'service.instance.id': 'n1', 'service.version': one.resource['service.version'] });
    assert.ok(one.begun <= one.ended, one.name);
    assert.doesNotMatch(JSON.stringify(one, (_, value) => String(value)), /hush/);
  }
  for (const [outer, inner] of [[request, decided], [decided, append]]) {
    assert.ok(outer.begun <= inner.begun && inner.ended <= outer.ended, `${inner.name} is within ${outer.name}`);
  }
  // The time of day that a node has is cut to milliseconds.
  assert.ok(before - 1_000_000n <= request.begun && request.ended <= after + 1_000_000n);

  const [event] = await node.allEvents('identity');
  assert.equal(event.metadata.traceId, caller.id);
  assert.equal(event.metadata.traceparent, `00-${caller.id}-${decided.spanId}-01`);
});

test('a request that brings no trace is the root of one', async (t) => {
  const collector = await startCollector(t);
  const node = await startNode(t, { flags: collector.flags });
  const added = await node.post('/v1/users', profile('zoe'));
  const id = added.headers['x-trace-id'];
  const trace = await collector.spansOf(id, 4);
  const request = named(trace, 'POST /v1/users');
  assert.equal(request.parentSpanId, undefined);
  assert.equal(named(trace, 'AddUser').parentSpanId, request.spanId);
  const [event] = await node.allEvents('identity');
  assert.equal(event.metadata.traceId, id);
});

test('a refusal is told as an outcome and not as an error', async (t) => {
  const collector = await startCollector(t);
  const node = await startNode(t, { flags: collector.flags });
  const { id } = ok(await node.post('/v1/identity/AddUser', profile('zoe')));
  ok(await node.post(`/v1/identity/${id}/LockAccount`, { reason: 'lost phone' }));
  const asked = async (path, body, headers, count) => {
    const trace = newTrace();
    const answer = await node.post(path, body, { traceparent: trace.header, ...headers });
    return [answer.status, await collector.spansOf(trace.id, count)];
  };

  const [conflict, refused] = await asked(`/v1/identity/${id}/ModifyUser`, modification, {}, 2);
  assert.equal(conflict, 409);
  const decided = named(refused, 'ModifyUser');
  assert.deepEqual([decided['troupe.outcome'], decided['troupe.code'], decided.status], ['rejected', 'account-locked', undefined]);
  const request = named(refused, command);
  assert.deepEqual([request['http.response.status_code'], request.status], [409, undefined]);

  const [, behind] = await asked(`/v1/identity/${id}/UnlockAccount`, { reason: 'found' }, { 'If-Match': '"7"' }, 2);
  assert.equal(named(behind, 'UnlockAccount')['troupe.outcome'], 'version-mismatch');

  // What is against the schema reaches no handler, and what nobody serves has no route.
  const [, invalid] = await asked(`/v1/identity/${id}/LockAccount`, { reason: 7 }, {}, 1);
  assert.deepEqual(invalid.map((one) => [one.name, one['http.response.status_code'], one.status]), [[command, 400, undefined]]);
  const [, nowhere] = await asked('/nowhere/"%22', {}, {}, 1);
  assert.deepEqual(nowhere.map((one) => [one.name, one['http.response.status_code']]), [['HTTP request', 404]]);
});

test('the caller decides whether a trace is sampled, and the ratio where there is no caller', async (t) => {
  const collector = await startCollector(t);
  const node = await startNode(t, { flags: [...collector.flags, '--otlp-ratio', '0'] });
  const [unsampled, sampled] = [newTrace({ sampled: false }), newTrace()];
  const own = (await node.post('/v1/identity/AddUser', profile('wash'))).headers['x-trace-id'];
  ok(await node.post('/v1/identity/AddUser', profile('zoe'), { traceparent: unsampled.header }));
  ok(await node.post('/v1/identity/AddUser', profile('mal'), { traceparent: sampled.header }));
  await node.caughtUp('users');
  await collector.spansOf(sampled.id, 4);
  assert.equal((await node.stop()).code, 0); // Whatever else there is would be sent now.
  assert.deepEqual(new Set(collector.spans.map((one) => one.traceId)), new Set([sampled.id]), own);
});

test('a rebuild tells nothing of commands that are long over', async (t) => {
  const collector = await startCollector(t);
  const node = await startNode(t, { flags: collector.flags });
  const trace = newTrace();
  ok(await node.post('/v1/identity/AddUser', profile('zoe'), { traceparent: trace.header }));
  await collector.spansOf(trace.id, 4);
  ok(await node.post('/admin/projections/users/rebuild'));
  await node.caughtUp('users');
  assert.equal((await node.stop()).code, 0);
  assert.equal((await collector.spansOf(trace.id, 4)).length, 4);
});

test('what has ended before a node stops is told before it ends', async (t) => {
  const collector = await startCollector(t);
  const node = await startNode(t, { flags: collector.flags });
  const traces = Array.from({ length: 20 }, () => newTrace());
  await Promise.all(traces.map((one, i) => node.post('/v1/identity/AddUser', profile(`p-${i}`), { traceparent: one.header }).then(ok)));
  assert.equal((await node.stop()).code, 0);
  for (const { id } of traces) assert.ok((await collector.spansOf(id, 3)).some((one) => one.name === addUser));
});

test('a collector that is away costs spans and nothing else, and gets the rest when it is back', async (t) => {
  const gone = await startCollector(t);
  await gone.close();
  const node = await startNode(t, { flags: [...gone.flags, '--max-spans', '20'] });
  const answers = await inFlight(100, 8, (i) => node.post('/v1/identity/AddUser', profile(`p-${i}`)));
  for (const one of answers) ok(one);
  await node.caughtUp('users');
  await until('spans to be dropped', async () => (await spans(node, 'dropped')) > 0);
  assert.ok((await metric(node, 'troupe_limit_reached_total{limit="max-spans"}')) > 0);
  assert.equal((await node.get('/readyz')).status, 200);
  const exporter = ok(await node.get('/admin/actors/bridges/otlp'));
  assert.deepEqual([exporter.status, exporter.restarts, exporter.state.exported], ['running', 0, 0]);
  assert.ok(exporter.state.waiting <= 20);
  assert.match(await until('the exporter to say why', async () => ok(await node.get('/admin/actors/bridges/otlp')).state.lastError), /onnect/);

  const back = await startCollector(t, { port: gone.port });
  await until('what was kept to be told', () => back.spans.length >= 20);
  await until('the node to know', async () => (await spans(node, 'exported')) >= 20);
  const trace = newTrace();
  await until('a new trace to be told', async () => { // There is room again only after the first batch was taken.
    await node.post('/v1/identity/AddUser', profile('late'), { traceparent: trace.header });
    return back.spans.some((one) => one.traceId === trace.id);
  });
});

test('a batch that a collector cannot take now is sent again, and one that it refuses is not', async (t) => {
  const said = [{ status: 503, headers: { 'Retry-After': '1' } }, { status: 429 }, {}, { status: 400 },
    { body: { partialSuccess: { rejectedSpans: '1', errorMessage: 'too old' } } }];
  const collector = await startCollector(t, { answer: (number) => said[number - 1] });
  const node = await startNode(t, { flags: collector.flags });
  const ask = async () => (await node.get('/v1/users/me')).headers['x-trace-id'];
  const state = async () => ok(await node.get('/admin/actors/bridges/otlp')).state;

  const first = await ask();
  assert.equal((await collector.spansOf(first, 1)).length, 1);
  await until('the batch to count', async () => (await spans(node, 'exported')) === 1);
  assert.equal(collector.requests, 3);
  assert.equal((await state()).failedRequests, 2);

  const second = await ask();
  await until('the refusal to count', async () => (await spans(node, 'refused')) === 1);
  assert.match((await state()).lastError, /400/);
  const third = await ask();
  await until('the partial refusal to count', async () => (await spans(node, 'refused')) === 2);
  assert.match((await state()).lastError, /too old/);
  await collector.spansOf(await ask(), 1);
  assert.equal(collector.requests, 6);
  assert.ok(!collector.spans.some((one) => one.traceId === second), third);
});

test('a collector that never answers does not hold a node that stops', async (t) => {
  const collector = await startCollector(t, { answer: () => ({ never: true }) });
  const node = await startNode(t, { flags: [...collector.flags, '--drain', '20'] });
  ok(await node.post('/v1/identity/AddUser', profile('zoe')));
  await until('a request to hang', () => collector.requests > 0);
  ok(await node.post('/v1/identity/AddUser', profile('wash')));
  assert.equal((await node.stop()).code, 0, node.stderr);
});

test('nothing is exported unless a collector is named, by a flag or as usual', async (t) => {
  const collector = await startCollector(t);
  const off = await startNode(t, { environment: { OTEL_EXPORTER_OTLP_ENDPOINT: '' } });
  const trace = newTrace();
  ok(await off.post('/v1/identity/AddUser', profile('zoe'), { traceparent: trace.header }));
  ok(await off.post('/v1/identity/AddUser', profile('wash')));
  await off.caughtUp('users');
  const bridges = ok(await off.get('/admin/actors?kind=bridge')).items.map((one) => one.path);
  assert.deepEqual(bridges.filter((path) => path.endsWith('otlp')), []);
  const [zoe, wash] = await off.allEvents('identity');
  assert.equal(zoe.metadata.traceparent, trace.header); // Carried on as it came.
  assert.equal(wash.metadata.traceparent, undefined);
  for (const result of ['exported', 'refused', 'dropped']) assert.equal(await spans(off, result), 0);
  assert.equal((await off.stop()).code, 0);
  assert.equal(collector.connections, 0);

  const on = await startNode(t, { environment: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } });
  await collector.spansOf((await on.get('/v1/users/me')).headers['x-trace-id'], 1);
  assert.equal(ok(await on.get('/admin/config')).otlp, collector.url);
});

test('an address that no collector can have is refused in one line', async () => {
  for (const url of ['127.0.0.1:4318', 'grpc://127.0.0.1:4317', 'http://', 'http://:4318', 'http://127.0.0.1:99999', 'http://a b:1',
    'http://zoe:hush@127.0.0.1:4318', 'http://127.0.0.1:4318/?token=hush']) {
    const { code, stderr } = await run(['run', '--http', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--otlp', url]);
    assert.equal(code, 2, url);
    assert.match(stderr, /^troupe: --otlp: [^\n]*like http:\/\/127\.0\.0\.1:4318[^\n]*\n$/);
    assert.doesNotMatch(stderr, /zoe:hush/);
  }
  assert.equal((await run(['run', '--otlp', 'http://127.0.0.1:1', '--otlp-ratio', '1.5'])).code, 2);
});

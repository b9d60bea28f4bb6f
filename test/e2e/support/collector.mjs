// A collector of spans under test: a plain HTTP server that takes OTLP/JSON, and is strict about it.
//
//   const collector = await startCollector(t);        on a free port; closed when the test ends
//   const node = await startNode(t, { flags: collector.flags });
//   const [span] = await collector.spansOf(traceId, 1);
import assert from 'node:assert/strict';
import http from 'node:http';
import { afterwards, until } from './node.mjs';

export const kinds = { internal: 1, server: 2, client: 3, consumer: 5 };

/** A fresh `traceparent`, with its parts. */
export function newTrace({ sampled = true } = {}) {
  const hex = (digits) => Array.from({ length: digits }, () => Math.floor(Math.random() * 16).toString(16)).join('');
  const id = `4bf9${hex(28)}`;
  const parent = `00f0${hex(12)}`;
  return { id, parent, header: `00-${id}-${parent}-${sampled ? '01' : '00'}` };
}

/** `answer(number)` may say what the request of that number (from 1) gets instead of 200: { status, headers, body, never }. */
export async function startCollector(t, { port = 0, path = '', answer = () => undefined } = {}) {
  const collector = new Collector(path, answer);
  collector.server.listen(port, '127.0.0.1');
  await new Promise((resolve, reject) => collector.server.on('listening', resolve).on('error', reject));
  collector.port = collector.server.address().port;
  afterwards(t, () => collector.close());
  return collector;
}

class Collector {
  constructor(path, answer) {
    Object.assign(this, { path, spans: [], requests: 0, connections: 0, wrong: [] });
    this.server = http.createServer((received, reply) => {
      const chunks = [];
      received.on('data', (chunk) => chunks.push(chunk));
      received.on('end', () => {
        const said = answer(++this.requests) ?? {};
        if (said.never) return;
        try {
          const spans = read(received, Buffer.concat(chunks), path);
          if ((said.status ?? 200) === 200) this.spans.push(...spans);
        } catch (problem) {
          this.wrong.push(problem);
        }
        reply.writeHead(said.status ?? 200, { 'Content-Type': 'application/json', ...said.headers });
        reply.end(JSON.stringify(said.body ?? {}));
      });
    });
    this.server.on('connection', () => ++this.connections);
  }

  get url() { return `http://127.0.0.1:${this.port}${this.path}`; }
  get flags() { return ['--otlp', this.url]; }

  /** The spans of one trace, once there are so many; fails when anything that came was not as the protocol says. */
  async spansOf(traceId, count) {
    const found = () => this.spans.filter((one) => one.traceId === traceId);
    await until(`${count} spans of ${traceId}`, () => this.wrong.length > 0 || found().length >= count);
    assert.deepEqual(this.wrong, []);
    return found();
  }

  close() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

/** The spans of an ExportTraceServiceRequest in JSON, each flattened, after a look at every part of it. */
function read(received, body, path) {
  assert.deepEqual([received.method, received.url, received.headers['content-type']], ['POST', `${path}/v1/traces`, 'application/json']);
  const request = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  assert.deepEqual(Object.keys(request), ['resourceSpans']);
  return request.resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) => {
      assert.equal(scope.name, 'troupe');
      return spans.map((one) => {
        assert.match(one.traceId, /^(?!0+$)[0-9a-f]{32}$/);
        assert.match(one.spanId, /^(?!0+$)[0-9a-f]{16}$/);
        if (one.parentSpanId !== undefined) assert.match(one.parentSpanId, /^(?!0+$)[0-9a-f]{16}$/);
        assert.ok(Object.values(kinds).includes(one.kind), `kind ${one.kind}`);
        assert.ok(one.name.length > 0);
        for (const time of [one.startTimeUnixNano, one.endTimeUnixNano]) assert.match(time, /^\d{19}$/);
        if (one.status) assert.deepEqual([one.status.code, typeof one.status.message], [2, 'string']);
        const { traceId, spanId, parentSpanId, name, kind, status } = one;
        return {
          traceId, spanId, parentSpanId, name, kind, status,
          begun: BigInt(one.startTimeUnixNano), ended: BigInt(one.endTimeUnixNano),
          resource: plain(resource.attributes), ...plain(one.attributes),
        };
      });
    }));
}

/** [{ key, value: { intValue: "7" } }] → { key: 7 } */
function plain(attributes) {
  const pairs = attributes.map(({ key, value }) => {
    const [[type, held], ...more] = Object.entries(value);
    assert.equal(more.length, 0);
    assert.equal(typeof held, 'string', `${key}: 64-bit numbers are text in JSON`);
    assert.match(type, /^(string|int)Value$/);
    return [key, type === 'intValue' ? Number(held) : held];
  });
  assert.equal(new Set(pairs.map(([key]) => key)).size, pairs.length, 'attributes are unique');
  return Object.fromEntries(pairs);
}

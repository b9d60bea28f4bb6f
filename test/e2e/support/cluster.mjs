// Nodes that share one broker, and clients of them that behave as clients behind a load balancer do.
//
//   const nodes = await startNodes(t, broker, 3);     once they know each other
//   const client = new Client(nodes);                 retries what got 503 or a closed idle connection, and nothing else
//   await client.post('/v1/identity/AddUser', profile('zoe'), { 'Idempotency-Key': 'k1' });
import http from 'node:http';
import { ok, startNode, until } from './node.mjs';

/** Starts nodes called n0, n1, … and waits until all of them share the shards. */
export async function startNodes(t, broker, count, options = {}) {
  const nodes = await Promise.all(Array.from({ length: count }, (_, i) => startNamed(t, broker, `n${i}`, options)));
  await agreed(nodes);
  return nodes;
}

export async function startNamed(t, broker, name, { flags = [], ...options } = {}) {
  const node = await startNode(t, { ...options, flags: [...broker.flags, '--node', name, ...flags] });
  node.name = name;
  return node;
}

export const clusterOf = async (node) => ok(await node.get('/admin/cluster'));

/** Waits until every one of these nodes knows exactly these, and they draw one map. */
export function agreed(nodes) {
  const names = nodes.map((one) => one.name).sort().join();
  return until(`${names} to know each other`, async () => {
    const seen = await Promise.all(nodes.map(clusterOf));
    return seen.every((one) => one.nodes.map(({ name }) => name).sort().join() === names && one.shards.join() === seen[0].shards.join());
  });
}

/** Which node has a handler of each entity: id → names. */
export async function handlers(node) {
  const found = new Map();
  for (let after = ''; after !== null; ) {
    const page = ok(await node.get(`/admin/actors?kind=command-handler&limit=1000&after=${encodeURIComponent(after)}`));
    for (const one of page.items) {
      const id = one.path.split('/').at(-1);
      found.set(id, [...(found.get(id) ?? []), one.node]);
    }
    after = page.next;
  }
  return found;
}

/** Sends each request to a node in rotation. A node is out of it from its first 503, or when a balancer's probe finds it not ready, until `join`. */
export class Client {
  constructor(nodes) {
    this.rotation = [...nodes];
    this.turn = 0;
    this.retried = 0;
    this.refused = 0;
  }

  join(node) { this.rotation.push(node); }
  leave(node) { this.rotation = this.rotation.filter((one) => one !== node); }

  /** As a balancer does: takes out what is not ready. */
  async probe() {
    for (const node of this.rotation) {
      const answer = await node.get('/readyz').catch(() => undefined);
      if (answer?.status !== 200) this.leave(node);
    }
  }

  async post(path, body, headers = {}) {
    for (;;) {
      const node = await until('a node in rotation', () => this.rotation[this.turn++ % this.rotation.length]);
      const answer = await send(node, path, body, headers);
      if (answer.idleClosed) {
        ++this.retried;
        continue;
      }
      if (answer.status !== 503) return answer;
      ++this.refused;
      if (answer.body.code === 'draining') this.leave(node);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function send(node, path, body, headers) {
  const text = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = http.request(node.http + path, {
      method: 'POST', agent: node.agent, headers: { ...headers, 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) },
    }, (received) => {
      let all = '';
      received.setEncoding('utf8').on('data', (chunk) => (all += chunk));
      received.on('error', reject);
      received.on('end', () => resolve({ status: received.statusCode, body: JSON.parse(all), text: all, node: node.name }));
    });
    sent.on('error', (why) => {
      if (sent.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(why.code)) resolve({ idleClosed: true });
      else reject(new Error(`${node.name}: ${why.message}`));
    });
    sent.end(text);
  });
}

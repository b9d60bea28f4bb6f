// Three nodes on one broker share the entities: any node takes a command to the one that owns it, and any of them may die,
// freeze, come or go.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Client, agreed, clusterOf, handlers, startNamed, startNodes } from './support/cluster.mjs';
import { startBroker } from './support/nats.mjs';
import { afterwards, inFlight, ok, profile, until } from './support/node.mjs';
import { startPostgres } from './support/postgres.mjs';

const modify = (firstName) => ({ firstName, lastName: '', picture: '', locale: '' });

/** So many users, added through all nodes in turn: their ids. */
async function addUsers(nodes, count) {
  return inFlight(count, 8, async (i) => ok(await nodes[i % nodes.length].post('/v1/identity/AddUser', profile(`user-${i}`))).id);
}

/** Clients that modify users without end, each command under its own key; what was accepted: key → answer. */
class Changes {
  constructor(client, ids, count = 8) {
    Object.assign(this, { client, ids, serial: 0, accepted: new Map(), done: false });
    this.failed = new Promise((_, reject) => (this.fail = reject));
    this.failed.catch(() => {});
    this.clients = Array.from({ length: count }, () => this.run().catch(this.fail));
  }

  async run() {
    while (!this.done) {
      const number = ++this.serial;
      const key = `change-${number}`;
      const answer = await this.client.post(`/v1/identity/${this.ids[number % this.ids.length]}/ModifyUser`, modify(key), { 'Idempotency-Key': key });
      if (answer.status !== 200) throw new Error(`${key} by ${answer.node}: ${answer.status} ${answer.text}`);
      this.accepted.set(key, answer.body);
    }
  }

  /** So many more accepted ones. */
  goesOn(count) {
    const aim = this.accepted.size + count;
    return Promise.race([this.failed, until(`${aim} accepted changes`, () => this.accepted.size >= aim)]);
  }

  async stop() {
    this.done = true;
    await Promise.race([this.failed, Promise.all(this.clients)]);
  }
}

/** Every accepted change is in the log once, where its answer says; no entity has a hole or a fork. */
async function compare(node, changes) {
  const events = await node.allEvents('identity');
  const byCommand = new Map();
  const versions = new Map();
  for (const event of events) {
    assert.ok(!byCommand.has(event.metadata.commandId), `${event.metadata.commandId} is stored twice`);
    byCommand.set(event.metadata.commandId, event);
    assert.equal(event.version, (versions.get(event.stream) ?? 0) + 1, `${event.stream} is in order`);
    versions.set(event.stream, event.version);
  }
  for (const [key, answer] of changes.accepted) {
    const event = byCommand.get(answer.commandId);
    assert.ok(event, `${key} was accepted and is not in the log`);
    assert.deepEqual({ version: answer.version, position: answer.position, stream: answer.stream },
      { version: event.version, position: `identity:${event.position}`, stream: event.stream });
    assert.equal(event.data.firstName, key);
  }
}

test('commands through any node are handled by the one that owns their entity, and every kind of answer comes back', async (t) => {
  const nodes = await startNodes(t, await startBroker(t), 3);
  const ids = await addUsers(nodes, 30);
  await inFlight(90, 8, async (i) => ok(await nodes[i % 3].post(`/v1/identity/${ids[i % 30]}/ModifyUser`, modify(`name-${i}`))));
  const found = await handlers(nodes[0]);
  assert.deepEqual([...found.keys()].sort(), [...ids].sort());
  for (const [id, where] of found) assert.equal(where.length, 1, `${id} is at ${where}`);
  assert.equal(new Set([...found.values()].flat()).size, 3, 'every node has some');
  for (const event of await nodes[1].allEvents('identity')) assert.deepEqual([event.metadata.node], found.get(event.stream.split('.')[1]));

  const seen = await Promise.all(nodes.map(clusterOf));
  for (const one of seen) {
    assert.equal(one.nodes.reduce((sum, { shards }) => sum + shards, 0), 256);
    assert.equal(one.nodes.filter(({ self }) => self).length, 1);
  }

  const [id] = ids;
  const foreign = nodes.filter(({ name }) => name !== found.get(id)[0]);
  for (const node of foreign) {
    const keyed = { 'Idempotency-Key': 'once' };
    const answers = await Promise.all(nodes.map((one) => one.post(`/v1/identity/${id}/ModifyUser`, modify('once'), keyed)));
    for (const answer of answers) assert.deepEqual(ok(answer), ok(answers[0]));
    assert.equal((await node.post(`/v1/identity/${id}/ModifyUser`, modify('other'), keyed)).status, 422);
    assert.equal((await node.post(`/v1/identity/${id}/ModifyUser`, modify('late'), { 'If-Match': '"1"' })).status, 412);
    const refused = await node.post('/v1/identity/nobody/ModifyUser', modify('x'));
    assert.equal(refused.status, 409, refused.text);
    assert.equal((await node.post(`/v1/identity/${id}/ModifyUser`, { firstName: 7 })).status, 400);
    const batch = ok(await node.post('/v1/commands', ids.map((one, i) => (
      { id: `batch-${node.name}-${i}`, type: 'ModifyUser', metadata: {}, data: modify(`batch-${i}`) })).map((envelope, i) => ({ ...envelope, stream: `identity.command.${ids[i]}` }))));
    assert.deepEqual(batch.map(({ status }) => status), ids.map(() => 200));
  }
});

test('an owner that is killed under load costs a moment and no accepted command', async (t) => {
  const nodes = await startNodes(t, await startBroker(t), 3);
  const ids = await addUsers(nodes, 30);
  const owned = [...await handlers(nodes[0])].filter(([, where]) => where[0] === 'n2').map(([id]) => id);
  assert.ok(owned.length > 0);
  const changes = new Changes(new Client(nodes.slice(0, 2)), ids);
  await changes.goesOn(200);
  nodes[2].launched.child.kill('SIGKILL');
  const died = performance.now();
  ok(await nodes[0].post(`/v1/identity/${owned[0]}/ModifyUser`, modify('after')));
  t.diagnostic(`from kill -9 of the owner to the next accepted command for its entity: ${(performance.now() - died).toFixed(0)} ms`);
  await Promise.all(owned.map(async (id) => ok(await nodes[1].post(`/v1/identity/${id}/ModifyUser`, modify(`after-${id}`)))));
  t.diagnostic(`… for all ${owned.length} of its entities: ${(performance.now() - died).toFixed(0)} ms`);
  await changes.goesOn(200);
  await changes.stop();
  await agreed(nodes.slice(0, 2));
  await compare(nodes[0], changes);
});

test('an owner that freezes under load and wakes neither loses nor forks anything', async (t) => {
  const nodes = await startNodes(t, await startBroker(t), 3);
  const ids = await addUsers(nodes, 30);
  const changes = new Changes(new Client(nodes.slice(0, 2)), ids);
  await changes.goesOn(200);
  nodes[2].launched.child.kill('SIGSTOP');
  afterwards(t, () => nodes[2].launched.child.kill('SIGCONT'));
  await agreed(nodes.slice(0, 2));
  await changes.goesOn(200);
  nodes[2].launched.child.kill('SIGCONT');
  await agreed(nodes);
  await changes.goesOn(200);
  await changes.stop();
  await compare(nodes[2], changes);
  await until('every handler to be at one node only', async () => [...(await handlers(nodes[0])).values()].every((where) => where.length === 1));
});

test('three nodes are restarted one after the other under load, and nobody sees an error', async (t) => {
  const broker = await startBroker(t);
  const nodes = await startNodes(t, broker, 3);
  const ids = await addUsers(nodes, 30);
  const client = new Client(nodes);
  const changes = new Changes(client, ids);
  const probing = setInterval(() => client.probe(), 50);
  afterwards(t, () => clearInterval(probing));
  for (let i = 0; i < 3; ++i) {
    await changes.goesOn(100);
    nodes[i].launched.child.kill('SIGTERM');
    const { code } = await nodes[i].launched.ended;
    assert.equal(code, 0, nodes[i].stderr);
    client.leave(nodes[i]);
    await agreed(nodes.filter((one) => one !== nodes[i]));
    await changes.goesOn(100);
    nodes[i] = await startNamed(t, broker, `n${i}`);
    await agreed(nodes);
    client.join(nodes[i]);
  }
  await changes.goesOn(100);
  await changes.stop();
  t.diagnostic(`${changes.accepted.size} accepted; retried after 503: ${client.refused}, after a closed idle connection: ${client.retried}`);
  await compare(nodes[0], changes);
});

test('one node runs a projector whose database they share, and another goes on when it dies', async (t) => {
  const [broker, server] = [await startBroker(t), await startPostgres(t)];
  const flags = ['--views', 'postgres', '--migrate', 'auto', '--postgres', await server.createDatabase('views')];
  const first = await startNamed(t, broker, 'n0', { flags });
  const nodes = [first, ...await Promise.all(['n1', 'n2'].map((name) => startNamed(t, broker, name, { flags })))];
  await agreed(nodes);
  const ids = await addUsers(nodes, 30);
  const runner = async (node) => {
    const items = ok(await node.get('/admin/projections')).items.filter(({ name }) => name === 'users');
    const running = items.filter(({ status }) => status === 'running');
    return items.length === nodes.length && running.length === 1 && items.every(({ owner }) => owner === running[0].node) && running[0].node;
  };
  const name = await until('one node to run the projector', () => runner(nodes[0]));
  const standby = nodes.filter((one) => one.name !== name);
  const { position } = ok(await standby[0].post(`/v1/identity/${ids[0]}/ModifyUser`, modify('seen')));
  assert.equal(ok(await standby[0].get(`/v1/views/users/${ids[0]}`, { 'X-Min-Position': position })).firstName, 'seen', 'a node that stands by waits for the view');

  const stateOf = async (node, which) => ok(await node.get(`/admin/projections?node=${which}`)).items.find((one) => one.name === 'users');
  assert.equal((await standby[0].request('POST', '/admin/projections/users/pause')).status, 200);
  assert.equal((await stateOf(standby[1], name)).status, 'paused', 'it is paused where it runs');
  assert.equal((await standby[1].request('POST', '/admin/projections/users/resume')).status, 200);

  nodes.find((one) => one.name === name).launched.child.kill('SIGKILL');
  const died = performance.now();
  const later = ok(await standby[0].post(`/v1/identity/${ids[1]}/ModifyUser`, modify('after')));
  assert.equal(ok(await standby[1].get(`/v1/views/users/${ids[1]}`, { 'X-Min-Position': later.position })).firstName, 'after');
  t.diagnostic(`from kill -9 of the projector's node to a later event in the view: ${(performance.now() - died).toFixed(0)} ms`);
  await agreed(standby);
  assert.equal((await standby[0].allRows('users')).length, 30);
});

test('a list names the node that did not answer, and ?node= narrows it', async (t) => {
  const nodes = await startNodes(t, await startBroker(t), 2);
  const here = ok(await nodes[0].get('/admin/actors?node=n0&limit=1000'));
  const there = ok(await nodes[0].get('/admin/actors?node=n1&limit=1000'));
  assert.deepEqual([...new Set(here.items.map(({ node }) => node))], ['n0']);
  assert.deepEqual([...new Set(there.items.map(({ node }) => node))], ['n1']);
  const both = ok(await nodes[0].get('/admin/actors?limit=1000'));
  assert.equal(both.total, here.total + there.total);
  assert.deepEqual(both.unanswered, []);
  const paged = [];
  for (let after = ''; after !== null; ) {
    const page = ok(await nodes[0].get(`/admin/actors?limit=3&after=${encodeURIComponent(after)}`));
    paged.push(...page.items);
    after = page.next;
  }
  assert.deepEqual(paged.map(({ path, node }) => `${path} ${node}`), both.items.map(({ path, node }) => `${path} ${node}`));
  assert.equal(ok(await nodes[0].get('/admin/info?node=n1')).node, 'n1');
  const incarnation = (await clusterOf(nodes[1])).nodes[0].incarnation;
  assert.equal(ok(await nodes[0].get(`/admin/actors/bridges/cluster?node=${incarnation}`)).state.incarnation, incarnation);
  assert.equal((await nodes[0].get('/admin/actors?node=n7')).status, 404);

  nodes[1].launched.child.kill('SIGSTOP');
  afterwards(t, () => nodes[1].launched.child.kill('SIGCONT'));
  const partial = ok(await nodes[0].get('/admin/projections'));
  assert.deepEqual(partial.unanswered.map(({ node }) => node), ['n1']);
  assert.ok(partial.items.length > 0);
});

test('what people change through any node is kept in the log that all share, each node writing its own stream', async (t) => {
  const nodes = await startNodes(t, await startBroker(t), 2);
  for (const level of ['warn', 'info']) {
    for (const node of nodes) ok(await node.request('PUT', '/admin/log-level', { body: { level } }));
  }
  ok(await nodes[0].request('PUT', '/admin/log-level?node=n1', { body: { level: 'warn' } }));
  const kept = async (node) => ok(await node.get('/admin/log/audit')).items;
  for (const node of nodes) {
    await until('all changes', async () => (await kept(node)).length === 5);
    const items = await kept(node);
    assert.deepEqual(items.filter(({ stream }) => stream === 'audit.n0').map(({ data, version }) => [version, data.method, data.target]),
      [[1, 'PUT', '/admin/log-level'], [2, 'PUT', '/admin/log-level'], [3, 'PUT', '/admin/log-level?node=n1']]);
    assert.deepEqual(items.filter(({ stream }) => stream === 'audit.n1').map(({ data, version }) => [version, data.target]),
      [[1, '/admin/log-level'], [2, '/admin/log-level']]);
  }
});

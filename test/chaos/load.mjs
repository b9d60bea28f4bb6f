// Clients that command and read through any node, and write down what they saw: the history that is checked.
//
// What each client wants next comes from the seed; when it gets its turn is up to the machine. After an answer that is none, a keyed
// command is sent again under its key, usually through another node. An unkeyed one is not: nobody can say what became of it.
import http from 'node:http';
import { seeded, until } from '../e2e/support/node.mjs';
import { send } from './client.mjs';
import { idOf } from './model.mjs';
import { dataOf, pick } from './simulation.mjs';

const wants = { newcomer: 14, command: 60, read: 18, repeat: 4, reuse: 2, demand: 5 };
const commands = { ModifyUser: 60, LockAccount: 12, UnlockAccount: 18, AddUser: 8, CloseAccount: 1 };

/** How long a client waits, milliseconds: longer while nothing may go wrong. */
const impatient = 5_000;
const polite = 60_000;
const tries = 6;
/** In the end every keyed command must get an answer within this time; the broker remembers message ids for two minutes. */
const conclusive = 180_000;
const remembered = 1_000;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class Load {
  /** `members`: nodes to send to, with `name` and `http`. */
  constructor(members, { seed, clients = 24, hot = 6, limit = Infinity }) {
    Object.assign(this, { members, seed, hot, limit });
    this.operations = [];
    this.people = [];       // { account, entity, version, position }: what a client has last been told
    this.intents = 0;
    this.accepted = 0;
    this.answered = [];     // keyed intents with an answer, to be repeated
    this.unresolved = [];   // keyed intents without one
    this.underWay = new Set();
    this.agents = new Map();
    this.suspect = new Map();
    this.leaving = new Set(); // members that a balancer sends no new connections
    this.done = false;
    this.isPolite = false;
    this.errors = [];
    this.clients = Array.from({ length: clients }, (_, client) => this.run(client));
    Promise.all(this.clients).catch((why) => (this.broken = why));
  }

  async run(client) {
    const random = seeded(this.seed * 1_000 + client);
    const one = { client, random };
    while (!this.done && this.operations.length < this.limit) {
      const want = this.people.length < this.hot ? 'newcomer' : pick(random, wants);
      await this[want](one);
    }
  }

  // --- what a client may want ---

  newcomer(one) {
    const account = `auth0|${this.seed}-${this.people.length}`;
    const person = { account, entity: idOf(account), version: 0, position: null };
    this.people.push(person);
    return this.pursue(one, this.intent(one, person, 'AddUser'));
  }
  command(one) {
    return this.pursue(one, this.intent(one, this.somebody(one), pick(one.random, commands)));
  }
  /** Demands the version that was last seen of the entity, or one that was never there. */
  demand(one) {
    const person = this.somebody(one);
    return this.pursue(one, { ...this.intent(one, person, 'ModifyUser'), expected: person.version + (one.random() < 0.2 ? 5 : 0) });
  }
  /** Asks again for what was answered. */
  async repeat(one) {
    const intent = this.anyOf(one, this.answered);
    if (intent) await this.attempt(one, intent, this.choose(one));
  }
  /** Another command under a used key. */
  async reuse(one) {
    const used = this.anyOf(one, this.answered);
    if (used) await this.pursue(one, { ...this.intent(one, used.person, pick(one.random, commands)), key: used.key });
  }
  async read(one) {
    const { entity, position } = this.somebody(one);
    await this.request(one, this.choose(one), { kind: 'read', entity, atLeast: one.random() < 0.7 ? position : null });
  }

  anyOf({ random }, list) { return list[Math.floor(random() * list.length)]; }
  /** Half of the time one of the few hot ones, who change slowly; otherwise anybody. */
  somebody(one) {
    const hot = this.hotOne(one.random);
    return one.random() < 0.5 ? hot : this.anyOf(one, this.people);
  }
  hotOne(random) {
    const start = Math.floor(this.people.length / 500) * 7;
    return this.people[Math.min(start + Math.floor(random() * this.hot), this.people.length - 1)];
  }
  intent({ random }, person, command) {
    const number = ++this.intents;
    return { intent: number, person, key: random() < 0.6 ? `key-${this.seed}-${number}` : null, entity: person.entity, command,
      data: dataOf(command, person.account, `mark-${number}`), expected: null };
  }
  /** Any node; one that has just failed to answer less often. */
  choose({ random }, other) {
    const candidates = this.members.filter((member) => member !== other && this.mayGetMore(member));
    const well = candidates.filter((member) => !(this.suspect.get(member) > performance.now()));
    const from = well.length > 0 && random() < 0.9 ? well : candidates;
    return from[Math.floor(random() * from.length)] ?? other;
  }

  /** A node that was taken out of the balancer gets requests on connections that it has, and no new ones. */
  mayGetMore(member) {
    return !this.leaving.has(member) || Object.values(this.agentOf(member).freeSockets).some((list) => list.length > 0);
  }

  // --- doing it ---

  /** Sends until there is an answer, at most a few times. */
  async pursue(one, intent) {
    let member;
    for (let attempt = 1; attempt <= tries; ++attempt) {
      member = this.choose(one, one.random() < 0.7 ? member : undefined);
      const { outcome } = await this.attempt(one, intent, member);
      if (outcome !== 'failed' && outcome !== 'unknown') return;
      if (outcome === 'unknown' && !intent.key) return;
      await pause(one.random() * 50 * attempt);
    }
    if (intent.key) this.unresolved.push(intent);
  }

  attempt(one, { person, ...intent }, member) {
    return this.request(one, member, { kind: 'command', ...intent }, (operation) => {
      const { outcome, reply } = operation;
      if (outcome === 'ok') {
        ++this.accepted;
        const position = Number(reply.position.slice('identity:'.length));
        person.version = Math.max(person.version, reply.version);
        if (reply.events.length > 0) person.position = Math.max(person.position, position);
      }
      if (intent.key && (outcome === 'ok' || outcome === 'refused')) {
        this.answered[intent.intent % remembered] = { person, ...intent };
        this.answered = this.answered.filter(Boolean);
      }
    });
  }

  /** One request, written down. */
  async request({ client }, member, what, learn = () => {}) {
    const operation = { id: this.operations.length, client, node: member.name, ...what, invoke: performance.now() };
    this.operations.push(operation);
    this.underWay.add(operation);
    const result = await send(this.agentOf(member), ...this.message(member, operation));
    operation.complete = performance.now();
    this.underWay.delete(operation);
    Object.assign(operation, operation.kind === 'read' ? this.rowIn(result) : this.outcomeIn(result));
    if (result.lost) {
      this.suspect.set(member, operation.complete + 1_000);
      operation.lost = `${result.lost}: ${result.why}`;
    }
    if (this.isPolite && operation.invoke > this.politeSince) this.mustBeFine(operation, result);
    learn(operation);
    return operation;
  }

  message(member, { kind, entity, command, data, key, expected, atLeast }) {
    const timeout = this.isPolite ? polite : impatient;
    if (kind === 'read') {
      const headers = atLeast ? { 'X-Min-Position': `identity:${atLeast}` } : {};
      return ['GET', `${member.http}/v1/views/users/${entity}`, { headers, timeout }];
    }
    const headers = { ...(key && { 'Idempotency-Key': key }), ...(expected != null && { 'If-Match': `"${expected}"` }) };
    return ['POST', `${member.http}/v1/identity/${entity}/${command}`, { body: data, headers, timeout }];
  }

  /** Each life of a node has connections of its own. */
  agentOf(member) {
    const { http: address } = member;
    if (this.agents.get(member)?.address !== address) {
      this.agents.get(member)?.agent.destroy();
      this.agents.set(member, { address, agent: new http.Agent({ keepAlive: true, maxSockets: 64 }) });
    }
    return this.agents.get(member).agent;
  }

  outcomeIn({ lost, status, headers, body }) {
    // A server that stops in good order closes idle connections only, so that nothing that was sent on one is done.
    if (lost) return { outcome: lost === 'unsent' || (lost === 'idle' && this.isPolite) ? 'failed' : 'unknown' };
    if (status === 200) return { outcome: 'ok', status, reply: body };
    const { code, detail } = body;
    if (status === 409) return { outcome: 'refused', status, code };
    if (status === 412) return { outcome: 'refused', status, code, version: Number(headers.etag.replaceAll('"', '')) };
    if (status === 422) return { outcome: 'reused', status, code };
    return { outcome: status === 503 && code !== 'outcome-unknown' ? 'failed' : 'unknown', status, code, detail };
  }

  rowIn({ lost, status, headers, body }) {
    if (lost || (status !== 200 && status !== 404)) return { outcome: 'failed', status, code: body?.code };
    const position = headers['x-position'] && Number(headers['x-position'].slice('identity:'.length));
    return { outcome: 'ok', status, position, row: status === 200 ? body : undefined };
  }

  // --- a time in which nothing may go wrong ---

  /** From now on only 503 and closed idle connections may happen. Waits for what began before. */
  async beginPolite() {
    this.politeSince = performance.now();
    this.isPolite = true;
    await this.settled();
  }
  /** Ends it, and returns what went wrong all the same. */
  async endPolite() {
    await this.settled();
    this.isPolite = false;
    return this.errors.splice(0);
  }
  /** Waits until everything that is under way now has ended. */
  async settled() {
    const before = [...this.underWay];
    await until('requests under way to end', () => before.every((one) => !this.underWay.has(one)), 2 * polite);
  }
  mustBeFine(operation, { lost, status }) {
    const safe = operation.key || operation.kind === 'read' || operation.code !== 'outcome-unknown';
    const fine = lost ? lost === 'idle' : [200, 404, 409, 412, 422].includes(status) || (status === 503 && safe);
    if (!fine) this.errors.push(operation);
  }

  // --- for whoever injects faults ---

  hotEntity(random) { return this.hotOne(random).entity; }

  /** Waits for so many more accepted commands. */
  async goesOn(count, milliseconds) {
    const enough = this.accepted + count;
    await until(`${count} accepted commands`, () => {
      if (this.broken) throw this.broken;
      return this.accepted >= enough || this.isOver;
    }, milliseconds);
  }
  get isOver() { return this.done || this.operations.length >= this.limit; }

  /** Ends the clients, then asks for what became of keyed commands until every one has an answer. */
  async stop() {
    this.done = true;
    await Promise.all(this.clients);
    const one = { client: 'last', random: seeded(this.seed) };
    const left = this.unresolved.splice(0);
    for (const intent of left) {
      await until(`an answer to ${intent.key}`, async () => {
        const { outcome } = await this.attempt(one, intent, this.choose(one));
        return outcome !== 'failed' && outcome !== 'unknown';
      }, conclusive);
    }
    this.agents.forEach(({ agent }) => agent.destroy());
    return left.length;
  }
}

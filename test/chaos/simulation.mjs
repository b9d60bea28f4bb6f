// Made-up histories for the checker's own tests: clients with random speeds against a perfect store in memory. A history is valid by
// construction: each command takes effect at one moment between its beginning and its end, and the log is in that order.
//
//   const { operations, log, views } = simulate({ seed: 7 });
import { seeded } from '../e2e/support/node.mjs';
import { idOf } from './model.mjs';

/** A store that does everything right. */
class Store {
  constructor(model) {
    this.model = model;
    this.log = [];
    this.states = new Map();
    this.versions = new Map();
    this.known = new Map(); // key → { body, answer }
    this.position = 0;
  }

  state(entity) { return this.states.get(entity) ?? this.model.initial; }
  version(entity) { return this.versions.get(entity) ?? 0; }

  /** Handles a command at this moment: the members of an operation that say what was answered. */
  handle({ key, entity, command, data, expected }, commandId, time) {
    const body = JSON.stringify([entity, command, data, expected]);
    if (key && this.known.has(key)) {
      const known = this.known.get(key);
      return known.body === body ? known.answer : { outcome: 'reused', status: 422, code: 'id-reused' };
    }
    const answer = this.decide({ entity, command, data, expected }, commandId, time);
    if (key) this.known.set(key, { body, answer });
    return answer;
  }

  decide({ entity, command, data, expected }, commandId, time) {
    let version = this.version(entity);
    if (expected != null && expected !== version) return { outcome: 'refused', status: 412, code: 'version-mismatch', version };
    const { refused, events } = this.model.decide(this.state(entity), command, data, 'somebody');
    if (refused) return { outcome: 'refused', status: 409, code: refused };
    const stream = `${this.model.category}.${entity}`;
    if (events.length > 0) this.position += 1 + (version % 3); // positions may be skipped
    const metadata = { commandId, userId: 'somebody', time: new Date(1e12 + time).toISOString() };
    const stored = events.map(({ type, data: content }) => {
      ++version;
      return { id: `${commandId}/${version}`, type, stream, version, position: this.position, data: content, metadata: { ...metadata, version } };
    });
    this.log.push(...stored);
    this.states.set(entity, stored.reduce(this.model.evolve, this.state(entity)));
    this.versions.set(entity, version);
    const reply = { id: entity, stream, version, position: `${this.model.category}:${this.position}`, commandId,
      events: stored.map(({ id, type, version: number }) => ({ id, type, version: number })) };
    return { outcome: 'ok', status: 200, reply };
  }

  rows() { return [...this.states.values()].map(this.model.row).filter(Boolean); }
}

/** `commands`: names and weights of those for an entity that may exist. */
const usual = { AddUser: 2, ModifyUser: 8, LockAccount: 2, UnlockAccount: 3, CloseAccount: 0.2 };

export function dataOf(command, account, mark) {
  if (command === 'AddUser') {
    return { auth0Id: account, email: `${mark}@example.com`, emailVerified: true, firstName: mark, lastName: '', picture: '', locale: '' };
  }
  return command === 'ModifyUser' ? { firstName: mark, lastName: '', picture: '', locale: 'en' } : { reason: mark };
}

/** One of the names, by weight. */
export function pick(random, weights) {
  let left = random() * Object.values(weights).reduce((sum, one) => sum + one, 0);
  return Object.keys(weights).find((name) => (left -= weights[name]) < 0) ?? Object.keys(weights)[0];
}

export function simulate({ seed, model, steps = 400, clients = 6, accounts = 5, commands = usual }) {
  const random = seeded(seed);
  const store = new Store(model);
  const operations = [];
  const below = (limit) => Math.floor(random() * limit);
  let intents = 0;
  const usedKeys = [];

  const newIntent = () => {
    const account = `account-${below(accounts)}`;
    const command = pick(random, commands);
    const intent = ++intents;
    let key = random() < 0.5 ? `key-${intent}` : null;
    if (usedKeys.length > 0 && random() < 0.03) key = usedKeys[below(usedKeys.length)];
    else if (key) usedKeys.push(key);
    const entity = idOf(account);
    const expected = random() < 0.1 ? Math.max(0, store.version(entity) - below(2)) : null;
    return { intent, kind: 'command', key, entity, command, data: dataOf(command, account, `mark-${intent}`), expected };
  };

  const crew = Array.from({ length: clients }, (_, client) => ({ client, time: random(), do: 'begin', retries: 0 }));
  const actions = {
    begin(one) {
      const operation = { id: operations.length, client: one.client, invoke: one.time };
      if (!one.again && store.log.length > 0 && random() < 0.15) {
        const entity = idOf(`account-${below(accounts)}`);
        Object.assign(operation, { kind: 'read', entity, atLeast: random() < 0.5 ? store.log[below(store.log.length)].position : null });
      } else {
        Object.assign(operation, one.again ?? newIntent());
        one.wanted = { ...operation };
      }
      one.again = undefined;
      operations.push(operation);
      one.operation = operation;
      one.do = 'decide';
    },
    decide(one) {
      const { operation } = one;
      one.do = 'end';
      if (operation.kind === 'read') {
        one.answer = { outcome: 'ok', status: 200, position: store.position, row: store.model.row(store.state(operation.entity)) };
        return;
      }
      const luck = random();
      if (luck < 0.04) one.answer = { outcome: 'unknown' };
      else if (luck < 0.08) one.answer = { outcome: 'failed', status: 503, code: 'unavailable' };
      else one.answer = store.handle(operation, operation.key ?? `made-${operation.id}`, one.time);
      if (luck > 0.96) one.answer = { outcome: 'unknown' }; // after it took effect
    },
    end(one) {
      Object.assign(one.operation, structuredClone(one.answer), { complete: one.time });
      one.do = 'begin';
      const { outcome, kind, key } = one.operation;
      const again = kind === 'command' && (outcome === 'failed' || (key && outcome === 'unknown') || (key && random() < 0.1));
      if (!again) return;
      const { intent, entity, command, data, expected } = one.wanted;
      one.again = { intent, kind, key, entity, command, data, expected };
    },
  };
  for (let step = 0; step < steps; ++step) {
    const one = crew.reduce((least, other) => (other.time < least.time ? other : least));
    actions[one.do](one);
    one.time += random() ** 3 * 20;
  }
  for (const one of crew) {
    if (one.do === 'begin') continue;
    Object.assign(one.operation, { outcome: one.operation.kind === 'read' ? 'failed' : 'unknown', complete: null });
  }
  return { operations, log: structuredClone(store.log), views: [{ from: 'the view', rows: structuredClone(store.rows()) }] };
}

// The history checker itself: valid histories pass, and each kind of fault that is planted in one is found and named.
import assert from 'node:assert/strict';
import test from 'node:test';
import { ok, profile, seeded, startNode } from '../e2e/support/node.mjs';
import { check, compareLogs, describe } from './checker.mjs';
import { idOf, identity } from './model.mjs';
import { simulate } from './simulation.mjs';

/** The same rules, but that an open account is locked first when it is closed: a command with two events. */
const closing = {
  ...identity,
  decide(now, command, data, by) {
    const { events, refused } = identity.decide(now, command, data, by);
    if (command !== 'CloseAccount' || now.status !== 'open') return refused ? { refused } : { events };
    return { events: [{ type: 'AccountLocked', data: { reason: data.reason, lockedBy: by } }, ...events] };
  },
};
const history = (seed, more = {}) => ({ model: closing, ...simulate({ seed, model: closing, steps: 1200, ...more }) });

// --- what faults are made of ---

const entityOf = ({ stream }) => stream.slice('identity.'.length);
const eventsOf = ({ log }, entity) => log.filter((event) => entityOf(event) === entity);
const isLast = ({ log }, event) => log.findLast(({ stream }) => stream === event.stream) === event;
const at = (category, position) => `${category}:${position}`;
const end = ({ operations }) => Math.max(...operations.map(({ complete }) => complete ?? 0)) + 1;

/** The view as it follows from a log that was changed, so that the views do not give the fault away. */
function refold(made) {
  const states = new Map();
  for (const event of made.log) states.set(event.stream, made.model.evolve(states.get(event.stream) ?? made.model.initial, event));
  made.views = [{ from: 'the view', rows: [...states.values()].map(made.model.row).filter(Boolean) }];
}

/** Accepted commands with events, by one attempt alone, with their events: [{ operation, events }]. */
function effects(made, wanted = () => true) {
  const attempts = new Map();
  for (const { intent } of made.operations) attempts.set(intent, (attempts.get(intent) ?? 0) + 1);
  return made.operations.flatMap((operation) => {
    if (attempts.get(operation.intent) > 1 || operation.kind !== 'command' || operation.outcome !== 'ok' || operation.reply.events.length === 0) return [];
    const events = made.log.filter(({ metadata }) => metadata.commandId === operation.reply.commandId);
    return wanted(operation, events) ? [{ operation, events }] : [];
  });
}

function append(made, event) {
  const version = 1 + (eventsOf(made, entityOf(event)).at(-1)?.version ?? 0);
  const position = made.log.at(-1).position + 1;
  made.log.push({ ...event, version, position, id: `planted/${position}`, metadata: { ...event.metadata, version } });
  return made.log.at(-1);
}

/** A command by a client of its own, after everything else. */
function later(made, members) {
  const id = made.operations.length;
  const time = end(made);
  made.operations.push({ id, intent: `planted-${id}`, kind: 'command', key: null, expected: null, invoke: time, complete: time + 1, ...members });
}

const modification = { firstName: 'planted', lastName: '', picture: '', locale: '' };
const accepted = (events) => ({ id: entityOf(events[0]), stream: events[0].stream, version: events.at(-1).version, commandId: events[0].metadata.commandId,
  position: at('identity', events[0].position), events: events.map(({ id, type, version }) => ({ id, type, version })) });

// --- the faults: each changes a history and returns true, or returns false when there is no place for it ---

/** A fault in one accepted command, any of those wanted. */
const inEffect = (wanted, change) => (made, choose) => {
  const found = choose(effects(made, (operation, events) => wanted(made, operation, events)));
  if (!found) return false;
  change(made, found.operation, found.events);
  return true;
};
const any = () => true;
const last = (made, _, events) => isLast(made, events.at(-1));
/** A fault in one operation. */
const inOperation = (wanted, change) => (made, choose) => {
  const operation = choose(made.operations.filter((one) => wanted(one, made)));
  if (!operation) return false;
  change(made, operation);
  return true;
};
const inRow = (change) => (made, choose) => {
  const { rows } = made.views[0];
  const row = choose(rows);
  if (!row) return false;
  change(rows, row);
  return true;
};

const faults = {
  'an acknowledged command that is not in the log': ['lost-acknowledgement', inEffect(last, (made, _, events) => {
    made.log = made.log.filter((event) => !events.includes(event));
    refold(made);
  })],
  'a command that took effect twice': ['duplicate-effect', inEffect((_, { command }) => command === 'ModifyUser', (made, _, [event]) => {
    append(made, event);
    refold(made);
  })],
  'a command that took effect twice under two ids': ['duplicate-effect', inEffect(any, (made, _, [event]) => {
    append(made, { ...event, metadata: { ...event.metadata, commandId: 'another' } });
    refold(made);
  })],
  'two events with one version: a fork': ['fork', inEffect((made, _, events) => last(made, _, events) && events[0].version > 1, (made, operation, events) => {
    for (const event of events) --event.version;
    operation.reply = accepted(events);
  })],
  'a version that is missing: a gap': ['gap', inEffect(last, (made, operation, events) => {
    for (const event of events) ++event.version;
    operation.reply = accepted(events);
  })],
  'positions that fall': ['position-order', inEffect((made, _, [event]) => made.log[0] !== event, (made, operation, events) => {
    for (const event of events) event.position = made.log[0].position - 1;
    operation.reply = accepted(events);
  })],
  'an order of the log against the clock': ['real-time', (made, choose) => {
    const all = effects(made);
    const pair = choose(all.flatMap((a) => all.filter((b) => a.events[0].stream === b.events[0].stream && a.events[0].version < b.events[0].version).map((b) => [a, b])));
    if (!pair) return false;
    const [a, b] = pair.map(({ operation }) => operation);
    a.invoke = b.complete + 0.25;
    a.complete = b.complete + 0.5;
    return true;
  }],
  'the answer of another command': ['answer-of-another', (made, choose) => {
    const [a, b] = [choose(effects(made)), choose(effects(made))];
    if (!a || a.operation === b.operation) return false;
    a.operation.reply = b.operation.reply;
    return true;
  }],
  'another command accepted under a used key': ['key-reused', inOperation(({ outcome }) => outcome === 'reused', (made, operation) => {
    const first = made.operations.find((one) => one.key === operation.key && ['ok', 'refused'].includes(one.outcome));
    Object.assign(operation, { outcome: first.outcome, status: first.status, code: first.code, reply: first.reply, version: first.version });
  })],
  'another command stored under a used key': ['key-reused', inOperation((one, made) => one.outcome === 'reused' && one.command === 'ModifyUser' && one.expected === null
    && eventsOf(made, one.entity).length > 0, (made, operation) => {
    const stored = append(made, { type: 'UserModified', stream: `identity.${operation.entity}`, data: operation.data,
      metadata: { commandId: operation.key, userId: 'somebody', time: '2026-01-01T00:00:00.000Z' } });
    Object.assign(operation, { outcome: 'ok', status: 200, code: undefined, reply: accepted([stored]) });
    refold(made);
  })],
  'a key refused to its own command': ['refused-own-key', inEffect((_, { key }) => key, (made, operation) => {
    later(made, { ...operation, id: made.operations.length, invoke: end(made), complete: end(made) + 1, outcome: 'reused', status: 422, reply: undefined });
  })],
  'two answers to one key': ['answers-differ', inEffect((_, { key }) => key, (made, operation) => {
    later(made, { ...operation, id: made.operations.length, invoke: end(made), complete: end(made) + 1, outcome: 'refused', status: 409, code: 'account-locked', reply: undefined });
  })],
  'a stored command that was called failed': ['stored-though-failed', inEffect(any, (_, operation) => {
    Object.assign(operation, { outcome: 'failed', status: 503, code: 'unavailable', reply: undefined });
  })],
  'a stored command that was called refused': ['stored-though-refused', inEffect(any, (_, operation) => {
    Object.assign(operation, { outcome: 'refused', status: 409, code: 'account-locked', reply: undefined });
  })],
  'a stored command that was said to change nothing': ['stored-though-unchanged', inEffect(any, (_, operation) => {
    operation.reply.events = [];
  })],
  'an answer with another version than is stored': ['wrong-answer', inEffect(any, (_, operation) => {
    ++operation.reply.version;
  })],
  'an event that nobody asked for': ['never-sent', inEffect(any, (made, _, [event]) => {
    append(made, { ...event, type: 'UserModified', data: modification, metadata: { ...event.metadata, commandId: 'nobody' } });
    refold(made);
  })],
  'an event with other content than its command': ['wrong-effect', inEffect((_, { command }) => command === 'ModifyUser', (made, _, [event]) => {
    event.data = { ...event.data, locale: 'xx' };
    refold(made);
  })],
  'an event in the stream of another entity': ['wrong-entity', inEffect((made, { command }, events) => command === 'ModifyUser' && last(made, null, events), (made, operation, [event]) => {
    event.stream = 'identity.elsewhere';
    event.version = 1;
    operation.reply = accepted([event]);
    refold(made);
  })],
  'an event under another command id than its key': ['wrong-command-id', inEffect((_, { key }) => key, (_, operation, events) => {
    for (const event of events) event.metadata.commandId = 'another';
    operation.reply.commandId = 'another';
  })],
  'a command taken at another version than it demanded': ['wrong-effect', inEffect(any, (_, operation, [event]) => {
    operation.expected = event.version;
  })],
  'a commit that was split': ['split-commit', inEffect((_, __, events) => events.length === 2, (made, _, [, second]) => {
    for (const event of made.log.slice(made.log.indexOf(second))) ++event.position;
    for (const { reply } of made.operations) {
      const moved = made.log.find(({ id }) => id === reply?.events[0]?.id);
      if (moved) reply.position = at('identity', moved.position);
    }
  })],
  'a commit of which a part is missing': ['split-commit', inEffect((made, _, events) => events.length === 2 && last(made, _, events), (made, _, [, second]) => {
    made.log = made.log.filter((event) => event !== second);
    refold(made);
  })],
  'two commands in one commit': ['mixed-commit', (made, choose) => {
    const event = choose(made.log.slice(1).filter((one, i) => one.position !== made.log[i].position));
    if (!event) return false;
    const { position } = made.log[made.log.indexOf(event) - 1];
    event.position = position;
    return true;
  }],
  'one event id twice': ['duplicate-event', inEffect((made, _, [event]) => made.log[0] !== event, (made, operation, events) => {
    events[0].id = made.log[0].id;
    operation.reply = accepted(events);
  })],
  'a refusal for which there was never a reason': ['answer-without-reason', inOperation((one, made) => one.outcome === 'refused' && !one.key && one.code === 'account-locked'
    && !eventsOf(made, one.entity).some(({ type }) => type === 'AccountClosed'), (_, operation) => {
    operation.code = 'account-closed';
  })],
  'a refusal whose reason had gone': ['stale-answer', inEffect(any, (made, { entity }) => {
    later(made, { entity, command: 'ModifyUser', data: modification, outcome: 'refused', status: 409, code: 'user-not-found' });
  })],
  'a demanded version that was there and is refused': ['answer-without-reason', inEffect((made, _, events) => last(made, _, events), (made, { entity, reply: { version } }) => {
    later(made, { entity, command: 'ModifyUser', data: modification, expected: version, outcome: 'refused', status: 412, code: 'version-mismatch', version });
  })],
  '"nothing changed", said of a state that is past': ['stale-answer', inEffect((made, { expected }, events) => expected === null && events[0].version > 1
    && eventsOf(made, entityOf(events[0]))[0].type === 'UserAdded', (made, { entity, reply: { stream } }) => {
    const { data } = eventsOf(made, entity)[0];
    const reply = { id: entity, stream, version: 1, position: 'identity:0', commandId: 'planted', events: [] };
    later(made, { entity, command: 'AddUser', data: { ...data, firstName: 'planted' }, outcome: 'ok', status: 200, reply });
  })],
  '"nothing changed", where something should have': ['answer-without-reason', inEffect((made, _, events) => last(made, _, events)
    && ['UserAdded', 'UserModified', 'AccountUnlocked'].includes(events.at(-1).type), (made, { entity, reply }) => {
    later(made, { entity, command: 'LockAccount', data: { reason: 'planted' }, outcome: 'ok', status: 200, reply: { ...reply, commandId: 'planted', events: [] } });
  })],
  'a version that is not in the log': ['never-stored', inEffect(any, (made, { entity, reply }) => {
    later(made, { entity, command: 'LockAccount', data: { reason: 'planted' }, outcome: 'ok', status: 200, reply: { ...reply, version: 10_000, events: [] } });
  })],
  'an answer from a state that comes later': ['real-time', inEffect((made, { command }) => command === 'AddUser', (made, operation) => {
    const { entity, data, reply, invoke } = operation;
    later(made, { entity, command: 'AddUser', data: { ...data, firstName: 'planted' }, invoke: invoke - 2, complete: invoke - 1,
      outcome: 'ok', status: 200, reply: { ...reply, commandId: 'planted', events: [] } });
  })],
  'a row older than the position that was asked for': ['stale-read', inEffect((made, { command }, [event]) => command === 'ModifyUser' && event.version > 1, (made, { entity }, [event]) => {
    const before = eventsOf(made, entity).slice(0, eventsOf(made, entity).indexOf(event));
    const row = before.reduce(made.model.evolve, made.model.initial);
    later(made, { kind: 'read', entity, atLeast: event.position, outcome: 'ok', position: event.position, row });
  })],
  'a view that answers before it has the position': ['stale-read', inOperation(({ kind, outcome }) => kind === 'read' && outcome === 'ok', (_, read) => {
    read.atLeast = read.position + 1;
  })],
  'a row that the entity never had': ['wrong-read', inOperation(({ kind, row }) => kind === 'read' && row, (_, read) => {
    read.row = { ...read.row, lastName: 'planted' };
  })],
  'a row read before its command began': ['wrong-read', inEffect((made, { command }) => command === 'ModifyUser', (made, operation, [event]) => {
    const { entity } = operation;
    const all = eventsOf(made, entity);
    const row = all.slice(0, all.indexOf(event) + 1).reduce(made.model.evolve, made.model.initial);
    later(made, { kind: 'read', entity, atLeast: null, outcome: 'ok', position: 0, row, invoke: operation.invoke - 2, complete: operation.invoke - 1 });
  })],
  'a view with a row that is off': ['view-row-differs', inRow((rows, row) => rows.splice(rows.indexOf(row), 1, { ...row, lastName: 'planted' }))],
  'a view without one of its rows': ['view-row-missing', inRow((rows, row) => rows.splice(rows.indexOf(row), 1))],
  'a view with a row too many': ['view-row-extra', inRow((rows, row) => rows.push({ ...row, id: 'planted' }))],
  'a view with a row twice': ['view-row-extra', inRow((rows, row) => rows.push({ ...row }))],
};

const chooser = (random) => (list) => list[Math.floor(random() * list.length)];
const verdictOn = (made) => check(made, made.model);

test('valid histories pass', () => {
  for (let seed = 1; seed <= 150; ++seed) {
    const { violations } = verdictOn(history(seed));
    assert.deepEqual(violations.map(describe), [], `seed ${seed}`);
  }
});

test('valid histories have everything that can be judged', () => {
  const seen = new Set();
  for (let seed = 1; seed <= 20; ++seed) {
    for (const { kind, outcome, code = '' } of history(seed).operations) seen.add(`${kind} ${outcome} ${code}`.trim());
  }
  assert.deepEqual([...seen].sort(), ['command failed unavailable', 'command ok', 'command refused account-closed', 'command refused account-locked',
    'command refused user-not-found', 'command refused version-mismatch', 'command reused id-reused', 'command unknown', 'read failed', 'read ok']);
});

for (const [name, [kind, plant]] of Object.entries(faults)) {
  test(`${name} is found`, () => {
    let planted = 0;
    for (let seed = 1; planted < 10; ++seed) {
      assert.ok(seed < 500, 'no history has a place for the fault');
      const made = history(seed);
      if (!plant(made, chooser(seeded(seed)))) continue;
      ++planted;
      const { counts } = verdictOn(made);
      assert.ok(counts.has(kind), `seed ${seed}: expected ${kind}, found ${[...counts.keys()]}`);
    }
  });
}

test('whatever single fault is planted in whatever history is found', () => {
  const all = Object.values(faults);
  let planted = 0;
  for (let seed = 1001; seed <= 1300; ++seed) {
    const choose = chooser(seeded(seed));
    const made = history(seed, { steps: 600, clients: 1 + (seed % 12), accounts: 1 + (seed % 7) });
    const [kind, plant] = choose(all);
    if (!plant(made, choose)) continue;
    ++planted;
    assert.ok(verdictOn(made).counts.has(kind), `seed ${seed}: ${kind}`);
  }
  assert.ok(planted > 200, `${planted} were planted`);
});

test('a log with an event dropped, doubled, moved or altered blindly is found', () => {
  const changes = [
    (log, i) => log.splice(i, 1),
    (log, i) => log.splice(i, 0, log[i]),
    (log, i) => ([log[i], log[i + 1]] = [log[i + 1], log[i]]),
    (log, i) => ++log[i].version,
    (log, i) => (log[i].data = { ...log[i].data, locale: 'xx' }),
    (log, i) => (log[i].stream += 'x'),
    (log, i) => (log[i].type = 'AccountUnlocked'),
  ];
  for (let seed = 2001; seed <= 2200; ++seed) {
    const random = seeded(seed);
    const made = history(seed, { steps: 600 });
    const i = Math.floor(random() * (made.log.length - 1));
    const unlocked = made.log[i].type === 'AccountUnlocked';
    const alike = made.log[i].position === made.log[i + 1].position;
    const change = chooser(random)(changes.slice(0, unlocked || alike ? 5 : 7));
    change(made.log, i);
    assert.ok(verdictOn(made).violations.length > 0, `seed ${seed}: ${change}`);
  }
});

test('the first difference between two readings of a log is found', () => {
  const { log } = history(1);
  assert.deepEqual(compareLogs(log, structuredClone(log), 'b'), []);
  assert.match(compareLogs(log, log.slice(0, -1), 'b')[0].text, new RegExp(`place ${log.length}$`));
  assert.equal(compareLogs(log, log.map((event, i) => (i === 2 ? { ...event, id: 'x' } : event)), 'b').length, 1);
});

test('a hundred thousand operations are judged', () => {
  const made = history(3, { steps: 300_000, clients: 16, accounts: 200, commands: { AddUser: 2, ModifyUser: 9, LockAccount: 1, UnlockAccount: 3 } });
  assert.ok(made.operations.length >= 100_000);
  assert.deepEqual(verdictOn(made).violations.map(describe), []);
});

test('the model is what the program does', async (t) => {
  const node = await startNode(t);
  let state = identity.initial;
  const account = profile('zoe');
  const id = idOf(account.auth0Id);
  const steps = [['ModifyUser', modification], ['LockAccount', { reason: 'a' }], ['AddUser', account], ['AddUser', profile('zoe', { firstName: 'Z' })], ['ModifyUser', modification],
    ['ModifyUser', modification], ['UnlockAccount', { reason: 'b' }], ['LockAccount', { reason: 'c' }], ['LockAccount', { reason: 'd' }], ['ModifyUser', { ...modification, locale: 'fr' }],
    ['UnlockAccount', { reason: 'e' }], ['CloseAccount', { reason: 'f' }], ['CloseAccount', { reason: 'g' }], ['UnlockAccount', { reason: 'h' }], ['LockAccount', { reason: 'i' }],
    ['ModifyUser', modification], ['AddUser', account]];
  for (const [command, data] of steps) {
    const answer = await node.post(`/v1/identity/${id}/${command}`, data);
    const { refused, events = [] } = identity.decide(state, command, data, '');
    if (refused) assert.deepEqual([answer.status, answer.body.code], [409, refused]);
    else assert.deepEqual(ok(answer).events.map(({ type }) => type), events.map(({ type }) => type));
    const stored = (await node.allEvents('identity')).slice(-events.length || Infinity);
    assert.deepEqual(stored.map(({ type, data: content }) => ({ type, data: content })), events);
    state = stored.reduce(identity.evolve, state);
  }
  await node.caughtUp('users');
  assert.deepEqual(ok(await node.get(`/v1/views/users/${id}`)), identity.row(state));
});

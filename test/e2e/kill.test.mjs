// Twenty times a node is killed (SIGKILL) while commands pour in, and started again on the same data directory. What it
// answered with 2xx must be there exactly once; what it did not answer may or may not be, but never twice.
import assert from 'node:assert/strict';
import test from 'node:test';
import { ok, profile, seeded, startNode, temporaryDirectory } from './support/node.mjs';

const rounds = 20;
const clients = 16;
const random = seeded(20260131);
const below = (limit) => Math.floor(random() * limit);

/** Everything that was ever sent: by the text that it puts into the log, which is in no other command. */
const sent = new Map();
/** Command id → the answer of 2xx that came for it. */
const answered = new Map();
/** Keyed commands without an answer, to be sent again. */
let unanswered = [];
/** Users that are known to exist. */
const users = [];
let serial = 0;

function nextCommand() {
  const mark = `mark-${++serial}`;
  const key = random() < 0.5 ? `key-${serial}` : undefined;
  // Half of the modifications meet at the first user, so that commands of one entity queue up and share flushes.
  const command = users.length === 0 || random() < 0.5
    ? { path: '/v1/identity/AddUser', body: profile(mark), mark, key }
    : { path: `/v1/identity/${random() < 0.5 ? users[0] : users[below(users.length)]}/ModifyUser`, body: { firstName: mark, lastName: '', picture: '', locale: '' }, mark, key };
  sent.set(mark, command);
  return command;
}

/** Sends until the node dies; counts answers. */
async function client(node, again, onAnswer) {
  for (;;) {
    const command = again.pop() ?? nextCommand();
    let answer;
    try {
      answer = await node.post(command.path, command.body, command.key ? { 'Idempotency-Key': command.key } : {});
    } catch {
      if (command.key) unanswered.push(command);
      return;
    }
    const body = ok(answer); // a node under kill -9 refuses nothing
    assert.equal(body.events.length, 1, JSON.stringify(body));
    if (command.key) assert.equal(body.commandId, command.key);
    assert.ok(!answered.has(body.commandId), `two commands were answered with the id ${body.commandId}`);
    answered.set(body.commandId, { ...body, mark: command.mark });
    if (command.body.auth0Id) users.push(body.id);
    onAnswer();
  }
}

/** The view's row, as it follows from the events. */
function fold(events) {
  const rows = new Map();
  for (const { stream, type, data, metadata } of events) {
    const id = stream.slice('identity.'.length);
    const row = rows.get(id) ?? {};
    Object.assign(row, data, { updated: metadata.time });
    if (type === 'UserAdded') Object.assign(row, { id, created: metadata.time, status: 'open' });
    rows.set(id, row);
  }
  return [...rows.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

const markOf = (event) => event.data.firstName;

test(`what was answered survives ${rounds} kills, exactly once`, async (t) => {
  const data = temporaryDirectory(t);
  for (let round = 0; round < rounds; ++round) {
    const node = await startNode(t, { data });
    const again = unanswered;
    unanswered = [];
    const enough = again.length + 50 + below(250);
    let answers = 0;
    await Promise.all(Array.from({ length: clients }, () => client(node, again, () => {
      if (++answers === enough) node.launched.child.kill('SIGKILL');
    })));
    assert.deepEqual(await node.launched.ended, { code: null, signal: 'SIGKILL' }, node.stderr);
    unanswered.push(...again);
  }

  const node = await startNode(t, { data });
  for (const command of unanswered) {
    const body = ok(await node.post(command.path, command.body, { 'Idempotency-Key': command.key }));
    answered.set(body.commandId, { ...body, mark: command.mark });
  }
  const events = await node.allEvents('identity');
  t.diagnostic(`${sent.size} commands sent, ${answered.size} answered, ${events.length} events`);
  assert.ok(answered.size > rounds * 50);

  await t.test('every answered command is in the log exactly once, as it was answered', () => {
    const byCommand = new Map();
    for (const event of events) {
      const { commandId } = event.metadata;
      assert.ok(!byCommand.has(commandId), `command ${commandId} is there twice`);
      byCommand.set(commandId, event);
    }
    for (const [commandId, answer] of answered) {
      const event = byCommand.get(commandId);
      assert.ok(event, `command ${commandId} was answered with 2xx and is not in the log`);
      assert.deepEqual(
        { id: event.id, stream: event.stream, version: event.version, position: `identity:${event.position}`, mark: markOf(event) },
        { id: answer.events[0].id, stream: answer.stream, version: answer.version, position: answer.position, mark: answer.mark });
    }
  });

  await t.test('no command is there twice, with or without a key, and nothing that was never sent', () => {
    const marks = new Set();
    for (const event of events) {
      const mark = markOf(event);
      assert.ok(sent.has(mark), `nobody sent ${mark}`);
      assert.ok(!marks.has(mark), `${mark} is there twice`);
      marks.add(mark);
    }
    assert.equal(new Set(events.map((event) => event.id)).size, events.length);
  });

  await t.test('a keyed command that was sent again is there exactly once', () => {
    const keyed = [...sent.values()].filter((command) => command.key);
    assert.ok(keyed.length > 0 && keyed.every((command) => answered.has(command.key)));
  });

  await t.test('positions rise and versions have no holes', () => {
    const versions = new Map();
    let last = 0;
    for (const { stream, version, position } of events) {
      assert.ok(position > last, `position ${position} comes after ${last}`);
      last = position;
      assert.equal(version, (versions.get(stream) ?? 0) + 1, stream);
      versions.set(stream, version);
    }
    assert.ok(versions.get(`identity.${users[0]}`) > 50, 'no user saw many commands');
  });

  await t.test('the view is what the events say, and a replay from zero gives the same', async () => {
    await node.caughtUp('users');
    const shown = await node.allRows('users');
    assert.deepEqual(shown, fold(events));
    ok(await node.post('/admin/projections/users/rebuild'));
    await node.caughtUp('users');
    assert.deepEqual(await node.allRows('users'), shown);
    assert.deepEqual(ok(await node.get('/admin/dead-letters')).items, []);
  });

  await t.test('each entity is what the events say', async () => {
    const last = new Map(events.map((event) => [event.stream.slice('identity.'.length), event]));
    for (const id of [users[0], ...Array.from({ length: 20 }, () => users[below(users.length)])]) {
      const entity = ok(await node.get(`/admin/entities/identity/${id}`));
      assert.equal(entity.version, last.get(id).version);
      assert.equal(entity.state.firstName, markOf(last.get(id)));
    }
  });
});

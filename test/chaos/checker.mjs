// The history checker: decides whether what clients saw, what the log holds and what the views show fit together.
//
//   const { violations } = check({ operations, log, views }, identity);
//
// The idea. Checking linearizability is hard in general because the order in which operations took effect is unknown. Here the log
// says it: versions order the effects of an entity. So it is enough to verify that this one order explains every answer
// (replay each entity through the model) and contradicts no clock (an operation that had ended before another began comes before it).
// That takes one sort for each entity; everything else is one pass. One entity's states are kept at a time.
//
// An *operation* is one HTTP request:
//   { id, intent, kind: 'command', key, entity, command, data, expected, invoke, complete, outcome, status, code, version, reply }
//   { id, kind: 'read', entity, atLeast, invoke, complete, outcome, position, row }
// `invoke` and `complete` are of one monotonic clock. An *intent* is what the client wants, by one or more attempts with the same key and
// content; its mark is in its data and comes back in its event. Outcomes of a command's attempt:
//   ok        2xx, with `reply`
//   refused   409 or 412, with `code`; nothing was stored, and never will be under this key
//   reused    422: the key belongs to another command
//   failed    the answer says that nothing was stored, or the request never left
//   unknown   no answer, or one that says that the outcome is unknown
import { isDeepStrictEqual } from 'node:util';

/** Violations that are kept of each kind; all are counted. */
const kept = 200;

class Verdict {
  constructor() {
    this.violations = [];
    this.counts = new Map();
  }
  /** `involved`: the operations and events that contradict each other. */
  report(kind, text, ...involved) {
    const count = (this.counts.get(kind) ?? 0) + 1;
    this.counts.set(kind, count);
    if (count <= kept) this.violations.push({ kind, text, involved: involved.filter(Boolean) });
  }
}

/**
 * Judges a history. `log`: recorded events in the order of reading. `views`: [{ from, rows }], complete, taken when they had caught up.
 * Returns { violations: [{ kind, text, involved }], counts: Map kind → number }; no violation, no fault was seen.
 */
export function check({ operations, log, views = [] }, model) {
  const verdict = new Verdict();
  const commits = commitsOf(log, verdict);
  const intents = intentsOf(operations);
  matchEffects(intents, commits, model, verdict);
  for (const intent of intents.values()) checkAnswers(intent, verdict);
  checkKeys(intents, verdict);
  const finalRows = checkEntities(operations, intents, commits, model, verdict);
  for (const view of views) checkView(view, finalRows, verdict);
  return verdict;
}

// --- the log by itself ---

/** Groups events into commits and checks positions, versions and that a command has one commit. */
function commitsOf(log, verdict) {
  const commits = [];
  const versions = new Map();
  const eventIds = new Set();
  for (const event of log) {
    let commit = commits.at(-1);
    if (commit?.position !== event.position) {
      if (commit && event.position < commit.position) {
        verdict.report('position-order', `position ${event.position} comes after ${commit.position}`, commit.events[0], event);
      }
      commit = { position: event.position, stream: event.stream, commandId: event.metadata.commandId, events: [] };
      commits.push(commit);
    }
    commit.events.push(event);
    if (event.stream !== commit.stream || event.metadata.commandId !== commit.commandId) {
      verdict.report('mixed-commit', `position ${event.position} holds events of two commands or entities`, ...commit.events);
    }
    const last = versions.get(event.stream) ?? 0;
    if (event.version <= last) verdict.report('fork', `${event.stream} has version ${event.version} twice`, event);
    if (event.version > last + 1) verdict.report('gap', `${event.stream} has no version ${last + 1}`, event);
    versions.set(event.stream, Math.max(last, event.version));
    if (eventIds.has(event.id)) verdict.report('duplicate-event', `the event id ${event.id} is there twice`, event);
    eventIds.add(event.id);
  }
  const byCommand = new Map();
  for (const commit of commits) {
    const before = byCommand.get(commit.commandId);
    if (before) {
      verdict.report('duplicate-effect', `the command ${commit.commandId} has two commits, at ${before.position} and ${commit.position}`,
        before.events[0], commit.events[0]);
    }
    byCommand.set(commit.commandId, commit);
  }
  return commits;
}

// --- commands and their answers ---

/** Attempts by intent, with the interval in which the intent can have taken effect. */
function intentsOf(operations) {
  const intents = new Map();
  for (const operation of operations) {
    if (operation.kind !== 'command') continue;
    let intent = intents.get(operation.intent);
    if (!intent) {
      const { key, entity, command, data, expected } = operation;
      intent = { id: operation.intent, key, entity, command, data, expected, attempts: [], ok: [], refused: [], reused: [], unknown: 0 };
      intents.set(operation.intent, intent);
    }
    intent.attempts.push(operation);
    if (operation.outcome === 'unknown') ++intent.unknown;
    else intent[operation.outcome]?.push(operation);
  }
  return intents;
}

/** Finds the commit of each intent by its mark, and commits that nobody asked for. */
function matchEffects(intents, commits, model, verdict) {
  const byMark = new Map();
  for (const intent of intents.values()) byMark.set(model.markOf(intent), intent);
  for (const commit of commits) {
    const [event] = commit.events;
    const intent = byMark.get(model.markOf(event));
    if (!intent) {
      verdict.report('never-sent', `nobody sent what is stored at ${commit.position}`, event);
      continue;
    }
    commit.intent = intent;
    if (intent.commit) {
      verdict.report('duplicate-effect', `one command took effect at ${intent.commit.position} and at ${commit.position}`,
        intent.attempts[0], intent.commit.events[0], event);
      continue;
    }
    intent.commit = commit;
    if (commit.stream !== `${model.category}.${intent.entity}`) {
      verdict.report('wrong-entity', `a command for ${intent.entity} is stored in ${commit.stream}`, intent.attempts[0], event);
    }
    if (intent.key && commit.commandId !== intent.key) {
      verdict.report('wrong-command-id', `a command with the key ${intent.key} is stored as ${commit.commandId}`, intent.attempts[0], event);
    }
  }
  // An answer may name what another command did.
  const byPosition = new Map(commits.map((commit) => [commit.position, commit]));
  for (const intent of intents.values()) {
    for (const attempt of intent.ok) {
      if (attempt.reply.events.length > 0) checkAcknowledgement(intent, attempt, byPosition, verdict, model);
    }
  }
}

/** An answer that says "stored" must say of its own commit what the log says of it. */
function checkAcknowledgement(intent, attempt, byPosition, verdict, model) {
  const { reply } = attempt;
  const position = Number(reply.position.slice(model.category.length + 1));
  const said = { commandId: reply.commandId, stream: reply.stream, position, version: reply.version, events: reply.events };
  const named = byPosition.get(position);
  if (named && named.intent !== intent && named.commandId === reply.commandId) {
    verdict.report('answer-of-another', `the answer is that of the command ${reply.commandId}`, attempt, named.events[0]);
  } else if (!intent.commit) {
    verdict.report('lost-acknowledgement', `the command ${reply.commandId} was acknowledged and is not in the log`, attempt);
  } else {
    const { commandId, stream, events } = intent.commit;
    const holds = {
      commandId, stream, position: intent.commit.position, version: events.at(-1).version,
      events: events.map(({ id, type, version }) => ({ id, type, version })),
    };
    if (!isDeepStrictEqual(said, holds)) {
      const kind = reply.events.length > events.length ? 'split-commit' : 'wrong-answer';
      verdict.report(kind, `the answer and the log differ: ${JSON.stringify(said)} and ${JSON.stringify(holds)}`, attempt, events[0]);
    }
  }
}

const plainAnswer = ({ outcome, status, code, version, reply }) => ({ outcome, status, code, version, reply });

/** The answers of one intent agree with each other and with whether it is stored. */
function checkAnswers(intent, verdict) {
  const { commit, ok, refused, attempts, unknown } = intent;
  const definite = [...ok, ...refused];
  for (const answer of definite) {
    if (!isDeepStrictEqual(plainAnswer(answer), plainAnswer(definite[0]))) {
      verdict.report('answers-differ', `one command was answered in two ways`, definite[0], answer);
    }
  }
  if (!commit) return;
  const [event] = commit.events;
  const unchanged = ok.find((answer) => answer.reply.events.length === 0);
  if (unchanged) verdict.report('stored-though-unchanged', `"nothing changed" was the answer, and ${commit.position} is stored`, unchanged, event);
  if (refused.length > 0) verdict.report('stored-though-refused', `a refused command is stored at ${commit.position}`, refused[0], event);
  if (definite.length === 0 && unknown === 0) {
    verdict.report('stored-though-failed', `every answer says "not stored", and ${commit.position} is`, attempts.at(-1), event);
  }
}

/** One key, one command. A second one under it is told so, and nobody else is. */
function checkKeys(intents, verdict) {
  const byKey = new Map();
  for (const intent of intents.values()) {
    if (!intent.key) continue;
    if (!byKey.has(intent.key)) byKey.set(intent.key, []);
    byKey.get(intent.key).push(intent);
  }
  for (const [key, sharing] of byKey) {
    const effective = sharing.filter((one) => one.commit || one.ok.length > 0 || one.refused.length > 0);
    if (effective.length > 1) {
      verdict.report('key-reused', `two commands were taken under the key ${key}`, effective[0].attempts[0], effective[1].attempts[0]);
    }
    for (const intent of sharing) {
      for (const attempt of intent.reused) {
        const other = sharing.some((one) => one !== intent && one.attempts.some(({ invoke }) => invoke < attempt.complete));
        if (!other || effective.includes(intent)) {
          verdict.report('refused-own-key', `"the key ${key} is used" was the answer to its own command`, attempt);
        }
      }
    }
  }
}

// --- entities: the order of the log against the clients' clocks, and replay ---

const first = (attempts, time, start) => attempts.reduce((least, one) => Math.min(least, one[time]), start);

/** When an intent with an effect can have been decided: not before an attempt that may have brought it about, nor after an answer. */
const effectInterval = ({ attempts, ok }) => ({
  invoke: first(attempts.filter(({ outcome }) => outcome === 'ok' || outcome === 'unknown'), 'invoke', Infinity),
  complete: first(ok, 'complete', Infinity),
});

/** The same for an answer without effect, which a failed attempt may have left behind to be found by the next. */
const answerInterval = ({ attempts, ok, refused }) => ({
  invoke: first(attempts, 'invoke', Infinity),
  complete: first([...ok, ...refused], 'complete', Infinity),
});

/** Replays each entity; returns the rows that views must show: Map id → row. */
function checkEntities(operations, intents, commits, model, verdict) {
  const entities = new Map();
  const entity = (id) => {
    if (!entities.has(id)) entities.set(id, { id, commits: [], answers: [], reads: [] });
    return entities.get(id);
  };
  for (const commit of commits) entity(commit.stream.slice(model.category.length + 1)).commits.push(commit);
  for (const intent of intents.values()) {
    const [answer] = [...intent.ok, ...intent.refused];
    if (!intent.commit && answer && !answer.reply?.events.length) entity(intent.entity).answers.push({ intent, answer, ...answerInterval(intent) });
  }
  for (const operation of operations) {
    if (operation.kind === 'read' && operation.outcome === 'ok') entity(operation.entity).reads.push(operation);
  }
  const rows = new Map();
  for (const one of entities.values()) {
    one.states = replay(one, model, verdict);
    one.versions = [0, ...one.commits.map(({ events }) => events.at(-1).version)];
    const effects = effectsOf(one);
    one.reach = checkRealTime(effects, one.commits.length, verdict);
    placeAnswers(one, effects, model, verdict);
    for (const read of one.reads) checkRead(read, one, model, verdict);
    const row = model.row(one.states.at(-1));
    if (row) rows.set(one.id, row);
  }
  return rows;
}

/** States after 0, 1, 2… commits. Each commit must be what its command does to the state before it. */
function replay({ commits }, model, verdict) {
  const states = [model.initial];
  for (const commit of commits) {
    const before = states.at(-1);
    const { intent, events } = commit;
    if (intent) {
      const [{ metadata, version }] = events;
      const due = model.decide(before, intent.command, intent.data, metadata.userId);
      const found = { events: events.map(({ type, data }) => ({ type, data })) };
      if (!isDeepStrictEqual(found, due)) {
        const part = due.events?.length > events.length && isDeepStrictEqual(found.events, due.events.slice(0, events.length));
        verdict.report(part ? 'split-commit' : 'wrong-effect',
          `${intent.command} should have given ${JSON.stringify(due)}, stored is ${JSON.stringify(found)}`, intent.attempts[0], events[0]);
      }
      if (intent.expected != null && intent.expected !== version - 1) {
        verdict.report('wrong-effect', `a command for version ${intent.expected} was taken at version ${version - 1}`, intent.attempts[0], events[0]);
      }
    }
    states.push(events.reduce(model.evolve, before));
  }
  return states;
}

/** The effects in the order of the log. A point p stands for "after p commits". */
function effectsOf({ commits }) {
  return commits.flatMap((commit, i) => {
    const { intent } = commit;
    return intent?.commit === commit ? [{ point: i + 1, ...effectInterval(intent), operation: intent.attempts[0] }] : [];
  });
}

/**
 * No effect may have been answered before one that comes earlier in the log began. Returns reach[p]: the latest beginning
 * of the first p effects, before which nobody can see the state that they give.
 */
function checkRealTime(effects, length, verdict) {
  const reach = new Array(length + 1).fill(-Infinity);
  let latest = { invoke: -Infinity };
  let point = 0;
  for (const one of effects) {
    reach.fill(latest.invoke, point, one.point);
    point = one.point;
    if (one.complete < latest.invoke) {
      verdict.report('real-time', 'this had ended before the other began, but the log orders it after that one', one.operation, latest.operation);
    }
    if (one.invoke > latest.invoke) latest = one;
  }
  return reach.fill(latest.invoke, point);
}

/**
 * Answers that changed nothing must be true of a state that is not older than what had been seen when the command began, and not
 * newer than what had begun when it was answered. Some say which version they saw. For the others the oldest such state is taken, in the
 * order of time: as they change nothing, this finds places for all of them if there are any.
 */
function placeAnswers({ answers, reach, states, versions }, effects, model, verdict) {
  const pointOf = new Map(versions.map((version, point) => [version, point]));
  const moments = [...effects, ...answers].sort((a, b) => a.complete - b.complete);
  answers.sort((a, b) => a.invoke - b.invoke);
  const explained = (point, one) => explains(states[point], versions[point], one, model);
  const say = (kind, text, { answer }) => verdict.report(kind, text, answer);
  let seen = 0;
  let next = 0;
  for (const one of answers) {
    for (; moments[next]?.complete < one.invoke; ++next) seen = Math.max(seen, moments[next].point);
    one.point = seen;
    const version = one.answer.reply?.version ?? one.answer.version;
    if (version !== undefined) {
      const point = pointOf.get(version);
      if (point === undefined) say('never-stored', `the answer names version ${version}, which is not in the log`, one);
      else if (!explained(point, one)) say('answer-without-reason', `version ${version} does not explain the answer to ${one.intent.command}`, one);
      else if (point < seen) say('stale-answer', `version ${versions[seen]} had been seen, the answer is of version ${version}`, one);
      else if (reach[point] > one.complete) say('real-time', `the answer is of version ${version}, which came later`, one);
      else one.point = point;
      continue;
    }
    let point = seen;
    while (reach[point] <= one.complete && !explained(point, one)) ++point;
    if (reach[point] <= one.complete) {
      one.point = point;
    } else {
      const past = states.findIndex((_, older) => older < seen && explained(older, one));
      if (past >= 0) say('stale-answer', `version ${versions[seen]} had been seen, only older ones refuse ${one.intent.command} with ${one.answer.code}`, one);
      else say('answer-without-reason', `no state of that time refuses ${one.intent.command} with ${one.answer.code}`, one);
    }
  }
}

/** Does this state, at this version, give that answer to the intent? */
function explains(state, version, { intent, answer }, model) {
  if (answer.code === 'version-mismatch') return intent.expected != null && intent.expected !== version;
  if (intent.expected != null && intent.expected !== version) return false;
  const due = model.decide(state, intent.command, intent.data, '');
  return answer.outcome === 'ok' ? due.events?.length === 0 : due.refused === answer.code;
}

/** A row that was read is one the entity had, not older than was asked for, nor newer than what had begun. */
function checkRead(read, { commits, reach, states }, model, verdict) {
  if (read.position < read.atLeast) {
    verdict.report('stale-read', `position ${read.atLeast} was asked for, ${read.position} was the answer`, read);
  }
  const due = Math.max(read.atLeast ?? 0, read.position ?? 0);
  let point = countUpTo(commits, due);
  const oldest = point;
  while (reach[point] <= read.complete && !isDeepStrictEqual(model.row(states[point]), read.row)) ++point;
  if (reach[point] <= read.complete) return;
  const older = states.slice(0, oldest).some((state) => isDeepStrictEqual(model.row(state), read.row));
  verdict.report(older ? 'stale-read' : 'wrong-read',
    older ? `the row is older than position ${due}` : 'the row is none that the entity had by then', read, commits[oldest - 1]?.events[0]);
}

/** How many commits have a position up to this one. */
function countUpTo(commits, position) {
  let low = 0;
  let high = commits.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (commits[middle].position <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

// --- views ---

function checkView({ from, rows }, due, verdict) {
  const missing = new Set(due.keys());
  const seen = new Set();
  for (const row of rows) {
    const expected = due.get(row.id);
    if (!expected || seen.has(row.id)) verdict.report('view-row-extra', `${from} shows ${row.id}, which the log does not give`, row);
    else if (!isDeepStrictEqual(row, expected)) verdict.report('view-row-differs', `${from} shows another ${row.id} than a replay`, row, expected);
    missing.delete(row.id);
    seen.add(row.id);
  }
  for (const id of missing) verdict.report('view-row-missing', `${from} does not show ${id}`, due.get(id));
}

/** Whoever reads the log must read the same. Reports where `other` differs from `log`. */
export function compareLogs(log, other, from) {
  const verdict = new Verdict();
  for (let i = 0; i < Math.max(log.length, other.length); ++i) {
    if (!isDeepStrictEqual(log[i], other[i])) {
      verdict.report('logs-differ', `${from} has another event at place ${i + 1}`, log[i], other[i]);
      break;
    }
  }
  return verdict.violations;
}

/** One violation for people. */
export function describe({ kind, text, involved }) {
  return [`${kind}: ${text}`, ...involved.map((one) => `    ${JSON.stringify(one).slice(0, 1000)}`)].join('\n');
}

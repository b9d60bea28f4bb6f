// Chaos: a cluster under load, faults one after the other, and a judgement over everything that clients saw.
//
//   SEED=7 node test/chaos/run.mjs                        at least 100,000 operations, every fault
//   node test/chaos/run.mjs --operations 3000 --faults kill,pause --seconds 5
//   node test/chaos/run.mjs --check build/chaos/7/history.jsonl      judges a history again
//
// The seed says what clients want and which faults come when; the machine says how it interleaves. A history with violations is kept.
import { mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ok, repository, seeded, until } from '../e2e/support/node.mjs';
import { check, compareLogs, describe } from './checker.mjs';
import { Cluster, Scope } from './cluster.mjs';
import * as history from './history.mjs';
import { enterNamespace } from './links.mjs';
import { Load } from './load.mjs';
import { identity } from './model.mjs';
import { nemeses, strike } from './nemesis.mjs';

const { values: options } = parseArgs({ options: {
  operations: { type: 'string', default: '100000' },
  faults: { type: 'string', default: Object.keys(nemeses).join(',') },
  seconds: { type: 'string', default: '30' },
  clients: { type: 'string', default: '24' },
  check: { type: 'string' },
} });

const started = performance.now();
const say = (text) => console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(7)} s  ${text}`);

function countBy(list, nameOf) {
  const counts = {};
  for (const one of list) counts[nameOf(one)] = (counts[nameOf(one)] ?? 0) + 1;
  return Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => `${name} ${count}`).join(', ');
}

const outcomes = (operations) => `${operations.length}: ${countBy(operations, ({ kind, outcome, code }) => `${kind}/${outcome}${code ? `/${code}` : ''}`)}`;

/** Every fault once in an order that the seed says, again and again until there were enough operations. */
async function inflict({ cluster, load, random, seconds, faults, operations }) {
  const strikes = [];
  do {
    const left = [...faults];
    while (left.length > 0) {
      const [name] = left.splice(Math.floor(random() * left.length), 1);
      await load.goesOn(100);
      const arena = { cluster, load, random, seconds, tell: (what) => say(`${name}: ${what}`) };
      strikes.push(await strike(name, arena));
    }
    say(`${load.operations.length} operations`);
  } while (load.operations.length < operations);
  return strikes;
}

/** The longest time within a fault and its aftermath in which no command was accepted, in seconds. */
function longestPause({ start, end }, operations) {
  const accepted = operations.filter(({ outcome, complete }) => outcome === 'ok' && complete > start && complete < end);
  const moments = [start, ...accepted.map(({ complete }) => complete).sort((one, other) => one - other), end];
  return moments.reduce((longest, moment, i) => Math.max(longest, moment - (moments[i - 1] ?? moment)), 0) / 1000;
}

/** Seconds from a fault's beginning to the first accepted command for an entity that the struck node had owned. */
function firstForOwned({ owned, start }, operations) {
  const accepted = operations.filter(({ outcome, invoke, kind, entity }) => kind === 'command' && outcome === 'ok' && invoke > start && owned(entity));
  return (Math.min(...accepted.map(({ complete }) => complete)) - start) / 1000;
}

/** What clients saw last and what the nodes and the broker say of themselves: for a run that was broken off. */
async function tellState(cluster, { operations }) {
  console.log(`operations  ${outcomes(operations)}`);
  const told = operations.filter(({ detail, lost }) => detail ?? lost).slice(-3);
  for (const { node, code, detail, lost } of told) console.log(`  ${node}: ${lost ?? `${code}: ${detail}`}`);
  console.log(`  the stream's leader: ${await cluster.leader()}`);
  for (const { name, node } of cluster.members) {
    const answer = await node?.get('/readyz?verbose').catch((why) => ({ text: why.message }));
    console.log(`  ${name}: ${answer?.text}`);
  }
}

/** What every node and the broker say of the log, and what every node shows of the view. */
async function collect(cluster, violations) {
  const { events: log } = await cluster.readStream();
  const head = log.at(-1).position;
  const entity = log.at(-1).stream.slice('identity.'.length);
  const views = [];
  for (const { name, node } of cluster.members) {
    violations.push(...compareLogs(log, await node.allEvents('identity'), name));
    const caughtUp = async () => (await node.get(`/v1/views/users/${entity}`, { 'X-Min-Position': `identity:${head}` })).status === 200;
    await until(`the view of ${name} to catch up`, caughtUp);
    views.push({ from: name, rows: await node.allRows('users') });
    const parked = ok(await node.get('/admin/dead-letters')).items;
    if (parked.length > 0) violations.push({ kind: 'parked', text: `${name} has parked events`, involved: parked });
  }
  return { log, views };
}

async function run(scope, seed, directory) {
  const cluster = new Cluster(scope);
  say(`${cluster.links.description}`);
  await cluster.start();
  say('three brokers, PostgreSQL and three nodes are up');
  const violations = [];
  let load;
  try {
    load = new Load(cluster.members, { seed, clients: Number(options.clients) });
    const strikes = await inflict({ cluster, load, faults: options.faults.split(','), random: seeded(seed), seconds: Number(options.seconds), operations: Number(options.operations) });
    const asked = await load.stop();
    say(`stopped; ${asked} keyed commands were without an answer and have one now`);
    const { operations } = load;
    const { log, views } = await collect(cluster, violations);
    say(`${log.length} events are in the log; judging`);
    violations.push(...check({ operations, log, views }, identity).violations);
    console.log(`operations  ${outcomes(operations)}`);
    const failedStarts = cluster.members.reduce((sum, one) => sum + one.failedStarts, 0);
    if (failedStarts > 0) console.log(`starts      ${failedStarts} ended at once because the broker did not answer, and were tried again`);
    console.log(`faults      ${strikes.length}: ${countBy(strikes, ({ name }) => name)}`);
    for (const one of strikes) {
      console.log(`  ${one.name.padEnd(8)} at ${((one.start - started) / 1000).toFixed(1)} s; whole ${((one.end - one.mended) / 1000).toFixed(1)} s after it was mended; `
        + `no command was accepted for at most ${longestPause(one, operations).toFixed(1)} s`
        + (one.owned ? `; the first for an entity of its own after ${firstForOwned(one, operations).toFixed(1)} s` : ''));
    }
    if (violations.length > 0) await history.save(join(directory, 'history.jsonl'), { operations, log, views });
  } catch (why) {
    if (load) {
      await history.save(join(directory, 'history.jsonl'), { operations: load.operations, log: [], views: [] });
      await tellState(cluster, load);
    }
    throw why;
  } finally {
    if (load) load.done = true;
    for (const { name, stderr, node } of cluster.members ?? []) writeFileSync(join(directory, `${name}.log`), stderr + (node?.stderr ?? ''));
  }
  return violations;
}

/**
 * Databases and streams live in memory where there is room: no fault here takes the power away, and what a dead process has written
 * stays. So the disk, and whoever else uses it, does not slow the run.
 */
function useMemoryForFiles() {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    if (bavail * bsize > 2 ** 30) process.env.TMPDIR = '/dev/shm';
  } catch {
    // There is no such place: the disk it is.
  }
}

/** Prints what was found; returns the exit status. */
function conclude(violations, seed) {
  for (const one of violations) console.log(describe(one));
  console.log(`verdict     ${violations.length === 0 ? 'no violation' : `${violations.length} VIOLATIONS: ${countBy(violations, ({ kind }) => kind)}`} (seed ${seed})`);
  return violations.length === 0 ? 0 : 1;
}

if (options.check) process.exit(conclude(check(await history.load(options.check), identity).violations, 'of the file'));
const unknown = options.faults.split(',').find((name) => !nemeses[name]);
if (unknown !== undefined) {
  console.error(`--faults: there is no fault '${unknown}'; there are ${Object.keys(nemeses).join(', ')}`);
  process.exit(2);
}
enterNamespace();
useMemoryForFiles();
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e6));
if (!Number.isSafeInteger(seed)) throw new Error('SEED: a whole number is wanted');
console.log(`seed        ${seed} (SEED=${seed} repeats what clients want and which faults come)`);
const directory = join(repository, 'build/chaos', String(seed));
mkdirSync(directory, { recursive: true });
const scope = new Scope();
let status = 1;
try {
  status = conclude(await run(scope, seed, directory), seed);
} catch (why) {
  console.log(`${why.stack}\nverdict     BROKEN OFF (seed ${seed}); see ${directory}`);
} finally {
  await scope.close();
}
process.exit(status);

// What the overview's charts show: figures taken every two seconds for as long as this page is open, ten minutes at most.
import {ask, metrics} from './api.js';

const most = 300;

/** Columns as the charts want them: seconds, then one column for each line. */
export const series = {time: [], commands: [], refused: [], events: [], lag: []};
export const latest = {latency: null, ready: null, projections: [], parked: null};

let before = null;

function totals(samples) {
  const sum = (wanted) => samples.filter(wanted).reduce((total, one) => total + one.value, 0);
  const commands = (one) => one.name === 'troupe_commands_total';
  return {
    at: performance.now() / 1000,
    accepted: sum((one) => commands(one) && one.labels.status === 'accepted'),
    refused: sum((one) => commands(one) && one.labels.status !== 'accepted'),
    buckets: samples.filter((one) => one.name === 'troupe_command_duration_seconds_bucket'),
  };
}

/** The latency that 99 of 100 commands kept within since the last look; null without commands. */
function latency(earlier, now) {
  const counts = new Map();
  const add = (list, sign) => list.forEach((one) => counts.set(one.labels.le, (counts.get(one.labels.le) ?? 0) + sign * one.value));
  add(now.buckets, 1);
  add(earlier.buckets, -1);
  const all = counts.get('+Inf') ?? 0;
  if (all <= 0) return null;
  const bounds = [...counts].filter(([bound]) => bound !== '+Inf').map(([bound, n]) => [Number(bound), n]).sort((a, b) => a[0] - b[0]);
  return bounds.find(([, n]) => n >= 0.99 * all)?.[0] ?? bounds.at(-1)?.[0] ?? null;
}

/** Takes one sample. */
export async function take() {
  const [samples, projections, ready, letters] =
    await Promise.all([metrics(), ask('admin/projections'), ask('readyz?verbose'), ask('admin/dead-letters?limit=1000')]);
  const now = totals(samples);
  latest.ready = ready;
  latest.projections = projections.items;
  latest.parked = {count: letters.items.length, more: letters.next !== null};
  const lag = Math.max(0, ...projections.items.map((one) => one.lagEvents));
  const events = projections.items.reduce((sum, one) => sum + one.eventsPerSecond, 0);
  if (before && now.at > before.at) {
    const passed = now.at - before.at;
    const perSecond = (name) => Math.max(0, (now[name] - before[name]) / passed);
    latest.latency = latency(before, now) ?? latest.latency;
    const sample = {time: Date.now() / 1000, commands: perSecond('accepted'), refused: perSecond('refused'), events, lag};
    for (const [name, values] of Object.entries(series)) {
      values.push(sample[name]);
      if (values.length > most) values.shift();
    }
  }
  before = now;
}

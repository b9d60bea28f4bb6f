// Is the node well, how busy is it, and do the views keep up?
import {ask} from './api.js';
import {chart} from './chart.js';
import {facts, h} from './dom.js';
import {actorLink, count, plural, rate, seconds, status, time} from './format.js';
import {latest, series} from './samples.js';

const commands = chart('Commands per second', [{label: 'accepted', colour: '--accent'}, {label: 'refused or failed', colour: '--bad'}], '/s');
const views = chart('Events projected per second', [{label: 'events', colour: '--good'}], '/s');
const lag = chart('Events that the slowest view lags behind', [{label: 'lag', colour: '--fair'}], '');

const tile = (name, value, note, link) => h('div', {class: 'tile'}, h('p', {class: 'name'}, name),
  h('p', {class: 'value'}, link ? h('a', {href: link}, value) : value), h('p', {class: 'muted'}, note));

function health() {
  const failing = (latest.ready?.checks ?? []).filter((check) => !check.ok);
  if (!latest.ready) return null;
  if (failing.length === 0) return h('p', {'data-key': 'health'}, status('ok'), ' Every check passes.');
  return h('div', {'data-key': 'health', class: 'panel'}, h('h2', {}, 'What is wrong'),
    h('ul', {}, failing.map((check) => h('li', {}, h('strong', {}, check.name.startsWith('/') ? actorLink(check.name) : check.name), ' ', check.detail))));
}

export async function load() {
  const [info, listed] = await Promise.all([ask('admin/info'), ask('admin/actors?limit=1')]);
  const worst = latest.projections.reduce((most, one) => (one.lagEvents > (most?.lagEvents ?? 0) ? one : most), null);
  const last = (values) => values.at(-1) ?? 0;
  const {count: parked, more} = latest.parked ?? {count: 0, more: false};
  const nodes = [
    health(),
    h('div', {class: 'tiles', 'data-key': 'tiles'},
      tile('Commands', `${rate(last(series.commands))}/s`, series.refused.length ? `${rate(last(series.refused))}/s refused or failed` : 'since the last look'),
      tile('Latency', latest.latency === null ? '–' : `≤ ${seconds(latest.latency)}`, '99 of 100 commands'),
      tile('Lag', worst ? `${plural(worst.lagEvents, 'event')}` : 'none', worst ? `${worst.name}, ${seconds(worst.lagSeconds)}` : 'all views are up to date', '#/projections'),
      tile('Parked events', `${count(parked)}${more ? '+' : ''}`, parked ? 'look why' : 'nothing waits', '#/letters'),
      tile('Actors', count(listed.total), 'in the supervision tree', '#/actors')),
    h('div', {class: 'charts', 'data-key': 'charts'}, commands.figure, views.figure, lag.figure),
    h('h2', {'data-key': 'node-title'}, 'This node'),
    h('div', {'data-key': 'node'}, facts([['Name', info.node], ['Version', info.version], ['Built with', info.build], ['Features', info.features.join(', ')],
      ['Started', time(info.started)], ['Up for', seconds(info.uptimeSeconds)]])),
  ];
  queueMicrotask(() => requestAnimationFrame(() => {
    commands.update([series.time, series.commands, series.refused]);
    views.update([series.time, series.events]);
    lag.update([series.time, series.lag]);
  }));
  return nodes;
}

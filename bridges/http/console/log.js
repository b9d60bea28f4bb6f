// A category's events, the newest first, with a search that goes back in bounded steps.
import {ask, part} from './api.js';
import {facts, h, jsonText, pretty} from './dom.js';
import {count, entityLink, plural, time, traceLink} from './format.js';

const perStep = 1000; // positions that one step looks through
const mostShown = 200;
const mostSteps = 10; // of one search

let seen = null; // {key, from, to, items}: what has been looked through, newest first.

const filters = ['stream', 'type', 'command', 'text'];

function matcher(wanted) {
  const has = (value, part) => value.toLowerCase().includes(part.toLowerCase());
  return (event) => (!wanted.stream || has(event.stream, wanted.stream)) && (!wanted.type || has(event.type, wanted.type))
    && (!wanted.command || event.metadata.commandId === wanted.command || event.metadata.correlationId === wanted.command)
    && (!wanted.text || has(jsonText(event.data) + jsonText(event.metadata), wanted.text));
}

/** The events at positions first…last, newest first. */
async function range(category, first, last) {
  const found = [];
  for (let from = first; from <= last;) {
    const page = await ask(`admin/log/${part(category)}?from=${from}&limit=${perStep}`);
    found.push(...page.items.filter((one) => one.position <= last));
    if (page.items.length === 0) break;
    from = page.next;
  }
  return found.reverse();
}

/** Looks further back until something is found, or the steps are used up. */
async function goBack(category, fits, steps) {
  for (let step = 0; step < steps && seen.from > 1; ++step) {
    const last = seen.from - 1;
    const first = Math.max(1, last - perStep + 1);
    const found = (await range(category, first, last)).filter(fits);
    seen.items.push(...found.slice(0, mostShown - seen.items.length));
    seen.from = first;
    if (found.length) break;
  }
}

function item(event) {
  const {metadata} = event;
  return h('li', {'data-key': `${event.position}.${event.version}`}, h('details', {},
    h('summary', {}, h('span', {class: 'number'}, count(event.position)), ' ', h('strong', {}, event.type), ' ', h('span', {class: 'muted'}, event.stream), ' ', time(metadata.time)),
    facts([['Entity', entityLink(event.stream, event.version)], ['Version', count(event.version)], ['Event', event.id], ['Command', traceLink(metadata.commandId)],
      ['Trace', traceLink(metadata.correlationId)], ['By', metadata.userId || 'unknown'], ['Node', metadata.node]]),
    pretty(event.data, 'Data of the event')));
}

export async function load(parameters) {
  const info = await ask('admin/info');
  const category = parameters.get('category') ?? info.categories[0]?.name ?? '';
  const at = Number(parameters.get('at')) || 0;
  const wanted = Object.fromEntries(filters.map((name) => [name, parameters.get(name) ?? '']));
  const fits = matcher(wanted);
  const key = JSON.stringify([category, at, wanted]);
  const {head} = await ask(`admin/log/${part(category)}?limit=1`);
  const end = at ? Math.min(at, head) : head;
  if (seen?.key !== key) {
    seen = {key, from: end + 1, to: end, items: []};
    await goBack(category, fits, mostSteps);
  } else if (end > seen.to) { // What has come since the last look.
    const fresh = (await range(category, Math.max(seen.to + 1, end - perStep + 1), end)).filter(fits);
    seen.items = [...fresh, ...seen.items].slice(0, mostShown);
    seen.to = end;
  }
  const search = (event) => {
    event.preventDefault();
    const query = new URLSearchParams([...new FormData(event.target)].filter(([, value]) => value.trim()).map(([name, value]) => [name, value.trim()]));
    location.hash = `#/log?${query}`;
  };
  const box = (name, label) => h('label', {}, label, ' ', h('input', {type: 'search', name, value: wanted[name], autocomplete: 'off', spellcheck: 'false'}));
  const older = async (event) => {
    event.currentTarget.disabled = true;
    await goBack(category, fits, mostSteps);
    dispatchEvent(new HashChangeEvent('hashchange', {newURL: location.href}));
  };
  return [
    h('form', {'data-key': `search ${key}`, class: 'row', role: 'search', onsubmit: search},
      h('label', {}, 'Category ', h('select', {name: 'category'}, info.categories.map((one) => h('option', {value: one.name, selected: one.name === category}, one.name)))),
      box('stream', 'Stream'), box('type', 'Type'), box('command', 'Command or trace id'), box('text', 'Text in the data'), h('button', {}, 'Search')),
    h('p', {'data-key': 'range', class: 'muted'}, head === 0 ? 'Nothing has been stored yet.'
      : `${plural(seen.items.length, 'event')} in positions ${count(seen.from)} to ${count(seen.to)}`
        + (at ? ', ending where you asked' : `, the newest first; new ones appear by themselves`) + '.'),
    h('ul', {'data-key': 'events', class: 'events'}, seen.items.map(item)),
    seen.from > 1 && seen.items.length < mostShown ? h('p', {'data-key': 'more', class: 'buttons'}, h('button', {type: 'button', onclick: older}, 'Look further back')) : null,
    seen.items.length >= mostShown ? h('p', {'data-key': 'full', class: 'muted'}, `No more than ${mostShown} are shown: search for less.`) : null,
  ];
}

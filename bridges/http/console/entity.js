// One entity at every version: its state, the event that made it, and what a command would do to it.
import {ask, change, find, part, post} from './api.js';
import {facts, h, jsonText, pretty, table} from './dom.js';
import {actorLink, count, logLink, status, time, traceLink} from './format.js';

const listedEvents = 1000;
let trial = null; // The answer of the last what-if, and to what it belongs.

const address = (category, id, version) => `#/entity?category=${part(category)}&id=${part(id)}${version ? `&version=${version}` : ''}`;

const field = (name, label, value, options = {}) => h('label', {}, label, ' ', h('input', {name, required: true, autocomplete: 'off', spellcheck: 'false', value, ...options}));

function choose(info, category, id) {
  return h('form', {'data-key': `choose ${category} ${id}`, class: 'row', role: 'search', onsubmit: (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    location.hash = address(form.get('category'), form.get('id').trim());
  }}, h('label', {}, 'Category ', h('select', {name: 'category'}, info.categories.map((one) => h('option', {value: one.name, selected: one.name === category}, one.name)))),
  field('id', 'Id', id), h('button', {}, 'Show'));
}

/** The members of a state, those that the last event changed marked. */
function stateTable(now, before) {
  const same = (name) => before && jsonText(now[name]) === jsonText(before[name]);
  return table('State', ['Member', 'Value', 'Changed by this event'], Object.keys(now).map((name) =>
    h('tr', {class: same(name) ? '' : 'changed'}, h('td', {}, name), h('td', {}, h('code', {}, jsonText(now[name]))), h('td', {}, same(name) ? '' : 'yes'))));
}

function scrubber(category, id, version, newest) {
  const go = (to) => (location.hash = address(category, id, to));
  return h('div', {'data-key': 'scrub', class: 'row'},
    h('button', {type: 'button', disabled: version <= 1, onclick: () => go(version - 1)}, 'Earlier'),
    h('label', {}, 'Version ', h('input', {type: 'range', 'data-key': `range ${version}`, min: 1, max: newest, value: version, 'aria-valuetext': `version ${version} of ${newest}`,
      onchange: (event) => go(Number(event.target.value))})),
    h('button', {type: 'button', disabled: version >= newest, onclick: () => go(version + 1)}, 'Later'),
    h('span', {}, `${count(version)} of ${count(newest)}`));
}

function attempt(info, category, id, version) {
  const {commands} = info.categories.find((one) => one.name === category) ?? {commands: []};
  if (commands.length === 0) return null;
  const key = `${category} ${id} ${version}`;
  const send = (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const button = event.target.querySelector('button');
    change(button, async () => {
      let data;
      try {
        data = JSON.parse(form.get('data'));
      } catch (problem) {
        throw new Error(`The data is not JSON: ${problem.message}`);
      }
      const envelope = {id: crypto.randomUUID(), type: form.get('type'), metadata: {traceId: crypto.randomUUID(), userId: ''}, data};
      trial = {key, answer: await post(`admin/entities/${part(category)}/${part(id)}/what-if?version=${version}`, envelope)};
      show(event.target.nextElementSibling);
      return `Tried: ${trial.answer.status}. Nothing was stored.`;
    });
  };
  const show = (output) => output.replaceChildren(...result(key));
  const form = h('form', {onsubmit: send}, h('p', {}, h('label', {}, 'Command ', h('select', {name: 'type'}, commands.map((one) => h('option', {}, one))))),
    h('label', {}, 'Data, as JSON', h('textarea', {name: 'data', rows: 4, spellcheck: 'false'}, '{}')), h('p', {class: 'buttons'}, h('button', {}, 'Try it')));
  const output = h('div', {class: 'result'});
  show(output);
  return h('details', {'data-key': `what-if ${key}`, 'data-keep': '', open: trial?.key === key}, h('summary', {}, 'What if…'),
    h('p', {class: 'muted'}, `Decides a command over version ${version} with the code that runs here. Nothing is stored.`), form, output);
}

function result(key) {
  if (trial?.key !== key) return [];
  const {answer} = trial;
  const fields = (answer.fields ?? []).map((one) => `${one.path || 'data'}: ${one.message}`);
  return [
    h('p', {}, status(answer.status), ' ', answer.code ? `${answer.code}: ${answer.detail}` : answer.events.length ? 'It would make these events:' : 'Nothing would change.'),
    fields.length ? h('ul', {}, fields.map((one) => h('li', {}, one))) : '',
    answer.events?.length ? pretty(answer.events, 'Events that it would make') : '',
    answer.events?.length ? h('p', {}, 'And the state would be:') : '',
    answer.events?.length ? pretty(answer.state, 'State that it would be') : '',
  ].filter(Boolean);
}

export async function load(parameters) {
  const info = await ask('admin/info');
  const category = parameters.get('category') ?? info.categories[0]?.name ?? '';
  const id = parameters.get('id') ?? '';
  const form = choose(info, category, id);
  if (!id) return [form, h('p', {'data-key': 'hint', class: 'muted'}, 'Which one? Ids are in the event log and in the views.')];
  const where = `admin/entities/${part(category)}/${part(id)}`;
  const newest = await find(where);
  if (!newest) return [form, h('p', {'data-key': 'none'}, `There is no entity ${category}.${id}.`)];
  const version = Math.min(Number(parameters.get('version')) || newest.version, newest.version);
  const first = Math.max(1, version - listedEvents + 1);
  const [then, before, stream] = await Promise.all([
    version === newest.version ? newest : ask(`${where}?version=${version}`),
    version > 1 ? ask(`${where}?version=${version - 1}`) : null,
    ask(`admin/streams/${part(category)}/${part(id)}?from=${first}&limit=${listedEvents}`)]);
  const event = stream.items.find((one) => one.version === version);
  const aggregate = info.categories.find((one) => one.name === category);
  const handlers = `/features/${aggregate.feature}/command-handlers${aggregate.feature === category ? '' : `-${category}`}/${id}`;
  return [
    form,
    h('p', {'data-key': 'who'}, `${category}.${id} is at version ${count(newest.version)}; `, actorLink(handlers, 'its actor'), '.'),
    scrubber(category, id, version, newest.version),
    h('h2', {'data-key': 'state-title'}, `State at version ${count(version)}`),
    h('div', {'data-key': 'state'}, stateTable(then.state, before?.state)),
    event ? h('h2', {'data-key': 'event-title'}, `Event ${count(version)}: ${event.type}`) : null,
    event ? h('div', {'data-key': 'event'}, facts([['At', time(event.metadata.time)], ['Position', logLink(category, event.position)], ['By', event.metadata.userId || 'unknown'],
      ['Trace', traceLink(event.metadata.correlationId)], ['Command', traceLink(event.metadata.commandId)]]), pretty(event.data, 'Data of the event')) : null,
    attempt(info, category, id, version),
    h('h2', {'data-key': 'events-title'}, 'Its events'),
    h('div', {'data-key': 'events'}, table('Events of this entity', ['Version', 'Type', 'At', 'Position'], stream.items.map((one) =>
      h('tr', {'data-key': `v${one.version}`, class: one.version === version ? 'chosen' : ''},
        h('td', {}, h('a', {href: address(category, id, one.version), 'aria-current': one.version === version ? 'true' : null}, count(one.version))),
        h('td', {}, one.type), h('td', {}, time(one.metadata.time)), h('td', {}, logLink(category, one.position)))))),
  ];
}

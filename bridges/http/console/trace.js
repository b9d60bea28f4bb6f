// What one request brought about: commands, their events, and the rows that projectors made of them.
import {find, part} from './api.js';
import {facts, h, pretty} from './dom.js';
import {count, entityLink, logLink, plural, status, time} from './format.js';

function projection(one) {
  return h('li', {'data-key': one.name}, h('strong', {}, one.name), ' ', status(one.status), one.key ? [' row ', h('code', {}, one.key)] : null,
    one.status === 'parked' ? [' ', h('a', {href: `#/letters?projection=${part(one.name)}`}, one.deadLetter), h('span', {class: 'error'}, one.reason)] : null,
    one.row ? h('details', {}, h('summary', {}, 'The row now'), pretty(one.row, `Row of ${one.name}`)) : null);
}

function event(one, stream, category) {
  return h('li', {'data-key': one.id}, h('strong', {}, one.type), ' version ', entityLink(stream, one.version, count(one.version)), ' at position ', logLink(category, one.position),
    one.projections.length ? h('ul', {}, one.projections.map(projection)) : h('p', {class: 'muted'}, 'No view shows this event.'));
}

function command(one) {
  const [category] = one.stream.split('.');
  return h('li', {'data-key': one.commandId}, h('strong', {}, 'Command'), ' ', h('code', {}, one.commandId), ' ', time(one.time),
    facts([['Entity', entityLink(one.stream)], ['By', one.userId || 'unknown'], ['Node', one.node]]),
    h('ul', {}, one.events.map((made) => event(made, one.stream, category))));
}

export async function load(parameters) {
  const id = parameters.get('id') ?? '';
  const form = h('form', {'data-key': `find ${id}`, class: 'row', role: 'search', onsubmit: (submitted) => {
    submitted.preventDefault();
    location.hash = `#/trace?id=${part(new FormData(submitted.target).get('id').trim())}`;
  }}, h('label', {}, 'Trace, correlation or command id ', h('input', {name: 'id', value: id, required: true, autocomplete: 'off', spellcheck: 'false', size: 40})), h('button', {}, 'Show'));
  if (!id) return [form, h('p', {'data-key': 'hint', class: 'muted'}, 'The id is in the answer\'s X-Trace-Id, in commandId, and in every event\'s metadata.')];
  const found = await find(`admin/traces/${part(id)}`);
  if (!found) return [form, h('p', {'data-key': 'none'}, 'Nothing among the newest events carries this id. A command that was refused leaves no events.')];
  const events = found.commands.reduce((sum, one) => sum + one.events.length, 0);
  const traces = [...new Set(found.commands.map((one) => one.traceId))].join(', ');
  return [
    form,
    h('p', {'data-key': 'sum'}, `${plural(found.commands.length, 'command')}, ${plural(events, 'event')}; trace `, h('code', {}, traces), '.'),
    h('ul', {'data-key': 'tree', class: 'tree'}, h('li', {}, h('strong', {}, 'Request'), h('ul', {}, found.commands.map(command)))),
    h('p', {'data-key': 'searched', class: 'muted'}, `Searched: ${found.searched.map((one) => `${one.category} ${count(one.from)} to ${count(one.to)}`).join(', ')}.`),
  ];
}

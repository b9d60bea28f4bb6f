// The supervision tree, and one actor of it.
import {ask, change, confirm, find, part, pathPart, post} from './api.js';
import {facts, h, pretty} from './dom.js';
import {actorLink, count, entityLink, plural, status, time} from './format.js';

const kinds = ['supervisor', 'bridge', 'subscriber', 'projector', 'process-manager', 'timer', 'log-writer', 'log-reader'];
const shownHandlers = 10;
let wanted = '';

const parentOf = (path) => (path === '/' ? null : path.slice(0, path.lastIndexOf('/')) || '/');
const nameOf = (path) => (path === '/' ? 'root' : path.slice(path.lastIndexOf('/') + 1));

function line(actor) {
  return h('span', {class: 'actor'}, actorLink(actor.path, nameOf(actor.path)), ' ', h('span', {class: 'muted'}, actor.kind), ' ', status(actor.status),
    actor.mailbox ? h('span', {class: 'badge'}, `${count(actor.mailbox)} waiting`) : null,
    actor.restarts ? h('span', {class: 'badge'}, plural(actor.restarts, 'restart')) : null,
    actor.lastError ? h('span', {class: 'error'}, actor.lastError) : null);
}

/** Live command handlers by their supervisor: the first few that fit what was typed. */
async function handlersOf(supervisors) {
  const found = new Map();
  await Promise.all(supervisors.filter((one) => /\/command-handlers[^/]*$/.test(one.path)).map(async (one) => {
    const prefix = `${one.path}/${wanted}`;
    found.set(one.path, (await ask(`admin/actors?kind=command-handler&path=${part(prefix)}&limit=${shownHandlers + 1}`)).items);
  }));
  return found;
}

function branch(actor, children, handlers) {
  const below = children.get(actor.path) ?? [];
  const live = handlers.get(actor.path);
  if (below.length === 0 && !live) return h('li', {'data-key': actor.path}, line(actor));
  const shown = live ? live.slice(0, shownHandlers) : [];
  return h('li', {'data-key': actor.path}, line(actor),
    h('ul', {}, below.map((one) => branch(one, children, handlers)), shown.map((one) => h('li', {'data-key': one.path}, line(one))),
      live && live.length > shownHandlers ? h('li', {'data-key': 'more', class: 'muted'}, `the first ${shownHandlers} of more: type the beginning of an id above`) : null,
      live && live.length === 0 ? h('li', {'data-key': 'none', class: 'muted'}, wanted ? 'no live entity whose id begins so' : 'no entity is live') : null));
}

export async function loadTree() {
  const answers = await Promise.all(kinds.map((kind) => ask(`admin/actors?kind=${kind}&limit=1000`)));
  const all = answers.flatMap((answer) => answer.items);
  const handlers = await handlersOf(answers[0].items);
  const children = new Map();
  for (const one of all.sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const parent = parentOf(one.path);
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), one]);
  }
  const root = all.find((one) => one.path === '/');
  return [
    h('form', {'data-key': 'find', role: 'search', class: 'row', onsubmit: (event) => event.preventDefault()},
      h('label', {}, 'Entities whose id begins with ', h('input', {type: 'search', autocomplete: 'off', spellcheck: 'false',
        oninput: (event) => (wanted = event.target.value.replace(/[^\w-]/g, ''))}))),
    h('ul', {'data-key': 'tree', class: 'tree'}, branch(root, children, handlers)),
  ];
}

function related(actor) {
  const [, , feature, part] = actor.path.split('/');
  if (actor.kind === 'command-handler') {
    const group = part.replace(/^command-handlers-?/, '');
    return h('p', {}, 'It runs the entity ', entityLink(`${group || feature}.${nameOf(actor.path)}`), '.');
  }
  if (actor.kind === 'projector') return h('p', {}, 'See its lag under ', h('a', {href: '#/projections'}, 'projections'), '.');
  return null;
}

export async function loadOne(parameters) {
  const path = parameters.get('path') ?? '/';
  const actor = await find(`admin/actors${path === '/' ? '/' : pathPart(path)}`);
  const above = [];
  for (let one = parentOf(path); one !== null; one = parentOf(one)) above.unshift(one);
  const trail = h('p', {'data-key': 'trail', class: 'muted'}, above.map((one) => [actorLink(one, nameOf(one)), ' › ']), nameOf(path));
  if (!actor) return [trail, h('p', {'data-key': 'gone'}, 'There is no such actor now. An entity without commands is put to rest, and comes back with the next one.')];
  const restart = (event) => change(event.currentTarget, async () => {
    if (!(await confirm('Restart this actor?', `${path} is stopped and started again by its supervisor. What it had begun is not lost.`, 'Restart'))) return 'Nothing was changed.';
    await post(`admin/actors${pathPart(path)}/restart`);
    return `${path} restarts.`;
  });
  return [
    trail,
    h('p', {'data-key': 'state'}, status(actor.status), ' since ', time(actor.since)),
    h('div', {'data-key': 'facts'}, facts([['Kind', actor.kind], ['Path', actor.path], ['Mailbox', `${count(actor.mailbox)} waiting`],
      ['Processed', plural(actor.processed, 'message')], ['Restarts', count(actor.restarts)], ['Node', actor.node]])),
    actor.lastError ? h('div', {'data-key': 'error', class: 'panel'}, h('h2', {}, 'Last error'), h('p', {class: 'bad'}, actor.lastError)) : null,
    h('div', {'data-key': 'related'}, related(actor)),
    h('h2', {'data-key': 'held-title'}, 'What it holds'),
    h('div', {'data-key': 'held'}, actor.state === null ? h('p', {class: 'muted'}, 'It did not say within a second; it is busy or has nothing to say.') : pretty(actor.state, 'State')),
    path === '/' ? null : h('p', {'data-key': 'buttons', class: 'buttons'}, h('button', {type: 'button', onclick: restart}, 'Restart')),
  ];
}

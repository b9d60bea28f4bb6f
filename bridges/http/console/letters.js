// What could not be handled and waits for a person: why, where, and the two ways out.
import {ask, change, confirm, part, post} from './api.js';
import {facts, h, pretty} from './dom.js';
import {actorLink, count, entityLink, logLink, plural, time, traceLink} from './format.js';

const mostShown = 100; // groups
const events = new Map(); // Stored events do not change: each is read once.

/** The stored event of a letter; null if it cannot be read. */
async function eventOf(letter) {
  const [category] = letter.stream.split('.');
  const key = `${category}:${letter.position}.${letter.version}`;
  if (!events.has(key)) {
    const page = await ask(`admin/log/${part(category)}?from=${letter.position}&limit=1`).catch(() => ({items: []}));
    events.set(key, page.items.find((one) => one.position === letter.position && one.version === letter.version) ?? null);
  }
  return events.get(key);
}

const retry = (letter) => (event) => change(event.currentTarget, async () => {
  const done = await post(`admin/dead-letters/${part(letter.id)}/retry`);
  const applied = `${plural(done.applied, 'event')} applied`;
  if (done.parkedAgain) return `${applied}; ${plural(done.parkedAgain, 'event')} still parked: ${done.reason}.`;
  return done.left ? `${applied}; ${plural(done.left, 'event')} of this key to go, retry again.` : `${applied}.`;
});

const discard = (letter) => (event) => change(event.currentTarget, async () => {
  const sure = await confirm('Discard this event?', `${letter.type || 'The commit'} at position ${letter.position} stays in the log, but ${letter.projection} will never apply it: its row goes on as if it had not happened. Only a rebuild brings it back.`, 'Discard');
  if (!sure) return 'Nothing was changed.';
  await post(`admin/dead-letters/${part(letter.id)}/discard`);
  return `${letter.id} is discarded.`;
});

/** The events of one key of one projection: the first has failed, the others wait behind it. */
async function group([first, ...waiting], feature) {
  const [category] = first.stream.split('.');
  const event = await eventOf(first);
  const title = `letter-${first.id}`;
  return h('section', {'data-key': first.id, class: 'panel', 'aria-labelledby': title},
    h('h2', {id: title}, `${first.type || 'A commit that cannot be read'} for `, h('code', {}, first.key), ` in ${first.projection}`),
    h('p', {class: 'bad'}, first.reason),
    facts([['Parked', time(first.time)], ['Position', logLink(category, first.position)], ['Entity', entityLink(first.stream, first.version)], ['Version', count(first.version)],
      ['Command', traceLink(event?.metadata.commandId)], ['Trace', traceLink(event?.metadata.correlationId)], ['Id', first.id],
      ['Projector', feature ? actorLink(`/features/${feature}/projectors/${first.projection}`, first.projection) : null]]),
    event ? h('details', {}, h('summary', {}, 'The event'), pretty(event.data, 'Data of the parked event')) : h('p', {class: 'muted'}, 'The event cannot be read from the log.'),
    waiting.length ? h('details', {}, h('summary', {}, `${plural(waiting.length, 'later event')} of this key behind it`),
      h('ul', {}, waiting.slice(0, mostShown).map((one) => h('li', {'data-key': one.id}, `${one.type} at position `, logLink(category, one.position), ' of ', entityLink(one.stream, one.version))))) : null,
    h('p', {class: 'muted'}, 'Mend the projector or the data first, then retry: this event and those behind it are applied in order, all or up to the next that fails.'),
    h('p', {class: 'buttons'}, h('button', {type: 'button', onclick: retry(first)}, waiting.length ? `Retry this and ${count(waiting.length)} behind it` : 'Retry'),
      h('button', {type: 'button', class: 'danger', onclick: discard(first)}, 'Discard')));
}

/** A command that a channel could not hand on. It stays in the log, and can be published again. */
function command(letter) {
  return h('section', {'data-key': letter.id, class: 'panel'}, h('h2', {}, `Command ${letter.type || ''} on ${letter.stream}`), h('p', {class: 'bad'}, letter.reason),
    facts([['Parked', time(letter.time)], ['Bridge', letter.bridge], ['Position', count(letter.position)], ['Message', letter.messageId], ['Id', letter.id]]));
}

export async function load(parameters) {
  const only = parameters.get('projection');
  const [{items, next}, projections] = await Promise.all([ask('admin/dead-letters?limit=1000'), ask('admin/projections')]);
  const featureOf = new Map(projections.items.map((one) => [one.name, one.feature]));
  const groups = new Map();
  for (const letter of items.filter((one) => one.projection && (!only || one.projection === only))) {
    const key = JSON.stringify([letter.projection, letter.key]);
    groups.set(key, [...(groups.get(key) ?? []), letter]);
  }
  for (const letters of groups.values()) letters.sort((a, b) => a.position - b.position || a.version - b.version);
  const shown = [...groups.values()].slice(0, mostShown);
  const commands = only ? [] : items.filter((one) => one.bridge);
  const intro = groups.size + commands.length === 0 ? 'Nothing is parked. An event that a projector cannot apply would wait here with its reason; all other keys go on.'
    : `${plural(items.length, 'event')}${next ? ' and more' : ''} ${items.length === 1 && !next ? 'waits' : 'wait'}; all other keys go on.`;
  return [
    h('p', {'data-key': 'intro'}, intro, only ? [' Shown: ', only, '. ', h('a', {href: '#/letters'}, 'Show all')] : null),
    ...(await Promise.all(shown.map((letters) => group(letters, featureOf.get(letters[0].projection))))),
    ...commands.map(command),
    groups.size > mostShown ? h('p', {'data-key': 'more', class: 'muted'}, `The first ${mostShown} of ${count(groups.size)} keys.`) : null,
  ];
}

// How far each view has come, and what can be done about it.
import {ask, change, confirm, part, post} from './api.js';
import {h} from './dom.js';
import {actorLink, count, plural, rate, seconds, status} from './format.js';

const told = {pause: 'stands still until it is resumed', resume: 'goes on', rebuild: 'starts again from the first event'};

function button(projection, verb, label, question) {
  return h('button', {type: 'button', class: verb === 'rebuild' ? 'danger' : '', onclick: (event) => change(event.currentTarget, async () => {
    if (question && !(await confirm(`Rebuild ${projection.name}?`, question, 'Rebuild'))) return 'Nothing was changed.';
    await post(`admin/projections/${part(projection.name)}/${verb}`);
    return `${projection.name} ${told[verb]}.`;
  })}, label);
}

function card(one, parked) {
  const lagging = one.lagEvents > 0;
  return h('section', {'data-key': one.name, class: 'panel', 'aria-labelledby': `name-${one.name}`},
    h('h2', {id: `name-${one.name}`}, one.name, ' ', status(one.status)),
    h('p', {}, h('progress', {max: Math.max(1, one.head), value: one.position, 'aria-label': `Progress of ${one.name}`}), ' ',
      `${count(one.position)} of ${count(one.head)} in ${one.category}`),
    h('p', {}, lagging ? `${plural(one.lagEvents, 'event')} behind, ${seconds(one.lagSeconds)}` : 'up to date', ` · ${rate(one.eventsPerSecond)} events/s · ${plural(one.events, 'event')} since the start`),
    parked ? h('p', {class: 'bad'}, h('a', {href: `#/letters?projection=${part(one.name)}`}, `${plural(parked, 'parked event')}: look why`)) : null,
    one.lastError ? h('p', {class: 'error'}, one.lastError) : null,
    h('p', {class: 'muted'}, 'Its actor: ', actorLink(`/features/${one.feature}/projectors/${one.name}`)),
    h('p', {class: 'buttons'}, one.status === 'paused' ? button(one, 'resume', 'Resume') : button(one, 'pause', 'Pause'),
      button(one, 'rebuild', 'Rebuild', `All rows of ${one.name} and its parked events are forgotten, and all events of ${one.category} are applied again. Until that is done, the view is incomplete.`)));
}

export async function load() {
  const [{items}, letters] = await Promise.all([ask('admin/projections'), ask('admin/dead-letters?limit=1000')]);
  if (items.length === 0) return [h('p', {'data-key': 'none'}, 'No feature has a view.')];
  return items.map((one) => card(one, letters.items.filter((letter) => letter.projection === one.name).length));
}

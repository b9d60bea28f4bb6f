// How numbers, times and names are shown.
import {h} from './dom.js';
import {part} from './api.js';

const whole = new Intl.NumberFormat('en');
const fine = new Intl.NumberFormat('en', {maximumFractionDigits: 1});

export const count = (value) => whole.format(value);
export const rate = (value) => (value >= 100 ? whole.format(Math.round(value)) : fine.format(value));

export function seconds(value) {
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 90) return `${fine.format(value)} s`;
  if (value < 5400) return `${Math.round(value / 60)} min`;
  if (value < 129600) return `${fine.format(value / 3600)} h`;
  return `${fine.format(value / 86400)} days`;
}

const clock = new Intl.DateTimeFormat('en-GB', {dateStyle: 'medium', timeStyle: 'medium'});

export function time(text) {
  const at = new Date(text);
  return h('time', {datetime: text, title: text}, Number.isNaN(at.getTime()) ? text : clock.format(at));
}

export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

const good = new Set(['running', 'applied', 'ok', 'accepted', 'resting']);
const fair = new Set(['starting', 'paused', 'rebuilding', 'waiting', 'draining', 'restarting', 'rejected']);

/** A status as a word with a coloured mark; the word alone says it all. */
export function status(word) {
  return h('span', {class: `state ${good.has(word) ? 'good' : fair.has(word) ? 'fair' : 'bad'}`}, word);
}

export const actorLink = (path, text = path) => h('a', {href: `#/actor?path=${part(path)}`}, text);

/** To the entity of a stream such as "identity.4711", at a version if one is given. */
export function entityLink(stream, version, text = stream) {
  const dot = stream.indexOf('.');
  if (dot < 0) return text;
  const at = version ? `&version=${version}` : '';
  return h('a', {href: `#/entity?category=${part(stream.slice(0, dot))}&id=${part(stream.slice(dot + 1))}${at}`}, text);
}

export const traceLink = (id, text = id) => (id ? h('a', {href: `#/trace?id=${part(id)}`}, text) : null);

export const logLink = (category, position) => h('a', {href: `#/log?category=${part(category)}&at=${position}`}, count(position));

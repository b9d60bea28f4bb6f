// The frame around the pages: which one the address names, and bringing it up to date every two seconds.
//
// A page is `load(parameters)`, which asks the node and answers with the nodes to show. What a page has to remember between
// two looks it keeps in its own module.
import {ask} from './api.js';
import {h, show} from './dom.js';
import {count} from './format.js';
import {latest, take} from './samples.js';
import * as actors from './actors.js';
import * as cluster from './cluster.js';
import * as entity from './entity.js';
import * as letters from './letters.js';
import * as log from './log.js';
import * as overview from './overview.js';
import * as projections from './projections.js';
import * as trace from './trace.js';

const pages = {
  overview: {title: 'Overview', load: overview.load},
  actors: {title: 'Actors', load: actors.loadTree},
  actor: {title: 'Actor', load: actors.loadOne, under: 'actors'},
  entity: {title: 'Entity', load: entity.load},
  log: {title: 'Event log', load: log.load},
  projections: {title: 'Projections', load: projections.load},
  letters: {title: 'Dead letters', load: letters.load},
  trace: {title: 'Trace', load: trace.load},
  cluster: {title: 'Cluster', load: cluster.load},
};

const every = 2000;
const main = document.getElementById('page');

function place() {
  const [name, query] = location.hash.replace(/^#\/?/, '').split('?');
  return {name: pages[name] ? name : 'overview', parameters: new URLSearchParams(query ?? ''), hash: location.hash};
}

let shown = null;

/** Shows the page that the address names. `moved`: the person has just come to it. */
export async function refresh(moved = false) {
  const here = place();
  const page = pages[here.name];
  let nodes;
  try {
    nodes = await page.load(here.parameters);
  } catch (problem) {
    nodes = [h('p', {class: 'bad', role: 'alert', 'data-key': 'problem'}, problem.message)];
  }
  if (location.hash !== here.hash) return; // They went on meanwhile.
  const title = h('h1', {'data-key': 'title'}, page.title);
  if (shown !== here.name) main.replaceChildren();
  shown = here.name;
  show(main, [title, ...nodes]);
  document.title = `${page.title} · Troupe`;
  for (const link of document.querySelectorAll('nav a')) {
    const current = link.getAttribute('href') === `#/${page.under ?? here.name}`;
    if (current) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  if (moved) main.focus({preventScroll: true});
  if (moved) scrollTo(0, 0);
}

/** Written only when it changes. */
function put(id, text, state) {
  const line = document.getElementById(id);
  if (line.textContent !== text) line.textContent = text;
  if (state && line.className !== state) line.className = state;
}

async function look() {
  try {
    await take();
    const failing = latest.ready.checks.filter((check) => !check.ok);
    put('ready', failing.length === 0 ? 'Ready' : `Not ready: ${failing.map((check) => check.name).join(', ')}`,
      failing.length === 0 ? 'state good' : 'state bad');
    const {count: parked, more} = latest.parked;
    put('parked', parked ? `${count(parked)}${more ? '+' : ''}` : '');
    document.getElementById('parked').hidden = parked === 0;
  } catch (problem) {
    put('ready', `No answer: ${problem.message}`, 'state bad');
  }
}

async function loop() {
  await look();
  await refresh();
  setTimeout(loop, document.hidden ? 5 * every : every);
}

addEventListener('hashchange', (event) => {
  if (!event.newURL.endsWith('#page')) refresh(true);
});
document.querySelector('.skip').onclick = (event) => (event.preventDefault(), main.focus());
ask('admin/info').then((info) => put('node', `${info.node} · ${info.version}`), () => {});
loop();

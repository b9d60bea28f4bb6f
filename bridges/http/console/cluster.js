// The nodes that this one knows, what people changed on them, and how this one is set up.
import {ask} from './api.js';
import {h, pretty, table} from './dom.js';
import {entityLink, logLink, status, time} from './format.js';

const shownChanges = 50;

/** What people changed through the admin endpoint, the newest first: positions of the log's category `audit`. */
async function changes() {
  const {head} = await ask('admin/log/audit?limit=1');
  const {items} = await ask(`admin/log/audit?from=${Math.max(1, head - shownChanges + 1)}&limit=${shownChanges}`);
  return items.reverse();
}

export async function load() {
  const [cluster, config, changed] = await Promise.all([ask('admin/cluster'), ask('admin/config'), changes()]);
  return [
    h('p', {'data-key': 'intro'}, cluster.nodes.length === 1
      ? `Cluster ${cluster.cluster}: this node knows no other one, so it runs everything itself.`
      : `Cluster ${cluster.cluster}: ${cluster.nodes.length} nodes share ${cluster.shards.length} shards.`),
    h('div', {'data-key': 'nodes'}, table('Nodes', ['Node', 'State', 'Shards', 'Version', 'Started', 'Last heard', 'Addresses'], cluster.nodes.map((one) => [
      one.name, status(one.draining ? 'draining' : one.ready === false ? 'not ready' : 'running'), one.shards, one.version, time(one.started), time(one.lastHeard),
      Object.entries(one.addresses).map(([name, address]) => `${name} ${address}`).join(', ')]))),
    h('h2', {'data-key': 'changes-title'}, 'What people changed'),
    changed.length === 0 ? h('p', {'data-key': 'no-changes', class: 'muted'}, 'Nobody has changed anything through the admin endpoint yet.')
      : h('div', {'data-key': 'changes'}, table('Changes', ['When', 'Who', 'From', 'What', 'Answer', 'Node', 'Position'], changed.map((one) => [
        time(one.metadata.time), one.data.who, one.data.from, `${one.data.method} ${one.data.target}`, one.data.status, entityLink(one.stream, one.version, one.metadata.node), logLink('audit', one.position)]))),
    h('h2', {'data-key': 'config-title'}, 'Settings in force'),
    h('div', {'data-key': 'config'}, pretty(config, 'Settings')),
  ];
}

// The nodes that this one knows, and how it is set up.
import {ask} from './api.js';
import {h, pretty, table} from './dom.js';
import {status, time} from './format.js';

export async function load() {
  const [cluster, config] = await Promise.all([ask('admin/cluster'), ask('admin/config')]);
  return [
    h('p', {'data-key': 'intro'}, cluster.nodes.length === 1
      ? `Cluster ${cluster.cluster}: this node knows no other one, so it runs everything itself.`
      : `Cluster ${cluster.cluster}: ${cluster.nodes.length} nodes share ${cluster.shards.length} shards.`),
    h('div', {'data-key': 'nodes'}, table('Nodes', ['Node', 'State', 'Shards', 'Version', 'Started', 'Last heard', 'Addresses'], cluster.nodes.map((one) => [
      one.name, status(one.draining ? 'draining' : one.ready === false ? 'not ready' : 'running'), one.shards, one.version, time(one.started), time(one.lastHeard),
      Object.entries(one.addresses).map(([name, address]) => `${name} ${address}`).join(', ')]))),
    h('h2', {'data-key': 'config-title'}, 'Settings in force'),
    h('div', {'data-key': 'config'}, pretty(config, 'Settings')),
  ];
}

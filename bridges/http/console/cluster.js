// The nodes that this one knows, and how it is set up.
import {ask} from './api.js';
import {h, pretty, table} from './dom.js';
import {status, time} from './format.js';

export async function load() {
  const [cluster, config] = await Promise.all([ask('admin/cluster'), ask('admin/config')]);
  return [
    h('p', {'data-key': 'intro'}, cluster.nodes.length === 1
      ? `Cluster ${cluster.cluster}: this page shows the node that serves it. It runs every entity and every projection that it is asked for; others that share its log are seen on their own consoles.`
      : `Cluster ${cluster.cluster}.`),
    h('div', {'data-key': 'nodes'}, table('Nodes', ['Node', 'State', 'Version', 'Started', 'Addresses'], cluster.nodes.map((one) => [
      one.name, status(one.draining ? 'draining' : one.ready ? 'running' : 'not ready'), one.version, time(one.started),
      Object.entries(one.addresses).map(([name, address]) => `${name} ${address}`).join(', ')]))),
    h('h2', {'data-key': 'config-title'}, 'Settings in force'),
    h('div', {'data-key': 'config'}, pretty(config, 'Settings')),
  ];
}

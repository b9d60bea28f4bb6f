// Writes dashboard.json, the Grafana dashboard: `node __infra__/observability/dashboard.mjs`. A panel is a title, a unit of
// Grafana's, and what is drawn: a legend and a query for each.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const of = (name, labels = '') => `${name}{instance=~"$instance"${labels && `, ${labels}`}}`;
const rate = (name, by, labels) => `sum by (${by}) (rate(${of(name, labels)}[$__rate_interval]))`;
const sum = (name, by, labels) => `sum by (${by}) (${of(name, labels)})`;
const quantile = (share, name, by) => `histogram_quantile(${share}, ${rate(`${name}_bucket`, `le, ${by}`)})`;

const rows = {
  Overview: [
    ['stat', 'Nodes ready', 'none', { ready: `sum(${of('troupe_ready')})` }],
    ['stat', 'Versions', 'none', { '{{version}}': sum('troupe_build_info', 'version') }],
    ['stat', 'Parked now', 'none', { parked: `sum(max by (from) (${of('troupe_dead_letters')}))` }],
    ['stat', 'Furthest behind', 's', { behind: `max(min by (projection) (${of('troupe_projection_lag_seconds')}))` }],
  ],
  Commands: [
    ['timeseries', 'Commands by outcome', 'cps', { '{{category}} {{status}}': rate('troupe_commands_total', 'category, status') }],
    ['timeseries', 'Time to the outcome', 's', {
      '{{category}} half': quantile(0.5, 'troupe_command_duration_seconds', 'category'),
      '{{category}} 99 of 100': quantile(0.99, 'troupe_command_duration_seconds', 'category'),
    }],
    ['timeseries', 'Under way', 'none', { '{{instance}}': sum('troupe_commands_in_flight', 'instance') }],
    ['timeseries', 'Turned away, rescued after a crash', 'cps', {
      '{{instance}} turned away': rate('troupe_commands_shed_total', 'instance'),
      '{{instance}} rescued': rate('troupe_commands_rescued_total', 'instance'),
    }],
  ],
  Views: [
    ['timeseries', 'Behind the log', 's', { '{{projection}}': `min by (projection) (${of('troupe_projection_lag_seconds')})` }],
    ['timeseries', 'Positions: log and views', 'cps', {
      'log {{category}}': `max by (category) (deriv(${of('troupe_log_position')}[$__rate_interval]))`,
      '{{projection}}': `max by (projection) (deriv(${of('troupe_projection_position')}[$__rate_interval]))`,
    }],
    ['timeseries', 'Parked now', 'none', { '{{from}}': `max by (from) (${of('troupe_dead_letters')})` }],
    ['timeseries', 'Newly parked', 'cps', { '{{projection}}': rate('troupe_projection_parked_events_total', 'projection') }],
  ],
  Actors: [
    ['timeseries', 'Command handlers', 'none', {
      '{{instance}} in memory': sum('troupe_command_handlers_resident', 'instance'),
      '{{instance}} awake': sum('troupe_command_handlers_awake', 'instance'),
    }],
    ['timeseries', 'Put to rest, passivated', 'cps', {
      '{{instance}} put to rest': rate('troupe_command_handlers_rested_total', 'instance'),
      '{{instance}} passivated: {{limit}}': rate('troupe_command_handlers_passivated_total', 'instance, limit'),
    }],
    ['timeseries', 'Standing still', 'none', { '{{instance}} {{path}}': `${of('troupe_actor_stalled')} > 0` }],
    ['timeseries', 'Restarts', 'none', { '{{instance}} {{path}}': `sum by (instance, path) (increase(${of('troupe_actor_restarts_total')}[5m])) > 0` }],
    ['timeseries', 'Limits reached', 'cps', { '{{instance}} {{limit}}': `${rate('troupe_limit_reached_total', 'instance, limit')} > 0` }],
  ],
  Cluster: [
    ['timeseries', 'Nodes that each node knows', 'none', { '{{instance}}': sum('troupe_cluster_nodes', 'instance') }],
    ['timeseries', 'Shards of each node, of 256', 'none', { '{{instance}}': sum('troupe_cluster_shards', 'instance') }],
    ['timeseries', 'Commands between nodes, handlers that moved', 'cps', {
      '{{instance}} sent: {{result}}': rate('troupe_commands_forwarded_total', 'instance, result'),
      '{{instance}} received': rate('troupe_commands_received_total', 'instance'),
      '{{instance}} moved': rate('troupe_command_handlers_moved_total', 'instance'),
    }],
    ['timeseries', '99 of 100 owners answer within', 's', { '{{instance}}': quantile(0.99, 'troupe_forward_duration_seconds', 'instance') }],
  ],
  HTTP: [
    ['timeseries', 'Requests by route', 'reqps', { '{{method}} {{route}}': rate('troupe_http_requests_total', 'method, route') }],
    ['timeseries', 'Answers that are errors', 'reqps', {
      '{{status}}': rate('troupe_http_requests_total', 'status', 'status=~"[45].."'),
      'turned away: {{reason}}': rate('troupe_http_rejected_total', 'reason'),
    }],
    ['timeseries', '99 of 100 requests within', 's', { '{{route}}': quantile(0.99, 'troupe_http_request_duration_seconds', 'route') }],
    ['timeseries', 'Connections, requests, event streams', 'none', Object.fromEntries(['http', 'admin'].flatMap((bridge) =>
      ['connections', 'requests_in_flight', 'streams'].map((what) =>
        [`{{instance}} ${bridge} ${what.replaceAll('_', ' ')}`, sum(`troupe_${bridge}_${what}`, 'instance')])))],
  ],
  // Of nodes with --otlp.
  Traces: [
    ['timeseries', 'Spans exported', 'cps', { '{{instance}}': rate('troupe_spans_total', 'instance', 'result="exported"') }],
    ['timeseries', 'Spans lost, queue found full', 'cps', {
      '{{instance}} {{result}}': rate('troupe_spans_total', 'instance, result', 'result!="exported"'),
      '{{instance}} at --max-spans': rate('troupe_limit_reached_total', 'instance', 'limit="max-spans"'),
    }],
  ],
};

const datasource = { type: 'prometheus', uid: '${datasource}' };

function panel([type, title, unit, drawn], place) {
  return {
    type, title, datasource, ...place,
    fieldConfig: { defaults: { unit, ...(type === 'timeseries' && { min: 0 }) }, overrides: [] },
    options: type === 'stat' ? { reduceOptions: { calcs: ['lastNotNull'] } } : { tooltip: { mode: 'multi', sort: 'desc' } },
    targets: Object.entries(drawn).map(([legendFormat, expr], i) => ({ refId: String.fromCharCode(65 + i), datasource, expr, legendFormat })),
  };
}

const panels = [];
let y = 0;
for (const [title, drawn] of Object.entries(rows)) {
  panels.push({ type: 'row', title, id: panels.length + 1, collapsed: false, panels: [], gridPos: { h: 1, w: 24, x: 0, y: y++ } });
  const [w, h] = drawn[0][0] === 'stat' ? [6, 4] : [12, 8];
  drawn.forEach((one, i) => panels.push(panel(one, {
    id: panels.length + 1, gridPos: { h, w, x: (i * w) % 24, y: y + h * Math.floor((i * w) / 24) },
  })));
  y += h * Math.ceil((drawn.length * w) / 24);
}

const dashboard = {
  uid: 'troupe', title: 'Troupe', tags: ['troupe'], schemaVersion: 38, editable: true, refresh: '30s',
  time: { from: 'now-1h', to: 'now' }, timezone: 'browser',
  templating: {
    list: [
      { name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus', current: {} },
      { name: 'instance', label: 'Node', type: 'query', datasource, query: 'label_values(troupe_ready, instance)', refresh: 2, includeAll: true, allValue: '.*', multi: true, current: { text: 'All', value: '$__all' } },
    ],
  },
  panels,
};

writeFileSync(process.argv[2] ?? fileURLToPath(new URL('dashboard.json', import.meta.url)), `${JSON.stringify(dashboard, null, 1)}\n`);

// __infra__/observability against the program and against Prometheus itself.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { startCollector } from '../e2e/support/collector.mjs';
import { afterwards, freePort, launch, ok, profile, request, startNode, temporaryDirectory, until } from '../e2e/support/node.mjs';
import { output, render, repository, text, yaml } from './support.mjs';

const folder = join(repository, '__infra__/observability');
const rules = yaml('__infra__/observability/alerts.yaml').groups.flatMap((group) => group.rules);
const targets = JSON.parse(text('__infra__/observability/dashboard.json')).panels.flatMap((panel) => panel.targets ?? []);
const queries = targets.map(({ expr }) => expr);
const promtool = (...args) => output('promtool', args, { cwd: folder });

/** Everything that can be counted: commands of each kind, requests that are answered, refused, turned away. */
async function work(node, from, people) {
  const ids = [];
  for (let i = from; i < from + people; ++i) ids.push(ok(await node.post('/v1/users', profile(`p${i}`))).id);
  ok(await node.post(`/v1/identity/${ids[0]}/LockAccount`, { reason: 'lost phone' }));
  assert.equal((await node.post(`/v1/identity/${ids[0]}/ModifyUser`, {})).status, 400);
  assert.equal((await node.get(`/v1/views/users/${ids[0]}x`)).status, 404);
  assert.equal((await node.get(`/nothing/${ids[0]}`)).status, 404);
  assert.equal((await node.post('/v1/users', 'x'.repeat(2 << 20))).status, 413);
  ok(await node.get(`/admin/entities/identity/${ids[0]}`));
  for (const name of ['users', 'accounts']) await node.caughtUp(name);
  return ids;
}

/** A node that measures all there is: tracing too. */
const tracingNode = async (t) => startNode(t, { flags: (await startCollector(t)).flags });

/** Names and labels of what a node measures, without values. */
const seriesOf = (metrics) => new Set([...metrics.matchAll(/^([a-z]\w*(?:\{.*\})?) \S+$/gm)].map(([, series]) => series));

test('promtool finds nothing to say of a node\'s metrics', async (t) => {
  const node = await tracingNode(t);
  await work(node, 0, 3);
  const { text: metrics } = await node.get('/metrics');
  const checked = spawnSync('promtool', ['check', 'metrics'], { input: metrics, encoding: 'utf8' });
  assert.deepEqual([checked.status, checked.stdout, checked.stderr], [0, '', '']);
  // The conventions that promtool does not know: units and counters are told by the name.
  for (const [, name, type] of metrics.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    assert.match(name, /^troupe_[a-z_]+$/);
    assert.equal(type === 'counter', name.endsWith('_total'), `${name} is a ${type}`);
    if (type === 'histogram') assert.match(name, /_seconds$/);
  }
});

test('metrics name no entity, and there are no more of them for more entities', async (t) => {
  const node = await tracingNode(t);
  const ids = await work(node, 0, 2);
  ok(await node.get('/metrics')); // Itself a request that is counted.
  const before = (await node.get('/metrics')).text;
  ids.push(...await work(node, 2, 40));
  const after = (await node.get('/metrics')).text;
  for (const id of ids) assert.ok(!after.includes(id), id);
  assert.doesNotMatch(after, /[0-9a-f]{8}-[0-9a-f]{4}-|auth0/);
  assert.deepEqual(seriesOf(after), seriesOf(before));
});

test('the dashboard is what its source writes', (t) => {
  const written = join(temporaryDirectory(t), 'dashboard.json');
  output('node', [join(folder, 'dashboard.mjs'), written]);
  assert.equal(output('cat', [written]), text('__infra__/observability/dashboard.json'), 'run node __infra__/observability/dashboard.mjs');
});

test('the alert rules pass their tests, and every alert is seen to fire in one', () => {
  promtool('check', 'config', 'prometheus.yaml');
  promtool('test', 'rules', 'alerts.test.yaml');
  const cases = yaml('__infra__/observability/alerts.test.yaml').tests.flatMap((one) => one.alert_rule_test);
  const fired = new Set(cases.filter((one) => one.exp_alerts).map((one) => one.alertname));
  const silent = new Set(cases.filter((one) => !one.exp_alerts).map((one) => one.alertname));
  const names = new Set(rules.map((rule) => rule.alert));
  assert.deepEqual([fired, silent], [names, names]);
});

test('every alert says how bad it is and where to read what to do', () => {
  const operations = text('docs/operations.md');
  const sections = new Set([...operations.matchAll(/^### (Troupe\w+)$/gm)].map(([, name]) => name));
  assert.deepEqual(sections, new Set(rules.map((rule) => rule.alert)));
  for (const { alert, labels, annotations } of rules) {
    assert.match(labels.severity, /^(page|ticket)$/, alert);
    assert.equal(annotations.runbook_url, `docs/operations.md#${alert.toLowerCase()}`);
  }
});

test('a cluster gets the rules and the dashboard as they are', () => {
  const maps = new Map(render('production').filter(({ kind }) => kind === 'ConfigMap').map(({ metadata, data }) => [metadata.name, { metadata, data }]));
  assert.equal(maps.get('troupe-alerts').data['alerts.yaml'], text('__infra__/observability/alerts.yaml'));
  assert.equal(maps.get('troupe-dashboard').data['dashboard.json'], text('__infra__/observability/dashboard.json'));
  assert.equal(maps.get('troupe-dashboard').metadata.labels.grafana_dashboard, '1');
});

test('every metric of the dashboard and the rules is one of a node\'s, and of the reference', async (t) => {
  const node = await tracingNode(t);
  await work(node, 0, 1);
  const measured = new Set([...seriesOf((await node.get('/metrics')).text)].map((series) => series.replace(/\{.*/, '')));
  const reference = text('docs/reference.md');
  const named = new Set([...queries, ...rules.map((rule) => rule.expr)].flatMap((query) => query.match(/\btroupe_\w+/g) ?? []));
  assert.ok(named.size > 20, 'few metrics are looked at');
  for (const name of named) {
    assert.ok(measured.has(name), `a node has no ${name}`);
    assert.ok(reference.includes(`| \`${name.replace(/_bucket$/, '')}\` |`), `docs/reference.md has no ${name}`);
  }
});

test('Prometheus scrapes a node, draws every panel and evaluates every rule', async (t) => {
  const node = await tracingNode(t);
  const data = temporaryDirectory(t);
  const address = `127.0.0.1:${await freePort()}`;
  const config = text('__infra__/observability/prometheus.yaml').replace(/_interval: \d+s/g, '_interval: 1s')
    .replace('alerts.yaml', join(folder, 'alerts.yaml')).replace('127.0.0.1:9090', new URL(node.admin).host);
  writeFileSync(join(data, 'prometheus.yaml'), config);
  const server = launch([`--config.file=${data}/prometheus.yaml`, `--storage.tsdb.path=${data}/tsdb`, `--web.listen-address=${address}`], {}, 'prometheus');
  afterwards(t, () => (server.child.kill('SIGKILL'), server.ended));
  const asked = async (path) => {
    const answer = await request('GET', `http://${address}/api/v1/${path}`).catch(() => null);
    assert.notEqual(server.child.exitCode, 1, server.stderr);
    return answer?.status === 200 ? answer.body.data : null;
  };
  let people = 0;
  for (const query of queries) {
    const filled = query.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '1m');
    // What is filtered is empty as long as nothing happens, and one node has nobody to forward to; the rest is drawn once it
    // was scraped a few times.
    const enough = (data) => data && (query.endsWith('> 0') || query.includes('troupe_forward_') || data.result.some(({ value }) => Number.isFinite(Number(value[1]))));
    await until(`data for ${query}`, async () => {
      if (people < 1000) await work(node, ++people, 1);
      return enough(await asked(`query?query=${encodeURIComponent(filled)}`));
    });
  }
  const evaluated = await until('the rules to be evaluated', async () => {
    const all = (await asked('rules'))?.groups.flatMap((group) => group.rules);
    return all?.every(({ health }) => health !== 'unknown') && all;
  });
  assert.equal(evaluated.length, rules.length);
  for (const { name, health, state, lastError } of evaluated) assert.deepEqual([name, health, state], [name, 'ok', 'inactive'], lastError);
});

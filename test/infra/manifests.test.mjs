// __infra__/kubernetes without a cluster: every overlay is rendered, every object is checked against the Kubernetes models,
// and names, ports, keys and flags must agree with each other and with the program.
import assert from 'node:assert/strict';
import test from 'node:test';
import { parse } from 'yaml';
import { complaintsOf } from './models.mjs';
import { binary, containersOf, flagsByVariable, output, overlays, podsOf, render, renderWith, text, yaml } from './support.mjs';

const rendered = new Map(overlays.map((name) => [name, render(name)]));
const all = (kind) => overlays.flatMap((overlay) => rendered.get(overlay).filter((one) => one.kind === kind).map((one) => [overlay, one]));
const one = (overlay, kind, name) => rendered.get(overlay).find((it) => it.kind === kind && it.metadata.name === name);
const sample = yaml('__infra__/kubernetes/overlays/production/secrets.sample.yaml');
const selects = (selector, labels) => Object.entries(selector).every(([name, value]) => labels[name] === value);

/** Every container of every overlay: [place, container, pod, overlay]. */
function* everyContainer() {
  for (const overlay of overlays) {
    for (const pod of podsOf(rendered.get(overlay))) {
      for (const container of containersOf(pod)) yield [`${overlay}: ${pod.name}/${container.name}`, container, pod, overlay];
    }
  }
}

test('every object fits its Kubernetes model', () => {
  for (const overlay of overlays) {
    assert.ok(rendered.get(overlay).length > 20, overlay);
    for (const object of rendered.get(overlay)) {
      // Line breaks in base64 are kustomize's own.
      const data = object.kind === 'Secret' && { data: Object.fromEntries(Object.entries(object.data).map(([key, value]) => [key, value.replace(/\s/g, '')])) };
      assert.deepEqual(complaintsOf({ ...object, ...data }), [], `${overlay}: ${object.kind} ${object.metadata.name}`);
    }
  }
  assert.deepEqual(complaintsOf(sample), []);
});

test('the models would see a misspelt member, a wrong type and a missing one', () => {
  const mistakes = [
    [(pod) => (pod.containers[0].livenessprobe = pod.containers[0].livenessProbe), /livenessprobe is unknown/],
    [(pod) => (pod.containers[0].ports[0].containerPort = 'http'), /containerPort: type ."type":"integer"/],
    [(pod) => delete pod.containers[0].name, /containers.0: required ."missingProperty":"name"/],
    [(pod) => (pod.securityContext.runAsNonroot = true), /runAsNonroot is unknown/],
  ];
  for (const [mistake, complaint] of mistakes) {
    const nodes = structuredClone(one('dev', 'StatefulSet', 'troupe'));
    mistake(nodes.spec.template.spec);
    assert.match(complaintsOf(nodes).join('\n'), complaint);
  }
});

test('everything is in the namespace of its overlay, and no name is given twice', () => {
  for (const overlay of overlays) {
    const namespace = rendered.get(overlay).find(({ kind }) => kind === 'Namespace').metadata.name;
    const names = rendered.get(overlay).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    assert.equal(new Set(names).size, names.length);
    for (const { kind, metadata } of rendered.get(overlay)) {
      if (kind !== 'Namespace') assert.equal(metadata.namespace, namespace, `${overlay}: ${kind} ${metadata.name}`);
    }
  }
  assert.equal(sample.metadata.namespace, one('production', 'Namespace', 'devpie').metadata.name);
});

/** Counts the settings, after a look at each. */
function agreeWithProgram(settings, flags = flagsByVariable()) {
  const own = Object.entries(settings).filter(([key]) => key.startsWith('TROUPE_'));
  for (const [name, value] of own) {
    const flag = flags.get(name);
    assert.ok(flag, `${name}: \`troupe run --help\` has no such flag`);
    if (flag.choices && value !== undefined) assert.ok(flag.choices.includes(value), `${name}=${value}: ${flag.choices}`);
    if (flag.least > -Infinity && value !== undefined) assert.ok(Number(value) >= flag.least && Number(value) <= flag.most, `${name}=${value}`);
  }
  return own.length;
}

test('settings are flags of the program, with values that it takes', () => {
  const flags = flagsByVariable();
  const told = all('ConfigMap').filter(([, { metadata }]) => metadata.name.startsWith('troupe-settings')).map(([, { data }]) => data);
  const compose = yaml('__infra__/compose/compose.yaml');
  told.push(...Object.entries(compose.services).filter(([name]) => name.startsWith('node-')).map(([, { environment }]) => environment));
  for (const [, container] of everyContainer()) told.push(Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value])));
  assert.ok(told.reduce((seen, settings) => seen + agreeWithProgram(settings, flags), 0) > 30);
});

test('pods and laptop run the same settings', () => {
  const { environment } = yaml('__infra__/compose/compose.yaml').services['node-0'];
  const [, { data }] = all('ConfigMap').find(([, { metadata }]) => metadata.name.startsWith('troupe-settings'));
  for (const [name, value] of Object.entries(data)) assert.equal(environment[name], value, name);
});

test('every secret key that a pod asks for is in the developer\'s secret and in the sample', () => {
  const dev = new Set(Object.keys(one('dev', 'Secret', 'secrets').data));
  const asked = new Set();
  for (const [place, container] of everyContainer()) {
    for (const { name, valueFrom } of container.env ?? []) {
      if (!valueFrom?.secretKeyRef) continue;
      assert.equal(valueFrom.secretKeyRef.name, 'secrets', place);
      asked.add(valueFrom.secretKeyRef.key);
      assert.ok(dev.has(valueFrom.secretKeyRef.key), `${place}: ${name}`);
    }
  }
  assert.deepEqual(new Set(Object.keys(sample.stringData)), dev);
  for (const key of ['mic-db-identity-url', 'mic-db-identity-database-name', 'mic-db-identity-username', 'mic-db-identity-password',
    'view-db-identity-url', 'nats-password']) assert.ok(asked.has(key), key);
  assert.equal(one('production', 'Secret', 'secrets'), undefined, 'production\'s secret is not in the repository');
});

test('the URLs of the secrets are made of their other keys', () => {
  const dev = Object.fromEntries(Object.entries(one('dev', 'Secret', 'secrets').data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
  for (const secret of [dev, sample.stringData]) {
    for (const database of ['mic-db-identity', 'view-db-identity']) {
      const part = (name) => secret[`${database}-${name}`];
      const url = new URL(part('url'));
      assert.deepEqual([url.username, url.password, url.hostname, url.pathname.slice(1)],
        [part('username'), part('password'), part('host'), part('database-name')], database);
    }
  }
});

test('no password is written into a pod, and services put nothing into its environment', () => {
  for (const [place, { env = [], args = [], command = [] }, { spec }] of everyContainer()) {
    assert.equal(spec.enableServiceLinks, false, `${place}: POSTGRES_PORT=tcp://… would be taken for a setting`);
    for (const value of [...env.map((it) => it.value ?? ''), ...args, ...command]) {
      assert.doesNotMatch(value, /:\/\/[^/@]+:(?!\$\()[^@/]*@/, place);
    }
    const names = new Set(env.map(({ name }) => name));
    for (const value of [...env.map((it) => it.value ?? ''), ...args]) {
      for (const [, name] of value.matchAll(/\$\((\w+)\)/g)) assert.ok(names.has(name), `${place}: $(${name}) is not set`);
    }
  }
});

test('pods fulfil the restricted profile, with a root file system that nobody writes', () => {
  for (const [place, container, { spec }] of everyContainer()) {
    assert.deepEqual([spec.securityContext.runAsNonRoot, spec.securityContext.seccompProfile, spec.automountServiceAccountToken],
      [true, { type: 'RuntimeDefault' }, false], place);
    assert.ok(spec.securityContext.runAsUser > 0, place);
    assert.deepEqual(container.securityContext, { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } }, place);
    assert.ok(container.resources.requests.cpu && container.resources.requests.memory && container.resources.limits.memory, place);
    assert.ok(!spec.hostNetwork && !spec.hostPID && !(spec.volumes ?? []).some(({ hostPath }) => hostPath), place);
  }
  const user = Number(/^USER (\d+):\d+$/m.exec(text('__infra__/Dockerfile'))[1]);
  assert.equal(podsOf(rendered.get('dev')).find(({ name }) => name === 'troupe').spec.securityContext.runAsUser, user);
  const level = (overlay) => rendered.get(overlay).find(({ kind }) => kind === 'Namespace').metadata.labels['pod-security.kubernetes.io/enforce'];
  assert.deepEqual([level('dev'), level('production')], ['baseline', 'restricted']);
});

test('each feature\'s databases are migrated before its node starts', () => {
  for (const overlay of overlays) {
    const { spec } = podsOf(rendered.get(overlay)).find(({ name }) => name === 'troupe');
    const migrated = spec.initContainers.map(({ args, env }) => [args[args.indexOf('-path') + 1], env[0].valueFrom.secretKeyRef.key]);
    assert.deepEqual(migrated, [
      ['/migrations/identity/microservice', 'mic-db-identity-url'], ['/migrations/identity/aggregator', 'view-db-identity-url'],
    ]);
    for (const { args, env, image } of spec.initContainers) {
      assert.deepEqual([args[0], args.at(-1), args.includes(`$(${env[0].name})`), image], ['migrate', 'up', true, spec.containers[0].image]);
    }
    const of = (name) => spec.containers[0].env.find((it) => it.name === name).valueFrom.secretKeyRef.key;
    assert.deepEqual([of('MIC_DB_IDENTITY'), of('VIEW_DB_IDENTITY')], ['mic-db-identity-url', 'view-db-identity-url']);
  }
});

test('a pod is given the time that its end takes', () => {
  const settings = parse(JSON.stringify(all('ConfigMap').find(([, { metadata }]) => metadata.name.startsWith('troupe-settings'))[1].data));
  for (const overlay of overlays) {
    const pods = podsOf(rendered.get(overlay));
    const nodes = pods.find(({ name }) => name === 'troupe').spec;
    const [sleep, seconds] = nodes.containers[0].lifecycle.preStop.exec.command;
    assert.equal(sleep, 'sleep');
    assert.ok(nodes.terminationGracePeriodSeconds > Number(seconds) + Number(settings.TROUPE_DRAIN), overlay);
    const duck = [...text('__infra__/kubernetes/base/nats.conf').matchAll(/^lame_duck_\w+: (\d+)s$/gm)].map(([, s]) => Number(s));
    assert.equal(duck.length, 2);
    assert.ok(pods.find(({ name }) => name === 'nats').spec.terminationGracePeriodSeconds > duck[0] + duck[1], overlay);
  }
  const grace = parseInt(yaml('__infra__/compose/compose.yaml').services['node-0'].stop_grace_period, 10);
  assert.ok(grace > Number(settings.TROUPE_DRAIN));
});

test('probes ask for routes that the reference has', () => {
  const routes = new Set([...text('docs/reference.md').matchAll(/^\| `GET (\/\w+)` /gm)].map(([, path]) => path));
  for (const overlay of overlays) {
    const [node] = podsOf(rendered.get(overlay)).find(({ name }) => name === 'troupe').spec.containers;
    for (const [probe, path] of [['startupProbe', '/startupz'], ['readinessProbe', '/readyz'], ['livenessProbe', '/livez']]) {
      const [program, asked] = node[probe].exec.command;
      assert.deepEqual([program, asked.split('?')[0], routes.has(path)], ['troupe-probe', path, true]);
    }
  }
  for (const [place, container, { name }] of everyContainer()) {
    if (name === 'troupe' && container.name !== 'troupe') continue;
    assert.ok(container.startupProbe && container.readinessProbe && container.livenessProbe, place);
    assert.ok(container.livenessProbe.failureThreshold * container.livenessProbe.periodSeconds >= 60, `${place}: a busy pod is not a dead one`);
  }
});

test('services lead to ports that their pods have', () => {
  for (const [overlay, { metadata, spec }] of all('Service')) {
    const pods = podsOf(rendered.get(overlay)).filter(({ labels }) => selects(spec.selector, labels));
    assert.equal(pods.length, 1, `${overlay}: ${metadata.name}`);
    for (const port of spec.ports) {
      const target = pods[0].spec.containers.flatMap(({ ports }) => ports).find(({ name }) => name === port.targetPort);
      assert.equal(target?.containerPort, port.port, `${overlay}: ${metadata.name} ${port.name}`);
    }
  }
  for (const [overlay, { metadata, spec }] of all('StatefulSet')) {
    assert.ok(one(overlay, 'Service', spec.serviceName), `${overlay}: ${metadata.name} has no service ${spec.serviceName}`);
  }
  for (const [overlay, { spec }] of all('Ingress')) {
    for (const { host, http } of spec.rules) {
      assert.equal(host, 'client-backend.devpie.local');
      for (const { backend } of http.paths) {
        assert.ok(one(overlay, 'Service', backend.service.name).spec.ports.some(({ name }) => name === backend.service.port.name));
      }
    }
  }
});

test('host names in settings are services or their pods', () => {
  for (const [place, container, , overlay] of everyContainer()) {
    for (const value of [...(container.env ?? []).map((it) => it.value ?? ''), ...(container.args ?? [])]) {
      for (const [, host, port] of value.matchAll(/@([\w.-]+):(\d+)/g)) {
        const [pod, service] = host.split('.');
        const found = one(overlay, 'Service', service ?? pod);
        assert.ok(found?.spec.ports.some((it) => it.port === Number(port)), `${place}: ${host}:${port}`);
        const peers = one(overlay, 'StatefulSet', 'nats').spec;
        if (service) assert.ok(peers.serviceName === service && Number(pod.split('-')[1]) < peers.replicas, `${place}: ${host}`);
      }
    }
  }
});

test('nothing is let in or out but what is named, and what is named is on both sides', () => {
  const reaches = (overlay, from, to, port) => {
    const policies = rendered.get(overlay).filter(({ kind }) => kind === 'NetworkPolicy').map(({ spec }) => spec);
    const about = (labels) => policies.filter(({ podSelector }) => selects(podSelector.matchLabels ?? {}, labels));
    const allows = (rules = [], side, labels) => rules.some((rule) => (rule.ports ?? []).some((it) => it.port === port)
      && (rule[side] ?? []).some(({ podSelector }) => podSelector && selects(podSelector.matchLabels, labels)));
    return about(from).some(({ egress }) => allows(egress, 'to', to)) && about(to).some(({ ingress }) => allows(ingress, 'from', from));
  };
  for (const overlay of overlays) {
    assert.deepEqual(one(overlay, 'NetworkPolicy', 'default-deny').spec, { podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    const labels = Object.fromEntries(podsOf(rendered.get(overlay)).map((pod) => [pod.name, pod.labels]));
    assert.ok(reaches(overlay, labels.troupe, labels.nats, 4222), `${overlay}: nodes reach their broker`);
    assert.ok(reaches(overlay, labels.troupe, labels.postgres, 5432), `${overlay}: nodes reach their database`);
    assert.ok(reaches(overlay, labels.nats, labels.nats, 6222), `${overlay}: brokers reach each other`);
    assert.ok(reaches(overlay, { 'calls-troupe': 'true' }, labels.troupe, 8080));
    assert.ok(!reaches(overlay, labels.postgres, labels.nats, 4222));
    assert.ok(!reaches(overlay, labels.nats, labels.postgres, 5432));
    assert.ok(!reaches(overlay, labels.troupe, labels.nats, 6222), `${overlay}: the routes are the brokers' own`);
  }
});

test('the component `tracing` names a collector and lets nodes out to its port, and nothing else changes', (t) => {
  const settingsOf = (objects) => objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('troupe-settings'));
  for (const overlay of overlays) {
    const plain = rendered.get(overlay);
    const traced = renderWith(t, overlay, 'tracing');
    for (const object of traced) assert.deepEqual(complaintsOf(object.kind === 'Secret' ? { ...object, data: {} } : object), [], object.metadata.name);

    const { TROUPE_OTLP, TROUPE_OTLP_RATIO, ...others } = settingsOf(traced).data;
    assert.deepEqual(others, settingsOf(plain).data);
    assert.equal(agreeWithProgram({ TROUPE_OTLP, TROUPE_OTLP_RATIO }), 2);
    const told = output(binary, ['doctor', '--json', '--http', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--data', 'none', '--views', 'memory', '--log', 'memory'],
      { env: { ...process.env, TROUPE_OTLP, TROUPE_OTLP_RATIO } });
    assert.equal(JSON.parse(told).findings.find(({ about }) => about === 'configuration').level, 'ok');

    // Pods name their settings with a hash; that apart, the policy is all that is new.
    const same = (objects) => JSON.stringify(objects.filter((it) => it !== settingsOf(objects))).replaceAll(settingsOf(objects).metadata.name, 'settings');
    const [policy, ...more] = traced.filter(({ kind, metadata }) => !plain.some((it) => it.kind === kind && it.metadata.name === metadata.name) && kind !== 'ConfigMap');
    assert.deepEqual(more, []);
    assert.equal(same(traced.filter((it) => it !== policy)), same(plain));

    const { hostname, port } = new URL(TROUPE_OTLP);
    const [, namespace] = hostname.split('.');
    const { podSelector, policyTypes, egress: [{ to: [collector, ...elsewhere], ports }, ...ways] } = policy.spec;
    assert.deepEqual([policy.kind, policyTypes, elsewhere, ways], ['NetworkPolicy', ['Egress'], [], []]);
    assert.equal(policy.metadata.namespace, plain[0].metadata.namespace ?? plain[0].metadata.name);
    assert.ok(selects(podSelector.matchLabels, podsOf(traced).find(({ name }) => name === 'troupe').labels));
    assert.ok(podsOf(traced).every(({ name, labels }) => name === 'troupe' || !selects(podSelector.matchLabels, labels)), 'nodes only');
    assert.deepEqual(collector.namespaceSelector, { matchLabels: { 'kubernetes.io/metadata.name': namespace } });
    assert.ok(Object.keys(collector.podSelector.matchLabels).length > 0, 'not every pod of that namespace');
    assert.deepEqual(ports, [{ protocol: 'TCP', port: Number(port) }]);

    for (const { spec, metadata } of plain.filter(({ kind }) => kind === 'NetworkPolicy')) {
      for (const rule of spec.egress ?? []) {
        assert.ok(rule.ports.every((it) => it.port !== Number(port)), metadata.name);
        assert.ok(rule.to.every(({ namespaceSelector }) => namespaceSelector?.matchLabels['kubernetes.io/metadata.name'] !== namespace), metadata.name);
      }
    }
  }
});

test('a way in from outside leads to nodes that check tokens, but on a developer\'s machine', () => {
  for (const overlay of overlays) {
    const { data } = rendered.get(overlay).find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('troupe-settings'));
    const open = rendered.get(overlay).filter(({ kind, spec }) => kind === 'Ingress' || (kind === 'Service' && spec.type && spec.type !== 'ClusterIP'));
    assert.ok(open.length > 0, overlay);
    if (overlay !== 'dev') {
      assert.equal(data.TROUPE_AUTH, 'jwt');
      assert.ok(data.AUTH0_DOMAIN && data.AUTH0_AUDIENCE, 'an issuer and an audience');
      for (const { spec } of open) assert.deepEqual(spec.tls.flatMap(({ hosts }) => hosts), spec.rules.map(({ host }) => host));
    }
    assert.match(data.TROUPE_ADMIN, /^127\.0\.0\.1:/);
  }
  assert.deepEqual(all('Ingress').map(([overlay, { spec }]) => [overlay, spec.rules[0].http.paths[0].path]), [['dev', '/v1'], ['dev', '/nats(/|$)(.*)'], ['production', '/v1']]);
});

test('production survives the loss of a machine', () => {
  const nats = one('production', 'StatefulSet', 'nats').spec;
  assert.equal(nats.replicas, 3);
  const [apart] = nats.template.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution;
  assert.ok(selects(apart.labelSelector.matchLabels, nats.template.metadata.labels));
  assert.equal(apart.topologyKey, 'kubernetes.io/hostname');
  for (const name of ['nats', 'troupe']) {
    const { spec } = one('production', 'PodDisruptionBudget', name);
    assert.equal(spec.maxUnavailable, 1);
    assert.ok(selects(spec.selector.matchLabels, one('production', 'StatefulSet', name).spec.template.metadata.labels));
  }
  const { scaleTargetRef, minReplicas } = one('production', 'HorizontalPodAutoscaler', 'troupe').spec;
  assert.ok(one('production', scaleTargetRef.kind, scaleTargetRef.name));
  assert.equal(minReplicas, 3);
  assert.equal(one('production', 'StatefulSet', 'troupe').spec.replicas, undefined, 'the autoscaler alone says how many');
});

test('the broker writes through, takes what a node may send, and has a smaller limit than its volume', () => {
  const conf = text('__infra__/kubernetes/base/nats.conf');
  assert.match(conf, /^ {2}sync_interval: always$/m);
  assert.match(conf, /^max_payload: 2MB$/m);
  for (const overlay of overlays) {
    const { spec } = one(overlay, 'StatefulSet', 'nats');
    const limit = spec.template.spec.containers[0].env.find(({ name }) => name === 'MAX_FILE_STORE').value;
    const volume = spec.volumeClaimTemplates[0].spec.resources.requests.storage;
    assert.ok(parseInt(limit, 10) < parseInt(volume, 10) && limit.endsWith('GB') && volume.endsWith('Gi'), `${limit} of ${volume}`);
    const [, { data }] = all('ConfigMap').find(([where, { metadata }]) => where === overlay && metadata.name.startsWith('troupe-settings'));
    assert.ok(Number(data.TROUPE_REPLICAS) <= spec.replicas);
  }
});

test('production runs the version that this tree builds', () => {
  const version = /project\(troupe VERSION ([\d.]+)/.exec(text('CMakeLists.txt'))[1];
  assert.equal(podsOf(rendered.get('production')).find(({ name }) => name === 'troupe').spec.containers[0].image, `devpies/troupe:${version}`);
  for (const [place, { image }] of everyContainer()) assert.match(image, /^[\w/.-]+(:(?!latest)[\w.-]+)?$/, place);
});

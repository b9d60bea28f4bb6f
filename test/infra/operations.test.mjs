// docs/operations.md against what it speaks of.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { overlays, render, repository, text, yaml } from './support.mjs';

const operations = text('docs/operations.md');
const pods = operations.slice(operations.indexOf('# Operations: nodes in pods'));
const objects = overlays.flatMap(render);
const compose = yaml('__infra__/compose/compose.yaml');

test('files that the text names are there', () => {
  const named = [...pods.matchAll(/__infra__\/[\w./-]*\w/g)].map(([path]) => path);
  assert.ok(named.length > 5);
  for (const path of named) assert.ok(existsSync(join(repository, path)), path);
});

test('namespaces, objects and labels are those of the manifests', () => {
  const namespaces = new Set(objects.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name));
  for (const [, name] of pods.matchAll(/kubectl -n (\S+)/g)) assert.ok(namespaces.has(name), name);
  for (const [, name] of pods.matchAll(/statefulset\/(\w+)/g)) assert.ok(objects.some(({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === name), name);
  const manifests = JSON.stringify(objects);
  for (const [, label] of pods.matchAll(/--labels=(\S+)=true/g)) assert.ok(manifests.includes(`"${label}":"true"`), label);
  for (const [, label] of pods.matchAll(/`([a-z-]+): "true"`/g)) assert.ok(manifests.includes(`"${label}":"true"`), label);
});

test('commands have addresses, services and passwords that are there', () => {
  const published = Object.values(compose.services).flatMap(({ ports = [] }) => ports.map((port) => port.split(':')[1]));
  const section = pods.slice(pods.indexOf('## Three nodes on a laptop'), pods.indexOf('## A cluster on a laptop'));
  for (const [, port] of section.matchAll(/localhost:(\d+)/g)) assert.ok(published.includes(port), port);
  for (const [, service] of section.matchAll(/(?:kill|exec) ([\w-]+)/g)) assert.ok(compose.services[service], service);
  const [, url] = /DB_URL=(\S+)/.exec(pods);
  const secret = objects.find(({ kind }) => kind === 'Secret').data['view-db-identity-url'];
  assert.ok(Buffer.from(secret, 'base64').toString().startsWith(url), url);
});

test('variables and times are those of the manifests', () => {
  const [settings] = objects.filter(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('troupe-settings'));
  const nodes = objects.find(({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === 'troupe').spec.template.spec;
  const variables = new Set([...Object.keys(settings.data), ...nodes.containers[0].env.map(({ name }) => name)]);
  for (const [, name] of pods.matchAll(/`(TROUPE_\w+)`/g)) assert.ok(variables.has(name), name);
  const [, wait, drain, all] = /preStop waits (\d+) s[^]*?at most (\d+) s of the (\d+) s/.exec(pods);
  assert.deepEqual([wait, drain, Number(all)], [nodes.containers[0].lifecycle.preStop.exec.command[1], settings.data.TROUPE_DRAIN, nodes.terminationGracePeriodSeconds]);
  const { spec } = objects.find(({ kind }) => kind === 'HorizontalPodAutoscaler');
  assert.ok(pods.includes(`keeps ${spec.minReplicas} to ${spec.maxReplicas} by their CPU`));
});

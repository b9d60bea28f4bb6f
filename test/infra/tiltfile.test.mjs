// The Tiltfile without Tilt: run by Starlark's own interpreter with stand-ins for Tilt's functions.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { output, podsOf, render, repository } from './support.mjs';

const folder = join(repository, '__infra__');
// Debian's packages of Go modules lie where Go looked for them before it knew modules.
const calls = output('go', ['run', join(repository, 'test/infra/tiltfile/main.go'), join(folder, 'Tiltfile')],
  { env: { ...process.env, GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOFLAGS: '' } }).trim().split('\n').map((line) => JSON.parse(line));
const callsOf = (name) => calls.filter((one) => one.function === name);
const pods = podsOf(render('dev'));

test('the image that is built is the one that the overlay runs', () => {
  const [{ arguments: [image, context], named }] = callsOf('docker_build');
  assert.ok(pods.some(({ spec }) => spec.containers.some((one) => one.image === image)), image);
  assert.ok(existsSync(join(folder, context, 'CMakeLists.txt')));
  assert.ok(existsSync(join(folder, named.dockerfile)));
  assert.deepEqual(callsOf('kustomize').map((one) => one.arguments), [['kubernetes/overlays/dev']]);
  assert.equal(callsOf('k8s_yaml').length, 1);
});

test('resources and forwarded ports are those of pods', () => {
  // The admin endpoint listens on the pod's loopback only, so the pod declares no port for it.
  const ports = { troupe: [9090] };
  for (const { name, spec } of pods) ports[name] = [...(ports[name] ?? []), ...spec.containers.flatMap((one) => one.ports.map(({ containerPort }) => containerPort))];
  const named = callsOf('k8s_resource').map((one) => one.arguments[0]);
  assert.deepEqual(named.sort(), Object.keys(ports).sort());
  for (const { arguments: [name], named: { port_forwards: forwards, resource_deps: awaited = [] } } of callsOf('k8s_resource')) {
    for (const other of awaited) assert.ok(other in ports, other);
    for (const forward of forwards.map((one) => JSON.parse(one))) assert.ok(ports[name].includes(forward.arguments[1]), `${name}: ${forward.arguments}`);
  }
});

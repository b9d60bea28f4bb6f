// What the tests of __infra__ share: its files as values, the rendered overlays, the program's own account of its flags.
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { binary, repository, temporaryDirectory } from '../e2e/support/node.mjs';

export { binary, repository };
export const overlays = ['dev', 'production'];

export const text = (path) => readFileSync(join(repository, path), 'utf8');
export const yaml = (path) => parse(text(path), { merge: true });

/** Runs a program to its end and returns its standard output; throws what it complained of. */
export function output(program, args, options = {}) {
  const ended = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 64 << 20, ...options });
  if (ended.error) throw ended.error;
  if (ended.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${ended.stderr}`);
  return ended.stdout;
}

/** kustomize itself, or the one inside kubectl. */
function kustomize(folder) {
  try {
    return output('kustomize', ['build', folder]);
  } catch (why) {
    if (why.code !== 'ENOENT') throw why;
    return output('kubectl', ['kustomize', folder]);
  }
}

const built = (folder) => parseAllDocuments(kustomize(folder)).map((one) => one.toJS());

/** The objects of an overlay, as they would be applied. */
export function render(overlay) {
  return built(join(repository, '__infra__/kubernetes/overlays', overlay));
}

/** The same, with one more component in the overlay's list. */
export function renderWith(t, overlay, component) {
  const copy = temporaryDirectory(t);
  for (const folder of ['kubernetes', 'observability']) cpSync(join(repository, '__infra__', folder), join(copy, folder), { recursive: true });
  const folder = join(copy, 'kubernetes/overlays', overlay);
  const file = join(folder, 'kustomization.yaml');
  const kustomization = parse(readFileSync(file, 'utf8'));
  kustomization.components.push(`../../components/${component}`);
  writeFileSync(file, stringify(kustomization));
  return built(folder);
}

/** The pods that objects make: { name, spec, labels }. */
export function podsOf(objects) {
  return objects.filter(({ spec }) => spec?.template?.spec)
    .map(({ metadata, spec }) => ({ name: metadata.name, spec: spec.template.spec, labels: spec.template.metadata.labels }));
}

export const containersOf = ({ spec }) => [...(spec.initContainers ?? []), ...spec.containers];

/** Each flag of `troupe run` by its environment variable: { flag, choices, least, most }. */
export function flagsByVariable() {
  const help = output(binary, ['run', '--help']);
  const flags = [...help.matchAll(/^ +--([a-z-]+) [A-Z]+(?::(?:U?INT|FLOAT) in \[([\d.]+) - ([\d.]+)\])?(?::\{([^}]*)\})?/gm)]
    .map(([, flag, least, most, choices]) => ({ flag, least: Number(least ?? -Infinity), most: Number(most ?? Infinity), choices: choices?.split(',') }));
  return new Map(flags.map((one) => [`TROUPE_${one.flag.toUpperCase().replaceAll('-', '_')}`, one]));
}

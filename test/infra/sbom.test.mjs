// `make sbom`: the list is valid, the same each time, and has what the program really loads.
import Ajv from 'ajv';
import formats from 'ajv-formats';
import draft2019 from 'ajv-formats-draft2019';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { binary, output, repository, text } from './support.mjs';

const sbom = output(join(repository, '__infra__/ci/sbom'), [dirname(binary)]);
const bill = JSON.parse(sbom);
const debian = new Map(bill.components.filter(({ purl }) => purl.startsWith('pkg:deb/')).map((one) => [one.name, one]));
const npm = bill.components.filter(({ purl }) => purl.startsWith('pkg:npm/'));

function complaints(document) {
  const folder = join(dirname(createRequire(import.meta.url).resolve('@cyclonedx/cyclonedx-library/package.json')), 'res/schema');
  const schema = (name) => JSON.parse(readFileSync(join(folder, `${name}.SNAPSHOT.schema.json`), 'utf8'));
  const ajv = new Ajv({ strict: false });
  for (const name of ['spdx', 'jsf-0.82']) ajv.addSchema(schema(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
  formats(ajv);
  draft2019(ajv);
  const validate = ajv.compile(schema('bom-1.6'));
  return validate(document) ? [] : validate.errors.map(({ instancePath, message }) => `${instancePath} ${message}`);
}

test('the bill fits the schema of CycloneDX, which would see what does not', () => {
  assert.deepEqual(complaints(bill), []);
  assert.match(complaints({ ...bill, components: [{ ...bill.components[0], type: 'libary' }] }).join(), /components\/0\/type/);
  assert.match(complaints({ ...bill, serialNumber: 'urn:4711' }).join(), /serialNumber/);
});

test('the same program gives the same bill, of which nothing tells of this machine', () => {
  assert.equal(output(join(repository, '__infra__/ci/sbom'), [dirname(binary)]), sbom);
  assert.ok(!sbom.includes(repository));
  assert.equal(bill.metadata.component.hashes[0].content, createHash('sha256').update(readFileSync(binary)).digest('hex'));
  assert.equal(bill.metadata.component.version, /project\(troupe VERSION ([\d.]+)/.exec(text('CMakeLists.txt'))[1]);
});

test('every package that the image installs for the program is in it, as installed', () => {
  const group = /^run=\(([^)]+)\)/m.exec(text('__infra__/install/debian.sh'))[1].trim().split(/\s+/);
  for (const name of [...group, 'libc6', 'libpq5']) {
    assert.ok(debian.has(name), name);
    assert.equal(debian.get(name).version, output('dpkg-query', ['-W', '-f', '${Version}', name]), name);
  }
});

test('libraries that are compiled in are in it too', () => {
  for (const name of ['nlohmann-json3-dev', 'libvalijson-dev', 'libcli11-dev']) assert.ok(debian.has(name), name);
  const { version } = npm.find(({ name }) => name === 'uplot');
  assert.ok(text('bridges/http/console/uplot.js').startsWith(`/*! uPlot ${version},`));
});

test('who needs whom leads from the program to every part that is run', () => {
  const on = new Map(bill.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
  const reached = new Set([bill.metadata.component['bom-ref']]);
  for (const ref of reached) on.get(ref).forEach((one) => reached.add(one));
  const run = bill.components.filter(({ scope }) => scope === 'required').map((one) => one['bom-ref']);
  assert.deepEqual(run.filter((ref) => !reached.has(ref)), []);
  assert.ok(on.get(debian.get('libpqxx-6.4')['bom-ref']).includes(debian.get('libpq5')['bom-ref']));
});

test('npm packages that build and test are told apart from the one that is carried', () => {
  assert.deepEqual(npm.filter(({ scope }) => scope === 'required').map(({ name }) => name), ['uplot']);
  for (const folder of ['schema', 'test/bench', 'test/e2e', 'test/infra']) {
    const locked = Object.keys(JSON.parse(text(`${folder}/package-lock.json`)).packages).filter((path) => path.includes('node_modules/'));
    const listed = npm.filter(({ properties }) => properties.some(({ value }) => value === folder));
    const names = new Set(locked.map((path) => path.split('node_modules/').at(-1)));
    assert.deepEqual(new Set(listed.map(({ name }) => name)), names, folder);
  }
});

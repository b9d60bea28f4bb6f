// The image without a builder: its Dockerfile is linted, its parts are what they should be, and its probe is asked about a node.
import assert from 'node:assert/strict';
import { DockerfileParser } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { startNode } from '../e2e/support/node.mjs';
import { binary, output, repository, text } from './support.mjs';

const dockerfile = text('__infra__/Dockerfile');
const instructions = (keyword, of = dockerfile) => DockerfileParser.parse(of).getInstructions().filter((one) => one.getKeyword() === keyword);
const complaints = (of) => validate(of).map(({ message, range }) => `line ${range.start.line + 1}: ${message}`);
const probe = (path, environment = {}) => spawnSync(join(repository, '__infra__/image/troupe-probe'), [path], { encoding: 'utf8', env: environment });

function temporary(t) {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-infra-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('the linter has nothing to say of the Dockerfile', () => {
  assert.deepEqual(complaints(dockerfile), []);
  for (const [from, to] of [['USER 65532:65532', 'USRE 65532:65532'], ['--interval=5s', '--interval=5'], ['EXPOSE 8080', 'EXPOSE eighty']]) {
    assert.equal(complaints(dockerfile.replace(from, to)).length, 1, to);
  }
});

test('what is run is small, of nobody, and tells its health', () => {
  const stages = instructions('FROM').map((one) => one.getArgumentsContent().split(' ')[0]);
  assert.deepEqual(stages, ['debian:12-slim', 'debian:12-slim']);
  assert.deepEqual(instructions('USER').map((one) => one.getArgumentsContent()), ['65532:65532']);
  assert.match(instructions('HEALTHCHECK')[0].getArgumentsContent(), /\["troupe-probe", "\/readyz/);
  const last = dockerfile.slice(dockerfile.lastIndexOf('FROM '));
  assert.doesNotMatch(last, /debian\.sh build|COPY (?!--from=build)/);
  assert.deepEqual(instructions('ENTRYPOINT', last).map((one) => one.getArgumentsContent()), ['["troupe"]']);
});

test('the image installs what the program links, and nothing else of its own', (t) => {
  if (spawnSync('dpkg-query', ['--version']).error) return t.skip('not a Debian system');
  const needed = [...output('readelf', ['--dynamic', '--wide', binary]).matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, name]) => name);
  assert.ok(needed.length > 8);
  const places = [...output('ldd', [binary]).matchAll(/^\s+(\S+) => (\S+)/gm)].filter(([, name]) => needed.includes(name)).map(([, , path]) => path);
  // A package may name its files by way of the link from /lib to /usr/lib, or not.
  const { stdout } = spawnSync('dpkg-query', ['--search', ...places.flatMap((path) => [path, `/usr${path}`, path.replace(/^\/usr/, '')])], { encoding: 'utf8' });
  const owners = new Set([...stdout.matchAll(/^([^:\s]+)(?::\w+)?: \//gm)].map(([, name]) => name));
  for (const always of ['libc6', 'libgcc-s1']) owners.delete(always); // in the base image
  owners.add('ca-certificates'); // not linked: who vouches for the issuer of tokens
  const group = /^run=\(([^)]+)\)/m.exec(text('__infra__/install/debian.sh'))[1].trim().split(/\s+/);
  assert.deepEqual(group.sort(), [...owners].sort());
});

test('the image holds the stripped program, its probe and every feature\'s migrations', (t) => {
  const folder = temporary(t);
  output(join(repository, '__infra__/image/stage'), [binary, folder]);
  assert.equal(output(join(folder, 'usr/local/bin/troupe'), ['version']), output(binary, ['version']));
  assert.doesNotMatch(output('readelf', ['--section-headers', '--wide', join(folder, 'usr/local/bin/troupe')]), /\.symtab|\.debug_/);
  const sources = output('git', ['ls-files', 'actors/*/*/migrations/*.sql'], { cwd: repository }).trim().split('\n');
  assert.ok(sources.length >= 4);
  for (const source of sources) {
    const [, feature, part, , file] = source.split('/');
    assert.equal(readFileSync(join(folder, 'migrations', feature, part, file), 'utf8'), text(source));
  }
  // As the init containers call it, on a database that needs no server.
  const database = `sqlite://${join(folder, 'users.db')}`;
  const migrate = (...args) => spawnSync(binary, ['migrate', '-path', join(folder, 'migrations/identity/aggregator'), '-database', database, ...args], { encoding: 'utf8' });
  assert.equal(migrate('-verbose', 'up').status, 0);
  assert.match(migrate('version').stderr + migrate('version').stdout, /^1$/m);
});

test('the probe succeeds while the node answers 200, and shows what it said', async (t) => {
  const node = await startNode(t);
  const environment = { TROUPE_ADMIN: new URL(node.admin).host, PATH: process.env.PATH };
  for (const path of ['/livez', '/readyz?verbose', '/startupz', '/metrics', '/admin/projections']) {
    const { status, stdout } = probe(path, environment);
    assert.equal(status, 0, path);
    assert.ok(stdout.length > 0, path);
  }
  assert.ok(JSON.parse(probe('/admin/projections', environment).stdout).items.length > 0);
  assert.equal(probe('/nothing', environment).status, 1);
  assert.match(probe('/nothing', environment).stdout, /not-found/);
  await node.stop('SIGTERM');
  assert.notEqual(probe('/livez', environment).status, 0);
});

test('without a builder, make image says what is missing', (t) => {
  const folder = temporary(t);
  writeFileSync(join(folder, 'docker'), '#!/bin/sh\nexit 1\n', { mode: 0o755 }); // a client without an engine
  const programs = ['bash', 'dirname', 'env'].map((name) => output('which', [name]).trim());
  for (const program of programs) output('ln', ['-s', program, folder]);
  const { status, stderr } = spawnSync(join(repository, '__infra__/image/build'), [], { encoding: 'utf8', env: { PATH: folder } });
  assert.equal(status, 1);
  assert.match(stderr, /^make image: needs a running docker, podman or buildah .*\n$/);
});

test('secrets and what is built on the machine stay out of the image', () => {
  const ignored = new Set(text('.dockerignore').split('\n'));
  for (const pattern of ['.git', '**/build', '**/node_modules', 'data', '**/*.env']) assert.ok(ignored.has(pattern), pattern);
});

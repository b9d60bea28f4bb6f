// What the linker and the compiler were told to guard, read from the program itself by checksec.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { temporaryDirectory } from '../e2e/support/node.mjs';
import { binary, output } from './support.mjs';

const wanted = { relro: 'full', canary: 'yes', nx: 'yes', pie: 'yes', rpath: 'no', runpath: 'no', fortify_source: 'yes' };

/** What a program lacks: { relro: 'partial' }; {} if it is as it should be. */
function lacks(program) {
  const found = Object.values(JSON.parse(output('checksec', ['--format=json', `--file=${program}`])))[0];
  return Object.fromEntries(Object.keys(wanted).filter((name) => found[name] !== wanted[name]).map((name) => [name, found[name]]));
}

test('the program is position independent, read-only where it can be, and guards its stack and its libc calls', () => {
  assert.deepEqual(lacks(binary), {}, 'was it built with TROUPE_HARDEN, as the preset dev does?');
});

test('the check sees each guard that is left out', (t) => {
  const folder = temporaryDirectory(t);
  const source = '#include <stdio.h>\nint main(int n, char** v) { char all[64]; strcpy(all, v[n - 1]); puts(all); return 0; }';
  const guards = ['-O2', '-fPIE', '-pie', '-fstack-protector-strong', '-U_FORTIFY_SOURCE', '-D_FORTIFY_SOURCE=2', '-Wl,-z,relro,-z,now'];
  const built = (name, without) => {
    const program = join(folder, name);
    output('gcc', ['-x', 'c', '-include', 'string.h', ...guards, ...without, '-o', program, '-'], { input: source });
    return lacks(program);
  };
  assert.deepEqual(built('guarded', []), {});
  for (const [guard, without] of Object.entries({
    relro: ['-Wl,-z,lazy'],
    canary: ['-fno-stack-protector'],
    nx: ['-Wl,-z,execstack'],
    pie: ['-no-pie', '-fno-PIE'],
    rpath: ['-Wl,-rpath,/opt,--disable-new-dtags'],
    runpath: ['-Wl,-rpath,/opt,--enable-new-dtags'],
    fortify_source: ['-U_FORTIFY_SOURCE'],
  })) assert.deepEqual(Object.keys(built(guard, without)), [guard]);
});

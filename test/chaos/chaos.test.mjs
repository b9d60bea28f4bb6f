// The short run: three nodes under load lose a node, a node's attention, lines and a broker's leader; what clients saw must fit the
// log. `make chaos` is the long one.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import test from 'node:test';

const program = fileURLToPath(new URL('run.mjs', import.meta.url));
const runs = (...args) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', maxBuffer: 1 << 28 });
  return { status, text: stdout + stderr };
};

test('faults under load: entities are linearizable, acknowledged commands exactly once, views equal a replay', (t) => {
  const { status, text } = runs('--operations', '3000', '--faults', 'kill,pause,cut,split,leader', '--seconds', '3');
  t.diagnostic(text);
  assert.equal(status, 0, text.slice(-20_000));
  assert.match(text, /^verdict {5}no violation \(seed \d+\)$/m);
});

// A bent clock is put before the program's other libraries, where a sanitizer wants to be.
const skip = process.env.ASAN_OPTIONS !== undefined;
test('a clock an hour off: the same holds', { skip }, (t) => {
  const { status, text } = runs('--operations', '500', '--faults', 'clock', '--seconds', '3');
  t.diagnostic(text);
  assert.equal(status, 0, text.slice(-20_000));
});

test('a fault that does not exist is refused', () => {
  const { status, text } = runs('--faults', 'flood');
  assert.equal(status, 2);
  assert.match(text, /--faults: there is no fault 'flood'; there are kill, pause/);
});

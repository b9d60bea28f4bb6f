// Reads the malformed requests of test/http-corpus; its README.md describes the format.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './node.mjs';

const folder = join(repository, 'test/http-corpus');
const simple = { r: '\r', n: '\n', t: '\t', 0: '\0', '\\': '\\' };

/** Text with escapes, as bytes in a latin1 string. */
function unescape(text) {
  const repeated = text.replace(/\\<(\d+)\*(.*?)\\>/gs, (_, count, what) => what.repeat(Number(count)));
  return repeated.replace(/\\(x([0-9a-f]{2})|[rnt0\\])/g, (_, escape, hex) =>
    hex ? String.fromCharCode(parseInt(hex, 16)) : simple[escape]);
}

/** Every case: { file, name, statuses, fate, bytes }. */
export function malformedRequests() {
  const cases = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.txt')).sort()) {
    let template;
    for (const line of readFileSync(join(folder, file), 'latin1').split('\n')) {
      if (line === '' || line.startsWith('#')) continue;
      if (line.startsWith(':: ')) {
        template = line.slice(3);
        continue;
      }
      const [, expected, fate, name, text] = line.match(/^(\S+) (close|keep|late|end) \| (\w+) \| ?(.*)$/) ?? [];
      if (!template || !name) throw new Error(`${file}: this line is no case: ${line}`);
      const body = unescape(text);
      // The template's first `{}`: what follows may be a body of its own.
      const at = template.indexOf('{}');
      const whole = unescape(template.slice(0, at)).replace('{length}', String(body.length)) + body + unescape(template.slice(at + 2));
      cases.push({
        file, name, fate, bytes: Buffer.from(whole, 'latin1'),
        statuses: expected.split('/').map((one) => (one === 'none' ? undefined : Number(one))),
      });
    }
  }
  return cases;
}

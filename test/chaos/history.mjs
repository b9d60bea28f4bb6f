// A history on disk: one JSON text a line, `{"operation":…}`, `{"event":…}` or `{"view":…}`.
import { createReadStream, createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { createInterface } from 'node:readline';

export async function save(file, { operations, log, views }) {
  const out = createWriteStream(file);
  const write = async (line) => out.write(`${JSON.stringify(line)}\n`) || new Promise((resolve) => out.once('drain', resolve));
  for (const operation of operations) await write({ operation });
  for (const event of log) await write({ event });
  for (const view of views) await write({ view });
  await finished(out.end());
}

export async function load(file) {
  const history = { operations: [], log: [], views: [] };
  const lists = { operation: history.operations, event: history.log, view: history.views };
  for await (const line of createInterface({ input: createReadStream(file) })) {
    for (const [kind, one] of Object.entries(JSON.parse(line))) lists[kind].push(one);
  }
  return history;
}

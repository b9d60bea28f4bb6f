// Copies the console's chart library from its npm package into bridges/http/console, licence included, so that the
// build needs neither Node nor a network. After a new version in package.json: `node test/e2e/vendor.mjs`. The console's
// test holds the copies against `vendored()`.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const source = (path) => readFileSync(here(`node_modules/uplot/${path}`), 'utf8');

/** File name → text, for bridges/http/console. */
export function vendored() {
  const { version } = JSON.parse(source('package.json'));
  const head = `/*! uPlot ${version}, generated: copied from its npm package by test/e2e/vendor.mjs; do not edit.\n\n${source('LICENSE').trim()}\n*/\n`;
  return { 'uplot.js': head + source('dist/uPlot.iife.min.js'), 'uplot.css': head + source('dist/uPlot.min.css') };
}

export const consoleFolder = here('../../bridges/http/console');

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of Object.entries(vendored())) writeFileSync(join(consoleFolder, name), text);
}

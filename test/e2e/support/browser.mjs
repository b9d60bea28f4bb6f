// A real browser in front of a node's console: Debian's Chromium, driven by playwright-core.
//
//   const page = await openConsole(t, node);          fails the test on any error of the page, at its end
//   await go(page, 'entity?category=identity&id=4711');
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { afterwards, patience } from './node.mjs';

const program = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const quiet = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

let browser;

/** One browser for all tests of a file; it ends with them. */
async function shared() {
  assert.ok(program, 'no Chromium found: install the package chromium');
  browser ??= chromium.launch({ executablePath: program, args: process.getuid() === 0 ? ['--no-sandbox', ...quiet] : quiet });
  return browser;
}

export const closeBrowser = async () => (await browser)?.close();

/** A page of its own, on the console's first page. Options are those of a Playwright context. */
export async function openConsole(t, node, options = {}) {
  const context = await (await shared()).newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-GB', timezoneId: 'UTC', ...options });
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  const complaints = [];
  const expected = [];
  page.on('pageerror', (error) => complaints.push(`error: ${error.stack}`));
  page.on('console', (message) => {
    const refused = /status of (401|404|409|503)/.test(message.text()); // The node's answers; the page tells of them itself.
    if (['error', 'warning'].includes(message.type()) && !refused) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(node.admin)) complaints.push(`asks elsewhere: ${request.url()}`);
  });
  page.on('dialog', (dialog) => (complaints.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
  afterwards(t, async () => {
    await context.close();
    const lostNode = (text) => expected.some((one) => one.test(text));
    assert.deepEqual(complaints.filter((one) => !lostNode(one)), []);
  });
  page.expectComplaint = (pattern) => expected.push(pattern);
  await page.goto(`${node.admin}/`);
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  return page;
}

const titles = { overview: 'Overview', actors: 'Actors', actor: 'Actor', entity: 'Entity', log: 'Event log', projections: 'Projections', letters: 'Dead letters', trace: 'Trace', cluster: 'Cluster' };

/** Shows a page by its address, and waits until it is there. */
export async function go(page, place) {
  await page.evaluate((hash) => (location.hash = hash), `#/${place}`);
  await page.getByRole('heading', { level: 1, name: titles[place.split('?')[0]], exact: true }).waitFor();
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core finds serious on the page as it is: [] when all is well. The context needs `bypassCSP`. */
export async function seriousViolations(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return violations.filter((one) => ['serious', 'critical'].includes(one.impact))
    .map((one) => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(' | ')}`);
}

// Makes the README's pictures of the console: `node test/e2e/screenshots.mjs` after a build. Needs the packages that e2e_packages installs.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { closeBrowser, go, openConsole } from './support/browser.mjs';
import { inFlight, ok, profile, repository, startNode, tutorial, until } from './support/node.mjs';

const folder = join(repository, 'docs/console');
const size = { viewport: { width: 960, height: 640 } };

after(closeBrowser);

async function picture(page, place, name) {
  await go(page, place);
  await page.waitForLoadState('networkidle');
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

test('pictures of a busy node', async (t) => {
  mkdirSync(folder, { recursive: true });
  const node = await startNode(t, { flags: ['--node', 'demo'] });
  const { id } = ok(await node.post('/v1/identity/AddUser', profile('zoe', { firstName: 'Zoë' })));
  ok(await node.post(`/v1/identity/${id}/ModifyUser`, { firstName: 'Zoë', lastName: 'Alleyne', picture: '', locale: 'en-GB' }));
  ok(await node.post(`/v1/identity/${id}/LockAccount`, { reason: 'asked for it' }));
  const page = await openConsole(t, node, size);
  let next = 0;
  const drawn = () => page.evaluate(async () => (await import('./console/samples.js')).series.time.length >= 25);
  await until('enough to draw', async () => {
    await inFlight(20 + Math.round(15 * Math.sin(next / 300)), 8, () => node.post('/v1/identity/AddUser', profile(`user${next++}`)));
    return drawn();
  }, 180_000);
  await picture(page, 'overview', 'overview');
  await picture(page, `entity?category=identity&id=${id}&version=2`, 'entity');
});

test('pictures of a node with a parked event', async (t) => {
  const node = await startNode(t, { program: tutorial, flags: ['--node', 'demo'] });
  for (const grams of [1_000_000_000, 1_000_000_000, 1_000_000_000, 1]) ok(await node.post('/v1/parcels/PostParcel', { depot: 'oslo', grams }));
  await node.caughtUp('depots');
  const page = await openConsole(t, node, { ...size, colorScheme: 'dark' });
  await picture(page, 'letters', 'letters');
  await picture(page, 'actors', 'actors');
});

// The console in a real browser: what each page shows, one story from a command to a mended view, and that everybody can
// use it. Its assets come out of the program under test.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { closeBrowser, go, openConsole, seriousViolations } from './support/browser.mjs';
import { inMemory, mended, ok, profile, startNode, temporaryDirectory, tutorial, until } from './support/node.mjs';
import { consoleFolder, vendored } from './vendor.mjs';

after(closeBrowser);

/** Zoë, added, renamed and locked: three versions. */
async function zoe(node) {
  const { id, commandId } = ok(await node.post('/v1/identity/AddUser', profile('zoe', { firstName: 'Zoë' })));
  ok(await node.post(`/v1/identity/${id}/ModifyUser`, { firstName: 'Zoë', lastName: 'Alleyne', picture: '', locale: 'en' }));
  ok(await node.post(`/v1/identity/${id}/LockAccount`, { reason: 'lost phone' }));
  await node.caughtUp('users');
  return { id, commandId };
}

const text = (page) => page.locator('main').innerText();
const shows = (page, pattern) => until(`${pattern} on the page`, async () => pattern.test(await text(page)));
const told = (page, pattern) => until(`the message ${pattern}`, async () => pattern.test(await page.getByRole('status').innerText()));

test('the chart library in the program is the one of its package', () => {
  for (const [name, expected] of Object.entries(vendored())) {
    assert.equal(readFileSync(join(consoleFolder, name), 'utf8'), expected, `${name}: run node test/e2e/vendor.mjs`);
  }
});

test('the overview tells how the node is, in figures and pictures', async (t) => {
  const node = await startNode(t);
  await zoe(node);
  const page = await openConsole(t, node);
  await shows(page, /Every check passes/);
  await shows(page, /Parked events\s*0/);
  await shows(page, /Features\s*identity/);
  await until('the charts', async () => (await page.locator('figure canvas').count()) === 3);
  await shows(page, /Now: accepted [\d.]+\/s/);
  assert.equal(await page.locator('#ready').innerText(), 'Ready');
});

test('the supervision tree shows every actor, and an actor what it holds', async (t) => {
  const node = await startNode(t);
  const { id } = await zoe(node);
  const page = await openConsole(t, node);
  await go(page, 'actors');
  const tree = page.locator('ul.tree');
  for (const name of ['root', 'bridges', 'http', 'writer', 'command-handlers', 'subscribers', 'users', id]) {
    await tree.getByRole('link', { name, exact: true }).first().waitFor();
  }
  await page.getByRole('searchbox').fill('no-such-id');
  await shows(page, /no live entity whose id begins so/);
  await page.getByRole('searchbox').fill(id.slice(0, 8));
  await tree.getByRole('link', { name: id }).click();
  await shows(page, /"lastName": "Alleyne"/);
  await shows(page, /Mailbox\s*0 waiting/);
  await go(page, 'actor?path=/features/identity/projectors/users');
  await page.getByRole('button', { name: 'Restart' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Restart' }).click();
  await told(page, /restarts/);
  await shows(page, /Restarts\s*1/);
});

test('an entity is shown at every version, and a command is tried without being stored', async (t) => {
  const node = await startNode(t);
  const { id } = await zoe(node);
  const page = await openConsole(t, node);
  await go(page, 'entity');
  await page.getByRole('textbox', { name: 'Id' }).fill(id);
  await page.getByRole('button', { name: 'Show' }).click();
  await shows(page, /State at version 3/);
  assert.match(await page.getByRole('row', { name: /^status/ }).innerText(), /"locked"\s+yes/);
  await page.getByRole('button', { name: 'Earlier' }).click();
  await shows(page, /Event 2: UserModified/);
  assert.match(await page.getByRole('row', { name: /^lastName/ }).innerText(), /"Alleyne"\s+yes/);
  await page.getByRole('slider').fill('1');
  await shows(page, /Event 1: UserAdded/);
  assert.match(await page.getByRole('row', { name: /^lastName/ }).innerText(), /"Washburne"/);

  await page.getByText('What if…').click();
  await page.getByLabel('Command').selectOption('LockAccount');
  const data = page.getByLabel('Data, as JSON');
  await data.fill('{"reason": "just to see"}');
  await page.getByRole('button', { name: 'Try it' }).click();
  await told(page, /Tried: accepted. Nothing was stored/);
  await shows(page, /"type": "AccountLocked"/);
  await data.fill('{"reason": 7}');
  await page.getByRole('button', { name: 'Try it' }).click();
  await shows(page, /invalid-data/);
  await data.fill('{');
  await page.getByRole('button', { name: 'Try it' }).click();
  await told(page, /The data is not JSON/);
  assert.equal(ok(await node.get(`/admin/entities/identity/${id}`)).version, 3);
});

test('the log is searched by stream, type, command and text', async (t) => {
  const node = await startNode(t);
  const { id, commandId } = await zoe(node);
  for (let i = 0; i < 5; ++i) ok(await node.post('/v1/identity/AddUser', profile(`other${i}`)));
  const page = await openConsole(t, node);
  const events = page.locator('ul.events > li');
  const finds = async (query, count) => {
    await go(page, `log?category=identity&${query}`);
    await until(`${count} events for ${query}`, async () => (await events.count()) === count);
  };
  await finds('', 8);
  await finds(`stream=${id}`, 3);
  await finds('type=UserAdded', 6);
  await finds(`command=${commandId}`, 1);
  await finds('text=nowhere', 0); // So that the one below is not the one above.
  await finds('text=alleyne', 1);
  await events.first().locator('summary').click();
  await shows(page, /"lastName": "Alleyne"/);
  await finds('', 8); // The form is that of this page from here on.
  await page.getByLabel('Type').fill('AccountLocked');
  await page.getByRole('button', { name: 'Search' }).click();
  await until('one event', async () => (await events.count()) === 1);
  assert.match(page.url(), /type=AccountLocked/);
});

test('projections are paused, resumed and rebuilt by hand', async (t) => {
  const node = await startNode(t);
  await zoe(node);
  const page = await openConsole(t, node);
  await go(page, 'projections');
  const users = page.getByRole('region', { name: /^users/ });
  await users.getByRole('button', { name: 'Pause' }).click();
  await told(page, /users stands still/);
  await until('users to be paused', async () => (await node.projection('users')).status === 'paused');
  ok(await node.post('/v1/identity/AddUser', profile('wash')));
  await until('the lag', async () => /1 event behind/.test(await users.innerText()));
  await users.getByRole('button', { name: 'Resume' }).click();
  await node.caughtUp('users');
  await until('no lag', async () => /up to date/.test(await users.innerText()));
  await users.getByRole('button', { name: 'Rebuild' }).click();
  await page.keyboard.press('Escape');
  await told(page, /Nothing was changed/);
  await users.getByRole('button', { name: 'Rebuild' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Rebuild' }).click();
  await told(page, /starts again from the first event/);
  await node.caughtUp('users');
  await until('the progress', async () => /4 of 4/.test(await users.innerText()));
});

test('where changes need a token, a person is asked for it once', async (t) => {
  const file = join(temporaryDirectory(t), 'tokens');
  writeFileSync(file, 'anna:correct-horse-battery-staple\n');
  const node = await startNode(t, { flags: ['--admin-token', file] });
  await zoe(node);
  const page = await openConsole(t, node);
  await go(page, 'projections');
  const users = page.getByRole('region', { name: /^users/ });
  const dialog = page.getByRole('dialog', { name: 'This needs a token' });
  await users.getByRole('button', { name: 'Pause' }).click();
  await dialog.getByLabel(/token/).fill('wrong');
  await dialog.getByRole('button', { name: 'Use it' }).click();
  await told(page, /not accepted/);
  await users.getByRole('button', { name: 'Pause' }).click();
  await dialog.getByLabel(/token/).fill('correct-horse-battery-staple');
  await dialog.getByRole('button', { name: 'Use it' }).click();
  await told(page, /users stands still/);
  await users.getByRole('button', { name: 'Resume' }).click();
  await node.caughtUp('users');
  assert.match(node.stderr, /audit: anna /);
  await go(page, 'cluster');
  const changes = page.getByRole('region', { name: 'Changes' }).getByRole('row');
  await until('the changes', async () => (await changes.count()) === 3);
  assert.match(await changes.nth(1).innerText(), /anna\s+127\.0\.0\.1\s+POST \/admin\/projections\/users\/resume\s+200/);
  assert.match(await changes.nth(2).innerText(), /anna\s+127\.0\.0\.1\s+POST \/admin\/projections\/users\/pause\s+200/);
});

test('a trace leads from the request to the rows, and the cluster page names the node', async (t) => {
  const node = await startNode(t);
  const { commandId } = await zoe(node);
  const page = await openConsole(t, node);
  await go(page, 'trace');
  await page.getByLabel(/Trace, correlation or command id/).fill(commandId);
  await page.getByRole('button', { name: 'Show' }).click();
  await shows(page, /1 command, 1 event/);
  const users = page.locator('ul.tree li', { has: page.getByText('users', { exact: true }) }).last();
  assert.match(await users.innerText(), /applied/);
  await users.locator('summary').click();
  await shows(page, /"email": "zoe@example.com"/);
  await go(page, 'trace?id=nothing');
  await shows(page, /Nothing among the newest events/);
  const { node: name } = ok(await node.get('/admin/info'));
  await go(page, 'cluster');
  await page.getByRole('cell', { name, exact: true }).waitFor();
});

test('what users have written stays text', async (t) => {
  const node = await startNode(t);
  const hostile = '<img src=x onerror=alert(1)><script>alert(2)</script>';
  const { id } = ok(await node.post('/v1/identity/AddUser', profile('mallory', { firstName: hostile })));
  await node.caughtUp('users');
  const page = await openConsole(t, node);
  for (const place of [`entity?category=identity&id=${id}`, 'log?category=identity&text=onerror', `actor?path=/features/identity/command-handlers/${id}`]) {
    await go(page, place);
    await until('the text', async () => (await page.locator('main').textContent()).includes(hostile.slice(0, 20)));
    assert.equal(await page.locator('main img, main script').count(), 0);
  }
});

test('a command arrives while one looks, its poison is found and, once mended, retried', { skip: inMemory }, async (t) => {
  const data = temporaryDirectory(t);
  const node = await startNode(t, { data, program: tutorial });
  const post = async (depot, grams, of = node) => ok(await of.post('/v1/parcels/PostParcel', { depot, grams }));
  const page = await openConsole(t, node);
  await go(page, 'letters');
  await shows(page, /Nothing is parked/);
  await go(page, 'log');
  await shows(page, /Nothing has been stored yet/);
  await post('oslo', 1_000_000_000);
  await shows(page, /ParcelPosted/); // without anybody touching the page
  await post('oslo', 1_000_000_000);
  await post('rome', 7);
  const poison = await post('oslo', 1_000_000_000);
  await post('oslo', 1);

  // Something is wrong: the badge says so, the page says why.
  await page.getByRole('link', { name: /Dead letters 2/ }).click();
  const letter = page.getByRole('region', { name: /ParcelPosted for oslo in depots/ });
  await until('the reason', async () => /the column grams holds 32 bits/.test(await letter.innerText()));
  await letter.getByText('The event', { exact: true }).click();
  assert.match(await letter.innerText(), /"grams": 1000000000/);
  assert.match(await letter.innerText(), /1 later event of this key behind it/);
  await letter.getByRole('button', { name: /Retry/ }).click();
  await told(page, /it failed again: the column grams holds 32 bits/);
  await letter.getByRole('link', { name: poison.commandId }).first().click();
  await shows(page, /depots ●?\s*parked/);

  page.expectComplaint(/ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|Failed to load/);
  assert.equal((await node.stop()).code, 0);
  await until('the page to notice', async () => /No answer/.test(await page.locator('#ready').innerText()));

  const next = await startNode(t, { data, program: mended });
  const after = await openConsole(t, next);
  await go(after, 'letters');
  await after.getByRole('button', { name: 'Retry this and 1 behind it' }).click();
  await told(after, /2 events applied/);
  await shows(after, /Nothing is parked/);
  await after.locator('#parked').waitFor({ state: 'hidden' });
  assert.deepEqual((await next.allRows('depots')).map((row) => [row.depot, row.grams]), [['oslo', 3_000_000_001], ['rome', 7]]);
  await go(after, `trace?id=${poison.commandId}`);
  await shows(after, /depots ●?\s*applied/);
});

test('the keyboard reaches everything, and a page that is brought up to date leaves the focus where it is', async (t) => {
  const node = await startNode(t);
  const { id } = await zoe(node);
  const page = await openConsole(t, node);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the page');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'page');
  await go(page, 'projections');
  assert.equal(await page.locator('nav a[aria-current=page]').innerText(), 'Projections');
  const pause = page.getByRole('region', { name: /^users/ }).getByRole('button', { name: 'Pause' });
  await pause.focus();
  ok(await node.post(`/v1/identity/${id}/UnlockAccount`, { reason: 'found it' }));
  await until('the new position', async () => /4 of 4/.test(await page.getByRole('region', { name: /^users/ }).innerText()));
  assert.equal(await pause.evaluate((button) => button === document.activeElement), true);
  await page.keyboard.press('Enter');
  await told(page, /users stands still/);
});

test('nobody is kept out: no serious finding of axe, light and dark, wide and on a phone', async (t) => {
  const node = await startNode(t);
  const { id, commandId } = await zoe(node);
  ok(await node.post('/admin/projections/users/pause'));
  const places = ['overview', 'actors', 'actor?path=/features/identity/projectors/users', `entity?category=identity&id=${id}&version=2`, 'log', 'projections',
    'letters', `trace?id=${commandId}`, 'cluster'];
  // The style sheet has two schemes and two widths, and no rule that depends on both.
  for (const [colorScheme, viewport] of [['light', { width: 1280, height: 900 }], ['dark', { width: 360, height: 740 }]]) {
    const page = await openConsole(t, node, { colorScheme, viewport, bypassCSP: true });
    for (const place of places) {
      await go(page, place);
      assert.deepEqual(await seriousViolations(page), [], `${place}, ${colorScheme}, ${viewport.width} wide`);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= viewport.width, `${place} is ${width} wide on ${viewport.width}`);
    }
  }
});

// Views over HTTP: filters, order and pages by any column, and reading what one has written.
import assert from 'node:assert/strict';
import test from 'node:test';
import { inFlight, ok, profile, startNode, until } from './support/node.mjs';

test('a view', async (t) => {
  const node = await startNode(t);
  const people = Array.from({ length: 60 }, (_, i) => profile(`p-${String(i).padStart(2, '0')}`, {
    emailVerified: i % 3 === 0, locale: ['en', 'de', 'fr'][i % 3], lastName: i % 2 ? 'Müller & Söhne' : 'Wu',
  }));
  await inFlight(people.length, 8, async (i) => ok(await node.post('/v1/identity/AddUser', people[i])));
  await node.caughtUp('users');
  const rows = await node.allRows('users');
  const names = (items) => items.map((row) => row.firstName);
  const wrong = async (query) => {
    const answer = await node.get(`/v1/views/users?${query}`);
    assert.equal(answer.status, 400, answer.text);
    return answer.body.error;
  };

  await t.test('is filtered by any column, by its type', async () => {
    for (const [query, wanted] of [
      ['emailVerified=true', (row) => row.emailVerified],
      ['emailVerified=false&locale=de', (row) => row.locale === 'de'],
      [`lastName=${encodeURIComponent('Müller & Söhne')}`, (row) => row.lastName === 'Müller & Söhne'],
      ['firstName=p-07', (row) => row.firstName === 'p-07'],
      ['status=closed', () => false],
      ['locale=de&locale=fr', () => false],
    ]) {
      const found = await node.allRows('users', `&${query}`);
      assert.deepEqual(found, rows.filter(wanted), query);
    }
    assert.match(await wrong('shoeSize=9'), /shoeSize/);
    assert.match(await wrong('emailVerified=perhaps'), /emailVerified/);
  });

  await t.test('is ordered by any column, either way', async () => {
    const sorted = rows.slice().sort((a, b) => (a.firstName < b.firstName ? -1 : 1));
    assert.deepEqual(names(await node.allRows('users', '&order=firstName')), names(sorted));
    assert.deepEqual(names(await node.allRows('users', '&order=-firstName')), names(sorted.reverse()));
    assert.match(await wrong('order=shoeSize'), /shoeSize/);
    assert.match(await wrong('limit=0'), /limit/);
    assert.match(await wrong('after=nonsense'), /after/);
  });

  await t.test('is paged without loss or repeat, also when rows come in between', async () => {
    const seen = [];
    for (let after = '', round = 0; after !== null; ++round) {
      const page = ok(await node.get(`/v1/views/users?order=locale&limit=7${after && `&after=${encodeURIComponent(after)}`}`));
      seen.push(...page.items);
      after = page.next;
      if (round < 3) {
        // Behind and before the cursor: what was there already is neither skipped nor told twice.
        const { position } = ok(await node.post('/v1/identity/AddUser', profile(`new-${round}`, { locale: 'aa' })));
        ok(await node.get('/v1/views/users?limit=1', { 'X-Min-Position': position }));
      }
    }
    assert.equal(new Set(seen.map((row) => row.id)).size, seen.length);
    const old = seen.filter((row) => row.firstName.startsWith('p-'));
    assert.equal(old.length, 60);
    const page = ok(await node.get('/v1/views/users?limit=5&order=firstName'));
    assert.match(await wrong(`limit=5&order=lastName&after=${encodeURIComponent(page.next)}`), /after/);
  });

  await t.test('shows what was written to who brings the position', async () => {
    await inFlight(50, 8, async (i) => {
      const { id, position } = ok(await node.post('/v1/identity/AddUser', profile(`own-${i}`)));
      const mine = { 'X-Min-Position': position };
      assert.equal(ok(await node.get(`/v1/views/users/${id}`, mine)).firstName, `own-${i}`);
      assert.equal(ok(await node.get(`/v1/views/users?firstName=own-${i}`, mine)).items.length, 1);
    });
    for (const position of ['17', 'users:17', 'identity:', 'identity:x', 'identity:-1', 'identity:1:2', ':1']) {
      const refused = await node.get('/v1/views/users', { 'X-Min-Position': position });
      assert.equal(refused.status, 400, position);
      assert.match(refused.body.error, /X-Min-Position/);
    }
  });
});

test('a view that does not reach a position in time says how far it is', async (t) => {
  const node = await startNode(t, { flags: ['--deadline', '1'] });
  const { id, position } = ok(await node.post('/v1/identity/AddUser', profile('zoe')));
  await node.caughtUp('users');
  await until('the view to be paused', async () => (await node.post('/admin/projections/users/pause', {})).status < 300);
  const later = ok(await node.post(`/v1/identity/${id}/LockAccount`, { reason: 'r' })).position;
  for (const path of ['/v1/views/users', `/v1/views/users/${id}`]) {
    for (const headers of [{}, { Accept: 'text/event-stream' }]) {
      const late = await node.get(path, { ...headers, 'X-Min-Position': later });
      assert.equal(late.status, 503);
      assert.equal(late.headers['x-position'], position);
      assert.equal(late.body.position, position);
      assert.equal(late.headers['retry-after'], '1');
    }
    assert.equal((await node.get(path, { 'X-Min-Position': position })).status, 200);
  }
  await node.post('/admin/projections/users/resume', {});
  await node.caughtUp('users');
  assert.equal(ok(await node.get(`/v1/views/users/${id}`, { 'X-Min-Position': later })).status, 'locked');
});

test('a row is sent once to who has it', async (t) => {
  const node = await startNode(t);
  const { id, position } = ok(await node.post('/v1/identity/AddUser', profile('zoe')));
  const get = (headers) => node.get(`/v1/views/users/${id}`, { 'X-Min-Position': position, ...headers });
  const { etag } = (await get({})).headers;
  for (const tags of [etag, `W/${etag}`, '*', `"a", ${etag}`, `"a",W/${etag},"b"`]) {
    const same = await get({ 'If-None-Match': tags });
    assert.equal(same.status, 304, tags);
    assert.equal(same.text, '');
    assert.equal(same.headers.etag, etag);
  }
  for (const tags of ['"a"', etag.slice(1, -1), `"${etag.slice(1, -1)}x"`]) assert.equal((await get({ 'If-None-Match': tags })).status, 200, tags);
  const changed = ok(await node.post(`/v1/identity/${id}/LockAccount`, { reason: 'r' })).position;
  assert.equal((await get({ 'If-None-Match': etag, 'X-Min-Position': changed })).status, 200);
  assert.equal((await node.get('/v1/views/users/nobody', { 'If-None-Match': '*' })).status, 404);
});

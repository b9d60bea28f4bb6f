import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import test from 'node:test';

const { onExecutePostLogin } = createRequire(import.meta.url)('./claims.js');

/** Runs the Action on a login and returns the claims of both tokens, by their names without the namespace. */
async function claimsOf(event) {
  const set = { idToken: {}, accessToken: {} };
  const token = (name) => ({
    setCustomClaim: (claim, value) => {
      assert.ok(claim.startsWith('https://client.devpie.io/claims/'), claim);
      set[name][claim.slice('https://client.devpie.io/claims/'.length)] = value;
    },
  });
  await onExecutePostLogin(
    { user: { user_id: 'auth0|zoe' }, stats: { logins_count: 2 }, authorization: { roles: [] }, ...event },
    { idToken: token('idToken'), accessToken: token('accessToken') });
  assert.deepEqual(set.idToken, set.accessToken);
  return set.idToken;
}

test('the first login is new, and no other', async () => {
  assert.equal((await claimsOf({ stats: { logins_count: 1 } })).is_new, true);
  assert.equal((await claimsOf({ stats: { logins_count: 2 } })).is_new, false);
});

test('roles are those of the tenant, and everybody is at least a user', async () => {
  assert.deepEqual((await claimsOf({ authorization: { roles: ['admin', 'employee'] } })).roles, ['admin', 'employee']);
  assert.deepEqual((await claimsOf({ authorization: { roles: [] } })).roles, ['user']);
  assert.deepEqual((await claimsOf({ authorization: undefined })).roles, ['user']);
});

test('the user id is the one that the node derives from the account', async () => {
  // The pair of the README, which test/e2e/readme.test.mjs holds against a node.
  assert.equal((await claimsOf({})).user_id, 'e85f54d1-d0d4-5a4e-9c17-df41643ac48c');
});

test('ids of accounts may have any characters', async () => {
  const ids = await Promise.all(['auth0|Zoë', 'google-oauth2|103', 'auth0|zoe '].map(async (user_id) =>
    (await claimsOf({ user: { user_id } })).user_id));
  assert.equal(new Set(ids).size, 3);
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

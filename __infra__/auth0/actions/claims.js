/**
 * Auth0 Action of the trigger post-login: puts what the front end and the nodes read into both tokens, under the names
 * that the Rules of old gave it.
 *
 *   …/is_new   true on the first login: the front end then sends POST /v1/users
 *   …/roles    the roles the person has in this tenant; without any, "user"
 *   …/user_id  the id of the entity that belongs to this account
 */
const { createHash } = require('node:crypto');

const NAMESPACE = 'https://client.devpie.io/claims/';
/** The project's own scope of ids, as in runtime/core/ids.cpp. */
const PROJECT = '6f6e0a3e-9c5d-4b5c-8a51-7f3b1f0c2d11';

/** A name-based UUID (RFC 4122, version 5). */
function uuidOf(scope, name) {
  const hash = createHash('sha1').update(Buffer.from(scope.replaceAll('-', ''), 'hex')).update(name, 'utf8').digest();
  hash[6] = (hash[6] & 0x0f) | 0x50;
  hash[8] = (hash[8] & 0x3f) | 0x80;
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** One user per account, by construction: see actors/identity/README.md. */
function userIdOf(auth0Id) {
  return uuidOf(uuidOf(PROJECT, 'identity'), auth0Id);
}

exports.onExecutePostLogin = async (event, api) => {
  const roles = event.authorization?.roles ?? [];
  const claims = {
    is_new: event.stats.logins_count === 1,
    roles: roles.length > 0 ? roles : ['user'],
    user_id: userIdOf(event.user.user_id),
  };
  for (const [name, value] of Object.entries(claims)) {
    api.idToken.setCustomClaim(NAMESPACE + name, value);
    api.accessToken.setCustomClaim(NAMESPACE + name, value);
  }
};

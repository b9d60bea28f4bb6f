// The rules of the feature identity as the checker holds them: pure functions over values, written from the messages' description
// and not from the program under test. A history is judged by replaying its log through them.
import { createHash } from 'node:crypto';

/** What an entity is before its first event. */
export const nothing = Object.freeze({ status: 'none' });

const refused = (code) => ({ refused: code });
const unchanged = { events: [] };
const one = (type, data) => ({ events: [{ type, data }] });

function closedOrMissing(now) {
  if (now.status === 'none') return refused('user-not-found');
  return now.status === 'closed' && refused('account-closed');
}

const decisions = {
  AddUser(now, data) {
    if (now.status === 'none') return one('UserAdded', { ...data, id: idOf(data.auth0Id) });
    return now.status === 'closed' ? refused('account-closed') : unchanged;
  },
  ModifyUser(now, data) {
    if (now.status === 'locked') return refused('account-locked');
    const same = ['firstName', 'lastName', 'picture', 'locale'].every((name) => now[name] === data[name]);
    return closedOrMissing(now) || (same ? unchanged : one('UserModified', data));
  },
  LockAccount(now, { reason }, by) {
    return closedOrMissing(now) || (now.status === 'locked' ? unchanged : one('AccountLocked', { reason, lockedBy: by }));
  },
  UnlockAccount(now, { reason }, by) {
    return closedOrMissing(now) || (now.status === 'open' ? unchanged : one('AccountUnlocked', { reason, unlockedBy: by }));
  },
  CloseAccount(now, { reason }, by) {
    if (now.status === 'none') return refused('user-not-found');
    return now.status === 'closed' ? unchanged : one('AccountClosed', { reason, closedBy: by });
  },
};

const statusAfter = { UserAdded: 'open', AccountLocked: 'locked', AccountUnlocked: 'open', AccountClosed: 'closed' };

function uuidInside(space, name) {
  const hash = createHash('sha1').update(space).update(name).digest();
  hash[6] = (hash[6] & 0x0f) | 0x50;
  hash[8] = (hash[8] & 0x3f) | 0x80;
  return hash.subarray(0, 16);
}
const project = Buffer.from('6f6e0a3e9c5d4b5c8a517f3b1f0c2d11', 'hex');

/** The entity of an account: a name-based UUID, so that the same account always finds the same user. */
export function idOf(auth0Id) {
  const hex = uuidInside(uuidInside(project, 'identity'), auth0Id).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

export const identity = {
  category: 'identity',
  initial: nothing,

  /** What a command does: { events: [{ type, data }] }, none when nothing changes, or { refused: code }. */
  decide: (now, command, data, by) => decisions[command](now, data, by),

  /** The state after an event. It has the columns of the view's row too. */
  evolve(now, { type, data, stream, metadata }) {
    const next = { ...now, status: statusAfter[type] ?? now.status, updated: metadata.time };
    if (type === 'UserAdded') Object.assign(next, data, { id: stream.slice('identity.'.length), created: metadata.time });
    if (type === 'UserModified') Object.assign(next, data);
    return next;
  },

  /** The view's row of an entity in this state; undefined when there is none. */
  row: (now) => (now.status === 'none' ? undefined : now),

  /** The word that a client puts into a command and finds in its event: no two intents share one. */
  markOf: ({ data }) => data.firstName ?? data.reason,
};

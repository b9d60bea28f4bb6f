/**
 * Category `identity`: the users of a product and the state of their accounts.
 *
 * Commands are closed: a member that is not named here is an error. Events are open: later versions may add members,
 * and a consumer passes over the ones it does not know.
 *
 * Lengths are counted in Unicode code points. Repetitions in patterns are bounded, because not every regular
 * expression engine that validates hostile input works in constant stack; the patterns mean the same in ECMAScript,
 * RE2 and C++.
 */

/** Everything that can be asked of a user. The names of these types are the commands of the category. */
export type IdentityCommand = AddUser | ModifyUser | LockAccount | UnlockAccount | CloseAccount;

/** Everything that can have happened to a user. The names of these types are the events of the category. */
export type IdentityEvent = UserAdded | UserModified | AccountLocked | AccountUnlocked | AccountClosed;

/**
 * Command: make a user known, usually at the first sign-in. There is one user per `auth0Id`: adding the same one
 * again changes nothing and is answered with the id that it has.
 */
export interface AddUser {
  /**
   * The id of the new user. Usually left out: it is derived from `auth0Id`, so that the same account always leads to
   * the same user. When it is present it must be the derived id.
   *
   * @pattern ^[A-Za-z0-9_-]{1,128}$
   */
  id?: string;

  /**
   * The account at the identity provider, as in the `sub` claim of its tokens: "auth0|5f7c8ec7c33c6c004bbafe82".
   *
   * @minLength 1
   * @maxLength 255
   */
  auth0Id: string;

  /**
   * Where the user can be reached. Only the form "something, one at sign, something" is checked: whether mail arrives
   * is what `emailVerified` tells.
   *
   * @maxLength 320
   * @pattern ^[^\x00-\x20\x40]{1,320}\x40[^\x00-\x20\x40]{1,320}$
   */
  email: string;

  /** Whether the identity provider has seen proof that the address belongs to the user. */
  emailVerified: boolean;

  /**
   * Given name, in any script; "" when the identity provider has none.
   *
   * @maxLength 200
   */
  firstName: string;

  /**
   * Family name, in any script; "" when the identity provider has none.
   *
   * @maxLength 200
   */
  lastName: string;

  /**
   * Address of a portrait, or "".
   *
   * @maxLength 2048
   */
  picture: string;

  /**
   * Language and region: a BCP 47 tag such as "en", "en-GB" or "zh-Hant-TW" (an underscore, as in "en_US", is taken
   * too), or "" when unknown.
   *
   * @maxLength 35
   * @pattern ^([A-Za-z]{1,8}([_-][A-Za-z0-9]{1,8}){0,8})?$
   */
  locale: string;
}

/** Command: replace what a user may change about themselves. All four members are set, also to "". */
export interface ModifyUser {
  /**
   * Given name, in any script, or "".
   *
   * @maxLength 200
   */
  firstName: string;

  /**
   * Family name, in any script, or "".
   *
   * @maxLength 200
   */
  lastName: string;

  /**
   * Address of a portrait, or "".
   *
   * @maxLength 2048
   */
  picture: string;

  /**
   * Language and region: a BCP 47 tag such as "en", "en-GB" or "zh-Hant-TW" (an underscore, as in "en_US", is taken
   * too), or "" when unknown.
   *
   * @maxLength 35
   * @pattern ^([A-Za-z]{1,8}([_-][A-Za-z0-9]{1,8}){0,8})?$
   */
  locale: string;
}

/** Command: keep a user from acting until the account is unlocked. */
export interface LockAccount {
  /**
   * Why, in words for the people who look after accounts.
   *
   * @minLength 1
   * @maxLength 500
   */
  reason: string;
}

/** Command: let the user of a locked account act again. */
export interface UnlockAccount {
  /**
   * Why, in words for the people who look after accounts.
   *
   * @minLength 1
   * @maxLength 500
   */
  reason: string;
}

/** Command: end an account for good. A closed account is never opened again. */
export interface CloseAccount {
  /**
   * Why, in words for the people who look after accounts.
   *
   * @minLength 1
   * @maxLength 500
   */
  reason: string;
}

/**
 * Event: a user became known.
 */
export interface UserAdded {
  /** The user's id, which is also the entity's id in the stream name. */
  id: string;

  /** The account at the identity provider, as in the `sub` claim of its tokens. */
  auth0Id: string;

  /** Where the user can be reached. */
  email: string;

  /** Whether the identity provider has seen proof that the address belongs to the user. */
  emailVerified: boolean;

  /** Given name, or "". */
  firstName: string;

  /** Family name, or "". */
  lastName: string;

  /** Address of a portrait, or "". */
  picture: string;

  /** Language and region, such as "en-GB", or "". */
  locale: string;
}

/**
 * Event: what a user says about themselves was replaced. The user's id is in the stream name.
 */
export interface UserModified {
  /** Given name from now on, or "". */
  firstName: string;

  /** Family name from now on, or "". */
  lastName: string;

  /** Address of a portrait from now on, or "". */
  picture: string;

  /** Language and region from now on, such as "en-GB", or "". */
  locale: string;
}

/**
 * Event: the user may not act until the account is unlocked.
 */
export interface AccountLocked {
  /** Why, as the command gave it. */
  reason: string;

  /** User id of the caller who locked it, or "" when unknown. */
  lockedBy: string;
}

/**
 * Event: the user may act again.
 */
export interface AccountUnlocked {
  /** Why, as the command gave it. */
  reason: string;

  /** User id of the caller who unlocked it, or "" when unknown. */
  unlockedBy: string;
}

/**
 * Event: the account ended for good.
 */
export interface AccountClosed {
  /** Why, as the command gave it. */
  reason: string;

  /** User id of the caller who closed it, or "" when unknown. */
  closedBy: string;
}

/** Body of `POST /v1/users`: AddUser without an id. */
export interface AddUserRequest {
  /**
   * The account at the identity provider, as in the `sub` claim of its tokens: "auth0|5f7c8ec7c33c6c004bbafe82".
   *
   * @minLength 1
   * @maxLength 255
   */
  auth0Id: string;

  /**
   * Where the user can be reached: "something, one at sign, something".
   *
   * @maxLength 320
   * @pattern ^[^\x00-\x20\x40]{1,320}\x40[^\x00-\x20\x40]{1,320}$
   */
  email: string;

  /** Whether the identity provider has seen proof that the address belongs to the user. */
  emailVerified: boolean;

  /**
   * Given name, in any script; "" when the identity provider has none.
   *
   * @maxLength 200
   */
  firstName: string;

  /**
   * Family name, in any script; "" when the identity provider has none.
   *
   * @maxLength 200
   */
  lastName: string;

  /**
   * Address of a portrait, or "".
   *
   * @maxLength 2048
   */
  picture: string;

  /**
   * Language and region: a BCP 47 tag such as "en", "en-GB" or "zh-Hant-TW" (an underscore, as in "en_US", is taken
   * too), or "" when unknown.
   *
   * @maxLength 35
   * @pattern ^([A-Za-z]{1,8}([_-][A-Za-z0-9]{1,8}){0,8})?$
   */
  locale: string;
}

/** How a remote whose users have a key each tells whose a stream is, before it can read anything of it. */
import type { Environment } from '../environment.js';
import { ConfigError } from '../errors.js';
import { lengthChunk } from './chunks.js';
import { IdentifiedUsers, identityLength } from './identity.js';
import { hasIdentities, masterKey } from './keys.js';
import { createSession, openMessage } from './session.js';
import type { Cipher, Roster, RosterWatcher, User } from './session.js';
import { mostTriedUsers, type Source, TriedUsers } from './tried-users.js';

/** A user as an operator writes one down. */
export interface UserSecret {
  /** 1 to 64 of `A-Z a-z 0-9 . _ -`. */
  readonly name: string;
  /** Base64 of as many bytes as the key of a 2022 method has, or the password of a 2017 method. */
  readonly secret: string;
}

/** The users of one remote, who may come and go while it runs. */
export class Users implements Roster {
  readonly #cipher: Cipher;
  /** By name, with the secret as it was written down. */
  readonly #users = new Map<string, { readonly user: User; readonly secret: string }>();
  /** Whose each key is. */
  readonly #owners: Map<string, string>;
  readonly #watchers: RosterWatcher[] = [];

  /**
   * `cipher` is the remote's own.
   *
   * @throws ConfigError for a method that cannot tell users apart, and as {@link add}.
   */
  constructor(cipher: Cipher, secrets: readonly UserSecret[]) {
    const { method, key } = cipher;
    if (method.edition === 2022 && !hasIdentities(method)) {
      throw new ConfigError(`users: expected a 2022 AES method or one of 2017, got ${method.name}`);
    }
    this.#cipher = cipher;
    this.#owners = new Map([[nameOfKey(key), 'the remote']]);
    this.#checkNumber(secrets.length);
    for (const secret of secrets) this.add(secret);
  }

  /** All of them, in the order in which they came. */
  get secrets(): readonly UserSecret[] {
    return Array.from(this.#users, ([name, { secret }]) => ({ name, secret }));
  }

  /** Whether that cipher is what this user has now. */
  has(name: string, cipher: Cipher): boolean {
    return this.#users.get(name)?.user.cipher === cipher;
  }

  watch(watcher: RosterWatcher): void {
    this.#watchers.push(watcher);
    for (const { user } of this.#users.values()) watcher.added(user);
  }

  /**
   * What `add` would refuse.
   *
   * @throws ConfigError for more than can be told apart, a name or a key that does not fit or is taken already, and a
   * key that is the remote's own.
   */
  check(one: UserSecret): void {
    this.#newcomer(one);
  }

  /** @throws ConfigError as {@link check}. */
  add(one: UserSecret): void {
    this.#enter(this.#newcomer(one), one.secret);
  }

  /**
   * Gives a user another key; false when there is no such user. Nobody is told when it is the same key.
   *
   * @throws ConfigError when the key does not fit, or is that of another.
   */
  replace(name: string, secret: string): boolean {
    const before = this.#users.get(name)?.user;
    if (before === undefined) return false;
    const user = this.#userOf(name, secret);
    if (nameOfKey(user.cipher.key) === nameOfKey(before.cipher.key)) {
      // Written down otherwise, maybe.
      this.#users.set(name, { user: before, secret });
      return true;
    }
    // The place among the others stays, and the old key is nobody's before anybody is told.
    this.#users.set(name, { user, secret });
    this.#leave(before);
    this.#enter(user, secret);
    return true;
  }

  /** False when there is no such user. */
  remove(name: string): boolean {
    const user = this.#users.get(name)?.user;
    if (user === undefined) return false;
    this.#users.delete(name);
    this.#leave(user);
    return true;
  }

  #leave(user: User): void {
    this.#owners.delete(nameOfKey(user.cipher.key));
    for (const { removed } of this.#watchers) removed(user);
  }

  #enter(user: User, secret: string): void {
    this.#users.set(user.name, { user, secret });
    this.#owners.set(nameOfKey(user.cipher.key), user.name);
    for (const { added } of this.#watchers) added(user);
  }

  #newcomer({ name, secret }: UserSecret): User {
    this.#checkNumber(this.#users.size + 1);
    checkName(name);
    if (this.#users.has(name)) throw new ConfigError(`user ${name}: expected once, got twice`);
    return this.#userOf(name, secret);
  }

  #userOf(name: string, secret: string): User {
    const { method, backend } = this.#cipher;
    if (secret === '') throw new ConfigError(`user ${name}: expected a key or a password, got none`);
    const key = keyOf(name, () => masterKey(method, secret));
    const owner = this.#owners.get(nameOfKey(key));
    if (owner !== undefined && owner !== name)
      throw new ConfigError(`user ${name}: expected a key of its own, got that of ${owner}`);
    return { name, cipher: { method, key, backend } };
  }

  #checkNumber(users: number): void {
    const { method } = this.#cipher;
    if (method.edition === 2022 || users <= mostTriedUsers) return;
    throw new ConfigError(
      `users: expected at most ${mostTriedUsers} with ${method.name}, got ${users}: a 2022 AES method knows no limit`,
    );
  }
}

/**
 * Panels keep what they hear of users in objects, and not all of them with care; and `/users/..` is another path by the
 * time it is asked for (URL Standard §4.4).
 */
const unfitNames: readonly string[] = ['__proto__', '.', '..'];

function checkName(name: string): void {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(name)) {
    throw new ConfigError(
      'user: expected a name of 1 to 64 letters, digits, dots, dashes or underscores, got another',
    );
  }
  if (unfitNames.includes(name)) {
    throw new ConfigError(`user: expected a name other than ${unfitNames.join(', ')}, got one of these`);
  }
}

function keyOf(name: string, read: () => Uint8Array): Uint8Array {
  try {
    return read();
  } catch (error) {
    throw error instanceof ConfigError
      ? new ConfigError(`user ${name}: ${error.message}`, { cause: error })
      : error;
  }
}

function nameOfKey(key: Uint8Array): string {
  return Buffer.from(key).toString('latin1');
}

/** How the users of one remote are told apart. */
export interface StreamUsers {
  /** How many bytes of a stream show whose it is. */
  readonly openingLength: number;
  /** How many of these stand before the header of the edition. */
  readonly headerStart: number;
  /**
   * Whose stream begins with these bytes, `openingLength` of them, lent. `source` is where it comes from, if anybody knows.
   *
   * @throws AuthError when it is nobody's.
   */
  find(opening: Uint8Array, source: Source): User;
}

/** How the users of a remote whose own cipher is `cipher` are told apart. */
export function streamUsers(cipher: Cipher, users: Roster, env: Environment): StreamUsers {
  return cipher.method.edition === 2017 ? triedUsers(cipher, users, env) : identifiedUsers(cipher, users);
}

/** Whose key opens the first length chunk. */
function triedUsers({ method: { saltLength } }: Cipher, users: Roster, env: Environment): StreamUsers {
  const tried = new TriedUsers<User>([], env);
  users.watch({
    added: (user) => {
      tried.add(user);
    },
    removed: (user) => {
      tried.remove(user);
    },
  });
  return {
    openingLength: saltLength + lengthChunk,
    headerStart: saltLength,
    find: (opening, source) =>
      tried.find(source, (user) => {
        openMessage(
          createSession(user.cipher, opening.subarray(0, saltLength)),
          opening.subarray(saltLength),
        );
        return user;
      }),
  };
}

function identifiedUsers(cipher: Cipher, users: Roster): StreamUsers {
  const { saltLength } = cipher.method;
  const identified = new IdentifiedUsers(cipher, users);
  const headerStart = saltLength + identityLength;
  return {
    openingLength: headerStart,
    headerStart,
    find: (opening) => identified.ofStream(opening.subarray(0, saltLength), opening.subarray(saltLength)),
  };
}

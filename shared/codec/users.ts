/** How a remote whose users have a key each tells whose a stream is, before it can read anything of it. */
import type { Environment } from '../environment.js';
import { ConfigError } from '../errors.js';
import { lengthChunk } from './chunks.js';
import { IdentifiedUsers, identityLength } from './identity.js';
import { hasIdentities, masterKey } from './keys.js';
import { createSession, openMessage } from './session.js';
import type { Cipher, User } from './session.js';
import { mostTriedUsers, TriedUsers } from './tried-users.js';

/** A user as an operator writes one down. */
export interface UserSecret {
  /** 1 to 64 of `A-Z a-z 0-9 . _ -`. */
  readonly name: string;
  /** Base64 of as many bytes as the key of a 2022 method has, or the password of a 2017 method. */
  readonly secret: string;
}

/**
 * Users with a key of their own each, for a remote whose own cipher is `cipher`.
 *
 * @throws ConfigError for a method that cannot tell users apart, more than can be told apart, a name or a key that does not fit or comes
 * twice, and a key that is the remote's own.
 */
export function createUsers(cipher: Cipher, secrets: readonly UserSecret[]): readonly User[] {
  const { method, backend } = cipher;
  if (secrets.length > 0 && method.edition === 2022 && !hasIdentities(method)) {
    throw new ConfigError(`users: expected a 2022 AES method or one of 2017, got ${method.name}`);
  }
  if (method.edition === 2017 && secrets.length > mostTriedUsers) {
    throw new ConfigError(
      `users: expected at most ${mostTriedUsers} with ${method.name}, got ${secrets.length}: a 2022 AES method knows no limit`,
    );
  }
  const names = new Set<string>();
  const owners = new Map([[nameOfKey(cipher.key), 'the remote']]);
  return secrets.map(({ name, secret }) => {
    if (!/^[A-Za-z0-9._-]{1,64}$/.test(name)) {
      throw new ConfigError(
        'user: expected a name of 1 to 64 letters, digits, dots, dashes or underscores, got another',
      );
    }
    if (names.has(name)) throw new ConfigError(`user ${name}: expected once, got twice`);
    names.add(name);
    if (secret === '') throw new ConfigError(`user ${name}: expected a key or a password, got none`);
    const key = keyOf(name, () => masterKey(method, secret));
    const owner = owners.get(nameOfKey(key));
    if (owner !== undefined)
      throw new ConfigError(`user ${name}: expected a key of its own, got that of ${owner}`);
    owners.set(nameOfKey(key), name);
    return { name, cipher: { method, key, backend } };
  });
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

/** The users of one remote. */
export interface StreamUsers {
  /** How many bytes of a stream show whose it is. */
  readonly openingLength: number;
  /** How many of these stand before the header of the edition. */
  readonly headerStart: number;
  /**
   * Whose stream begins with these bytes, `openingLength` of them, lent. `source` is where it comes from.
   *
   * @throws AuthError when it is nobody's.
   */
  find(opening: Uint8Array, source: string): User;
}

/** The users of a remote whose own cipher is `cipher`. */
export function streamUsers(cipher: Cipher, users: readonly User[], env: Environment): StreamUsers {
  return cipher.method.edition === 2017 ? triedUsers(cipher, users, env) : identifiedUsers(cipher, users);
}

/** Whose key opens the first length chunk. */
function triedUsers(
  { method: { saltLength } }: Cipher,
  users: readonly User[],
  env: Environment,
): StreamUsers {
  const tried = new TriedUsers(users, env);
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

function identifiedUsers(cipher: Cipher, users: readonly User[]): StreamUsers {
  const { saltLength } = cipher.method;
  const identified = new IdentifiedUsers(cipher, users);
  const headerStart = saltLength + identityLength;
  return {
    openingLength: headerStart,
    headerStart,
    find: (opening) => identified.ofStream(opening.subarray(0, saltLength), opening.subarray(saltLength)),
  };
}

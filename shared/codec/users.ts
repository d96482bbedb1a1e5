/** How a remote whose users have a key each tells whose a stream is, before it can read anything of it. */
import { ConfigError } from '../errors.js';
import { IdentifiedUsers, identityLength } from './identity.js';
import { hasIdentities, masterKey } from './keys.js';
import type { Cipher, User } from './session.js';

/** A user as an operator writes one down. */
export interface UserSecret {
  /** 1 to 64 of `A-Z a-z 0-9 . _ -`. */
  readonly name: string;
  /** Base64 of as many bytes as the method's key has. */
  readonly secret: string;
}

/**
 * Users with a key of their own each, for a remote whose own cipher is `cipher`.
 *
 * @throws ConfigError for a method whose clients cannot name themselves, a name or a key that does not fit or comes
 * twice, and a key that is the remote's own.
 */
export function createUsers(cipher: Cipher, secrets: readonly UserSecret[]): readonly User[] {
  const { method, backend } = cipher;
  if (secrets.length > 0 && !hasIdentities(method)) {
    throw new ConfigError(`users: expected a 2022 AES method, got ${method.name}`);
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
export function streamUsers(cipher: Cipher, users: readonly User[]): StreamUsers {
  const { saltLength } = cipher.method;
  const identified = new IdentifiedUsers(cipher, users);
  const headerStart = saltLength + identityLength;
  return {
    openingLength: headerStart,
    headerStart,
    find: (opening) => identified.ofStream(opening.subarray(0, saltLength), opening.subarray(saltLength)),
  };
}

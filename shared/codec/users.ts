/** How a remote whose users have a key each tells whose a stream is, before it can read anything of it. */
import { IdentifiedUsers, identityLength } from './identity.js';
import type { Cipher, User } from './session.js';

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

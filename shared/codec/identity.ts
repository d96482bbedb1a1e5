/**
 * Identity headers (SIP023): how a client of the 2022 AES methods says, before anything else, whose key follows. Its
 * secret is a chain `iPSK0:iPSK1:…:uPSK`; header i is made with key i and names key i + 1 by its hash. Each remote on the
 * way takes off one header. Ours is the last: it finds one header, and the user that it names.
 *
 * ```
 *   stream    salt │ HEADER 0 │ HEADER 1 │ … │ fixed-length header …         key: from iPSK and salt
 *                  │       16 │       16 │
 *
 *   packet    separate header │ HEADER 0 │ HEADER 1 │ … │ body …             key: iPSK; the hash is XORed
 *                          16 │       16 │       16 │                        with the plain separate header
 * ```
 *
 * Each is one block of AES without a tag. It only selects a key: that it is genuine shows when the selected key opens
 * what follows. Answers carry none.
 */
import { concat } from '../bytes.js';
import { AuthError } from '../errors.js';
import { blockCiphers } from './aead.js';
import { identitySubkey, keyHash } from './keys.js';
import type { Cipher, Roster, User } from './session.js';

/** Length of one identity header, in bytes. */
export const identityLength = 16;

const none = new Uint8Array(0);

/** The identity headers of a request with this salt, in one piece: empty for a client that need not name itself. */
export function streamIdentity(cipher: Cipher, salt: Uint8Array): Uint8Array {
  const { method, backend, identityKeys } = cipher;
  if (identityKeys === undefined) return none;
  const hashes = namedBy(cipher);
  return concat(
    identityKeys.map((key, index) =>
      blockCiphers[backend](identitySubkey(method, key, salt)).encrypt(hashes[index] ?? none),
    ),
  );
}

/**
 * What makes the identity headers of packets, whose plain separate header it is given: in one piece, and empty for a
 * client that need not name itself.
 */
export function packetIdentity(cipher: Cipher): (separateHeader: Uint8Array) => Uint8Array {
  const { backend, identityKeys } = cipher;
  if (identityKeys === undefined) return () => none;
  const hashes = namedBy(cipher);
  const links = identityKeys.map((key, index) => ({
    block: blockCiphers[backend](key),
    hash: hashes[index] ?? none,
  }));
  return (separateHeader) =>
    concat(links.map(({ block, hash }) => block.encrypt(exclusiveOr(hash, separateHeader))));
}

/** The hashes that the headers of this client carry: those of all its keys but the first. */
function namedBy({ key, identityKeys = [] }: Cipher): readonly Uint8Array[] {
  return [...identityKeys.slice(1), key].map(keyHash);
}

/**
 * The users of a remote, by the hashes of their keys. The search takes as long for a stranger as for a user: a hash is
 * found in a table or not, and to guess one is to guess 128 bits.
 */
export class IdentifiedUsers {
  readonly #cipher: Cipher;
  readonly #users = new Map<string, User>();

  /** `cipher` is the remote's own, with the key (iPSK) that all headers are made with. */
  constructor(cipher: Cipher, users: Roster) {
    this.#cipher = cipher;
    users.watch({
      added: (user) => this.#users.set(nameOf(keyHash(user.cipher.key)), user),
      removed: (user) => this.#users.delete(nameOf(keyHash(user.cipher.key))),
    });
  }

  /**
   * Whose stream this is, by its salt and identity header (both lent).
   *
   * @throws AuthError when it is nobody's.
   */
  ofStream(salt: Uint8Array, header: Uint8Array): User {
    const { method, key, backend } = this.#cipher;
    return this.#named(blockCiphers[backend](identitySubkey(method, key, salt)).decrypt(header));
  }

  /**
   * Whose packet this is, by its plain separate header and its decrypted identity header (both lent).
   *
   * @throws AuthError when it is nobody's.
   */
  ofPacket(separateHeader: Uint8Array, header: Uint8Array): User {
    return this.#named(exclusiveOr(header, separateHeader));
  }

  #named(hash: Uint8Array): User {
    const user = this.#users.get(nameOf(hash));
    if (user === undefined) throw new AuthError('identity header: expected that of a user, got another');
    return user;
  }
}

function exclusiveOr(one: Uint8Array, other: Uint8Array): Uint8Array {
  return one.map((byte, index) => byte ^ (other[index] ?? 0));
}

function nameOf(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.length).toString('latin1');
}

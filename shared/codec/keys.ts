/**
 * From what an operator writes to what a cipher wants: secrets, master keys and session subkeys.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { blake3 } from '@noble/hashes/blake3.js';
import { concat } from '../bytes.js';
import type { Environment } from '../environment.js';
import { ConfigError } from '../errors.js';
import type { Method } from './methods.js';
import { subkeySha1 } from './subkey-sha1.js';

export { weakPassword } from './password.js';

/**
 * The key that every session of a method is derived from, `method.keyLength` bytes.
 *
 * 2017: the password, stretched as OpenSSL's EVP_BytesToKey does with MD5, no salt and one round (SIP004).
 * 2022: base64 of exactly that many bytes, in the standard alphabet, padding optional (SIP022 §2).
 *
 * @throws ConfigError for a 2022 key that is anything else; the message never contains it.
 */
export function masterKey(method: Method, secret: string): Uint8Array {
  return method.edition === 2017 ? bytesToKey(secret, method.keyLength) : presharedKey(method, secret);
}

/** What a client's secret says: its own key, and those of the remotes before which it has to name itself. */
export interface ClientKeys {
  readonly key: Uint8Array;
  /** The identity keys (iPSK), that of the first remote first; empty for a remote with one key for everybody. */
  readonly identityKeys: readonly Uint8Array[];
}

/** As many keys as one secret may chain: three remotes that pass a stream on, and the user. */
const mostKeys = 4;

/**
 * The keys in a client's secret: one as {@link masterKey} reads it, or with the 2022 AES methods a chain
 * `iPSK0:iPSK1:…:uPSK` of up to 4 (SIP023). A colon in a password of 2017 is a colon.
 *
 * @throws ConfigError for a key that does not fit, and for a chain that is too long or that the method does not know.
 */
export function clientKeys(method: Method, secret: string): ClientKeys {
  const texts = method.edition === 2017 ? [secret] : secret.split(':');
  if (texts.length > 1 && !hasIdentities(method)) {
    throw new ConfigError(
      `key for ${method.name}: expected one, got ${texts.length}: only the 2022 AES methods have identity headers`,
    );
  }
  if (texts.length > mostKeys) {
    throw new ConfigError(
      `key for ${method.name}: expected at most ${mostKeys} in a chain, got ${texts.length}`,
    );
  }
  const keys = texts.map((text) => masterKey(method, text));
  const [key = new Uint8Array(0)] = keys.slice(-1);
  return { key, identityKeys: keys.slice(0, -1) };
}

/** Whether clients of the method can name themselves in an identity header, which is a block of AES (SIP023). */
export function hasIdentities({ edition, aead }: Method): boolean {
  return edition === 2022 && aead.startsWith('aes-');
}

/** A new secret in the form that settings and URIs take: padded standard base64 of random bytes, 32 for a password. */
export function generateSecret(method: Method, env: Environment): string {
  const length = method.edition === 2017 ? 32 : method.keyLength;
  return Buffer.from(env.randomBytes(length)).toString('base64');
}

/**
 * The key of one direction of one stream.
 *
 * 2017: HKDF-SHA1 with the info `ss-subkey` (SIP004). 2022: BLAKE3 `derive_key` of key and salt (SIP022 §2).
 */
export function sessionSubkey(method: Method, key: Uint8Array, salt: Uint8Array): Uint8Array {
  if (method.edition === 2017) return subkeySha1(key, salt, method.keyLength);
  return blake3(concat([key, salt]), { context: sessionContext, dkLen: method.keyLength });
}

/** The key of the identity header of one request (SIP023). */
export function identitySubkey(method: Method, key: Uint8Array, salt: Uint8Array): Uint8Array {
  return blake3(concat([key, salt]), { context: identityContext, dkLen: method.keyLength });
}

/** What an identity header names a key by: the first 16 bytes of its BLAKE3 hash (SIP023). */
export function keyHash(key: Uint8Array): Uint8Array {
  return blake3(key, { dkLen: 16 });
}

const sessionContext = new TextEncoder().encode('shadowsocks 2022 session subkey');
const identityContext = new TextEncoder().encode('shadowsocks 2022 identity subkey');

/** Whether two byte strings are the same, in a time that depends on their lengths alone. */
export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

/** D₁ = MD5(password), Dₙ = MD5(Dₙ₋₁ ‖ password); the key is the beginning of D₁ ‖ D₂ ‖ … */
function bytesToKey(password: string, length: number): Uint8Array {
  const text = new TextEncoder().encode(password);
  const digests: Uint8Array[] = [];
  for (let made = 0; made < length; made += 16) {
    digests.push(
      createHash('md5')
        .update(concat([...digests.slice(-1), text]))
        .digest(),
    );
  }
  return concat(digests).slice(0, length);
}

function presharedKey(method: Method, secret: string): Uint8Array {
  const expected = `key for ${method.name}: expected base64 of ${method.keyLength} bytes`;
  const bare = secret.replace(/={1,2}$/, '');
  // Other implementations refuse it: a remote that took it would print URIs that only we can use.
  if (/^[\w-]*[-_][\w-]*$/.test(bare) && Buffer.from(bare, 'base64url').length === method.keyLength) {
    throw new ConfigError(`${expected}, got the URL-safe alphabet: write + for - and / for _`);
  }
  if (/^[\w+/=-]{22,}(?::[\w+/=-]{22,})+$/.test(secret))
    throw new ConfigError(`${expected}, got a chain of several, which is the password of a client`);
  if (!/^[A-Za-z0-9+/]*$/.test(bare))
    throw new ConfigError(`${expected}, got characters outside that alphabet`);
  // `Buffer.from` skips what it does not understand, so its word is taken only when it can write the same text again.
  const key = Buffer.from(bare, 'base64');
  if (key.length !== method.keyLength) throw new ConfigError(`${expected}, got ${key.length}`);
  const padded = key.toString('base64');
  if (bare !== padded.replace(/=+$/, '') || (secret !== bare && secret !== padded)) {
    throw new ConfigError(`${expected}, got an encoding that is cut off or malformed`);
  }
  return new Uint8Array(key);
}

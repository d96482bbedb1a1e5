/**
 * Bytes that the salt of every request begins with, so that a connection looks like the beginning of another protocol
 * (Outline's `prefix`). They take the place of random bytes: the length of the salt and the wire stay as they are.
 *
 * ```
 *   salt   PREFIX │ random
 *          n      │ salt length - n
 * ```
 */
import { ConfigError } from '../errors.js';
import type { Method } from './methods.js';

/**
 * The longest prefix that leaves enough dice, in bytes. Two connections with one salt give the key away, and that comes
 * to be expected after 2^(r/2) of them with r random bits: half of a long salt, and 10 bytes of a short one, stay random.
 */
export function longestPrefix({ saltLength }: Pick<Method, 'saltLength'>): number {
  return saltLength === 16 ? 6 : saltLength / 2;
}

/** @throws ConfigError that says why the salts of this method cannot begin with `prefix`. It does not show it. */
export function checkSaltPrefix(method: Method, prefix: Uint8Array): void {
  if (method.edition === 2022) {
    throw new ConfigError(
      `prefix: expected none with ${method.name}, got one: salts of the 2022 methods are random throughout (SIP022)`,
    );
  }
  const longest = longestPrefix(method);
  if (prefix.length > longest) {
    throw new ConfigError(
      `prefix: expected at most ${longest} bytes with ${method.name}, whose salts have ${method.saltLength}, got ${prefix.length}`,
    );
  }
}

/**
 * What every header of the 2022 edition begins with, in streams and in packets (SIP022 §3.1.3, §3.2.3): what it is,
 * and when it was made.
 *
 * ```
 *   TYPE │ TIMESTAMP
 *      1 │ u64, Unix seconds   8
 * ```
 */
import { readU32, readU64, writeU32 } from '../bytes.js';
import type { Environment } from '../environment.js';
import { AuthError } from '../errors.js';
import { roomFor } from './room.js';

/** From a client to its remote. */
export const REQUEST = 0;
/** From a remote to its client. */
export const RESPONSE = 1;

type StampType = typeof REQUEST | typeof RESPONSE;

/** How far the two clocks may be apart, in seconds, either way. */
const maxSkew = 30;

/** A header of that length (9 or more) with type and time filled in; the rest is zeros. Owned. */
export function stamped(type: StampType, length: number, env: Environment): Uint8Array {
  const header = roomFor(length);
  const now = seconds(env);
  header[0] = type;
  writeU32(header, 1, Math.floor(now / 2 ** 32));
  writeU32(header, 5, now);
  return header;
}

/**
 * The timestamp of a header (9 bytes or more) of the expected type, in Unix seconds; it is near our own, so it fits a
 * number.
 *
 * @throws AuthError for another type; with the code `clock` when only the time is wrong.
 */
export function checkStamp(header: Uint8Array, expected: StampType, env: Environment): number {
  if (header[0] !== expected)
    throw new AuthError(`header type: expected ${expected}, got ${header[0] ?? 'none'}`);
  const now = seconds(env);
  // Past 2⁵³ this is not exact, and in any case not near our clock.
  const timestamp = readU32(header, 1) * 2 ** 32 + readU32(header, 5);
  if (Math.abs(timestamp - now) > maxSkew) {
    const ahead = readU64(header, 1) - BigInt(now);
    const difference = ahead > 0n ? `${ahead.toString()} s ahead` : `${(-ahead).toString()} s behind`;
    const message = `timestamp: expected within ${maxSkew} s of our clock, got ${difference}`;
    throw new AuthError(message, { code: 'clock' });
  }
  return timestamp;
}

function seconds(env: Environment): number {
  return Math.floor(env.now() / 1000);
}

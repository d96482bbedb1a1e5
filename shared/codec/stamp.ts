/**
 * What every header of the 2022 edition begins with, in streams and in packets (SIP022 §3.1.3, §3.2.3): what it is,
 * and when it was made.
 *
 * ```
 *   TYPE │ TIMESTAMP
 *      1 │ u64, Unix seconds   8
 * ```
 */
import type { Environment } from '../environment.js';
import { AuthError } from '../errors.js';

/** From a client to its remote. */
export const REQUEST = 0;
/** From a remote to its client. */
export const RESPONSE = 1;

type StampType = typeof REQUEST | typeof RESPONSE;

/** How far the two clocks may be apart, in seconds, either way. */
const maxSkew = 30n;

/** A header of that length with type and time filled in; the rest is zeros. */
export function stamped(type: StampType, length: number, env: Environment): Uint8Array {
  const header = new Uint8Array(length);
  header[0] = type;
  new DataView(header.buffer).setBigUint64(1, BigInt(seconds(env)));
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
  const timestamp = new DataView(header.buffer, header.byteOffset).getBigUint64(1);
  const ahead = timestamp - BigInt(seconds(env));
  if (ahead > maxSkew || ahead < -maxSkew) {
    const difference = ahead > 0n ? `${ahead.toString()} s ahead` : `${(-ahead).toString()} s behind`;
    const message = `timestamp: expected within ${maxSkew.toString()} s of our clock, got ${difference}`;
    throw new AuthError(message, { code: 'clock' });
  }
  return Number(timestamp);
}

function seconds(env: Environment): number {
  return Math.floor(env.now() / 1000);
}

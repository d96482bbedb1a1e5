/**
 * The addresses that packets name, kept for a moment: thousands in a row name the same target, and to read or write
 * its address each time would cost as much as to open the packet.
 */
import { startsWith } from '../bytes.js';
import { decodeTarget, encodeTarget } from './address.js';
import type { Target } from './address.js';

interface Known {
  readonly target: Target;
  readonly address: Uint8Array;
}

/** A power of 2. Whoever finds its place taken takes it over. */
const places = 64;

/** Reads and writes addresses as `encodeTarget` and `decodeTarget` do, and remembers the last ones. */
export class KnownTargets {
  readonly #written: (Known | undefined)[] = new Array<Known | undefined>(places);
  readonly #read: (Known | undefined)[] = new Array<Known | undefined>(places);

  /** The SOCKS address of a target, lent. Throws as {@link encodeTarget}. */
  encode(target: Target): Uint8Array {
    const { host, port } = target;
    const place = (port ^ host.charCodeAt(host.length - 1) ^ (host.length << 3)) & (places - 1);
    const known = this.#written[place];
    if (known?.target.port === port && known.target.host === host) return known.address;
    const address = encodeTarget(target);
    this.#written[place] = { target: { host, port }, address };
    return address;
  }

  /** The target whose address begins there, as {@link decodeTarget}: the same object as long as it is remembered. */
  decode(bytes: Uint8Array, offset: number): { readonly target: Target; readonly end: number } | undefined {
    const place = placeOf(bytes, offset);
    const known = this.#read[place];
    if (known !== undefined && startsWith(bytes, offset, known.address)) {
      return { target: known.target, end: offset + known.address.length };
    }
    const decoded = decodeTarget(bytes, offset);
    if (decoded === undefined) return undefined;
    // A copy: the `slice` of a Buffer would be none.
    const address = new Uint8Array(bytes.subarray(offset, decoded.end));
    this.#read[place] = { target: decoded.target, address };
    return decoded;
  }
}

/** Of an IPv4 address all bytes matter; of a domain its beginning does. */
function placeOf(bytes: Uint8Array, offset: number): number {
  let mixed = 0;
  for (let at = offset + 1; at < offset + 7; at += 1) mixed = (mixed << 1) ^ (bytes[at] ?? 0);
  return mixed & (places - 1);
}

/**
 * The header of a datagram between a SOCKS5 client and its relay (RFC 1928 §7).
 * ```
 * +-----+------+------+----------+----------+---------+
 * | RSV | FRAG | ATYP |   ADDR   |   PORT   | PAYLOAD |   ADDR: the target of a datagram up,
 * +-----+------+------+----------+----------+---------+         the source of one down
 * |  2  |  1   |  1   | variable |  2, BE   |  rest   |
 * +-----+------+------+----------+----------+---------+
 * ```
 * Nobody is told of a datagram that is dropped: that is how UDP fails, and a reply could be made to hit others.
 */
import { concat, startsWith } from '../bytes.js';
import { encodeTarget, type Target } from '../codec/address.js';
import { joined } from '../codec/room.js';
import { addressLengths, targetOf } from './socks-address.js';

const fixedLength = 3;

/** A datagram of a client. */
export interface UdpDatagram {
  readonly target: Target;
  readonly payload: Uint8Array;
}

/** A datagram as it arrived: the whole of one, or a piece. */
export interface UdpHeader extends UdpDatagram {
  /** The FRAG byte: 0 for a datagram that stands alone, else its position of 1..127, and 0x80 when it is the last. */
  readonly fragment: number;
}

/**
 * What a client sent; its payload is a view into `datagram`. Undefined when it is to be dropped: too short, RSV other
 * than 0, an unknown ATYP, a host that is no plain name, port 0.
 */
export function readUdpHeader(datagram: Uint8Array): UdpHeader | undefined {
  if (datagram[0] !== 0 || datagram[1] !== 0) return undefined;
  const [, , fragment, addressType, next] = datagram;
  if (fragment === undefined || addressType === undefined || next === undefined) return undefined;
  const length = addressLengths.get(addressType);
  if (length === undefined) return undefined;
  const addressEnd = fixedLength + 1 + (length === 'prefixed' ? 1 + next : length) + 2;
  if (datagram.length < addressEnd) return undefined;
  const target = targetOf(datagram.subarray(fixedLength, addressEnd));
  if ('refusal' in target || target.port === 0) return undefined;
  return { fragment, target, payload: datagram.subarray(addressEnd) };
}

/** A datagram for a client, owned: `payload` as it came from `source`. */
export function writeUdpHeader(source: Target, payload: Uint8Array): Uint8Array {
  return joined(headerOf(source), payload);
}

/** RSV and FRAG are 0. */
function headerOf(source: Target): Uint8Array {
  // Memory of its own: it is kept for as long as an association, and packets are cut from large blocks.
  return concat([new Uint8Array(fixedLength), encodeTarget(source)]);
}

/**
 * Reads and writes the headers of one association as {@link readUdpHeader} and {@link writeUdpHeader} do. What goes to
 * the target of the datagram before it, or comes from its source, is not read or written again.
 */
export class UdpHeaders {
  #address: Uint8Array = new Uint8Array(0);
  #target: Target | undefined;
  #source: Target | undefined;
  #header: Uint8Array = this.#address;

  read(datagram: Uint8Array): UdpHeader | undefined {
    const target = this.#target;
    const fragment = datagram[2];
    if (
      target !== undefined &&
      fragment !== undefined &&
      datagram[0] === 0 &&
      datagram[1] === 0 &&
      startsWith(datagram, fixedLength, this.#address)
    ) {
      return { fragment, target, payload: datagram.subarray(fixedLength + this.#address.length) };
    }
    const header = readUdpHeader(datagram);
    if (header !== undefined) {
      this.#target = header.target;
      // A copy: the `slice` of a Buffer would be none.
      const end = datagram.length - header.payload.length;
      this.#address = new Uint8Array(datagram.subarray(fixedLength, end));
    }
    return header;
  }

  write(source: Target, payload: Uint8Array): Uint8Array {
    if (source !== this.#source) {
      this.#header = headerOf(source);
      this.#source = source;
    }
    return joined(this.#header, payload);
  }
}

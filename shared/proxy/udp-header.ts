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
import { concat } from '../bytes.js';
import { encodeTarget, type Target } from '../codec/address.js';
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
  return concat([new Uint8Array(fixedLength), encodeTarget(source), payload]);
}

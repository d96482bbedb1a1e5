/**
 * Datagrams in a stream ("UDP over TCP" of sing-box, versions 1 and 2), for networks that drop UDP. The stream is asked for
 * with a name that nobody dials; in it come, in both directions, datagrams with their addresses:
 * ```
 * +----+----------+----------+--------+---------+
 * | AF |   ADDR   |   PORT   | LENGTH | PAYLOAD |   AF 0: IPv4, 1: IPv6, 2: a name and its length before it
 * +----+----------+----------+--------+---------+   ADDR: the target of a datagram up, the source of one down
 * | 1  | variable |  2, BE   | 2, BE  | LENGTH  |
 * +----+----------+----------+--------+---------+
 * ```
 * In version 2 a request comes first, with a SOCKS address (RFC 1928 §5). When it says CONNECT, that is the only target,
 * and datagrams are LENGTH and PAYLOAD alone:
 * ```
 * +---------+------+----------+----------+
 * | CONNECT | ATYP |   ADDR   |   PORT   |
 * +---------+------+----------+----------+
 * |  0 / 1  |  1   | variable |  2, BE   |
 * +---------+------+----------+----------+
 * ```
 */
import { concat, readU16, writeU16 } from '../bytes.js';
import { encodeTarget, type Target, unspecifiedTarget } from '../codec/address.js';
import { ProtocolError } from '../errors.js';
import { addressLengths, targetOf } from './socks-address.js';
import type { UdpDatagram } from './udp-header.js';

export type UotVersion = 1 | 2;

const names: ReadonlyMap<string, UotVersion> = new Map([
  ['sp.udp-over-tcp.arpa', 1],
  ['sp.v2.udp-over-tcp.arpa', 2],
]);

/** What to ask a server for that knows version 2. */
export const uotTarget: Target = { host: 'sp.v2.udp-over-tcp.arpa', port: 0 };
/** The request of a client with many targets: it names none of them. */
export const uotRequest: Uint8Array = concat([Uint8Array.of(0), encodeTarget(unspecifiedTarget)]);

/** The ATYP of each AF. */
const types = [0x01, 0x04, 0x03] as const;

/** The version that a stream to `target` speaks; undefined when it is an ordinary one. The port says nothing. */
export function uotVersion(target: Target): UotVersion | undefined {
  return names.get(target.host);
}

/** The datagrams of one stream. */
export class UotCodec {
  #requested: boolean;
  /** Undefined where every datagram has an address of its own; otherwise the only target, null when it is nobody's. */
  #only: Target | null | undefined;
  /** What has come of a datagram that is not complete, and how much of it has to be there to go on. */
  #rest: Uint8Array[] = [];
  #length = 0;
  #need = 1;

  constructor(version: UotVersion) {
    this.#requested = version === 1;
  }

  /** The only host that answers may come from; undefined when they may come from any. */
  get only(): Target | undefined {
    return this.#only ?? undefined;
  }

  /**
   * The datagrams that are complete with `bytes`, which are lent; the payloads are owned. Those to an address that is
   * nobody's are left out.
   * @throws ProtocolError for what is neither a request nor a datagram.
   */
  open(bytes: Uint8Array): readonly UdpDatagram[] {
    this.#rest.push(new Uint8Array(bytes));
    this.#length += bytes.length;
    // Whoever sends byte by byte must not have all of them moved for each.
    if (this.#length < this.#need) return [];
    const whole = concat(this.#rest);
    const datagrams: UdpDatagram[] = [];
    let at = 0;
    for (;;) {
      this.#need = whole.length - at + 1;
      const end = this.#requested ? this.#datagram(whole, at, datagrams) : this.#request(whole, at);
      if (end === undefined) break;
      at = end;
    }
    this.#rest = [whole.subarray(at)];
    this.#length = whole.length - at;
    return datagrams;
  }

  /**
   * A datagram for the client, owned.
   * @throws ProtocolError for a payload of more than 65,535 bytes.
   */
  seal(source: Target, payload: Uint8Array): Uint8Array {
    if (payload.length > 0xffff) {
      throw new ProtocolError(`datagram: expected at most 65535 bytes, got ${payload.length}`);
    }
    const length = new Uint8Array(2);
    writeU16(length, 0, payload.length);
    if (this.#only !== undefined) return concat([length, payload]);
    const address = encodeTarget(source);
    address[0] = types.findIndex((type) => type === address[0]);
    return concat([address, length, payload]);
  }

  /** Where the request at `at` ends; undefined when bytes are missing. */
  #request(whole: Uint8Array, at: number): number | undefined {
    const connect = whole[at];
    if (connect === undefined) return undefined;
    if (connect > 1) throw new ProtocolError(`UDP over TCP: expected 0 or 1, got ${connect}`);
    const end = addressEnd(whole, at + 1, whole[at + 1]);
    if (end === undefined) return undefined;
    if (connect === 1) this.#only = usable(whole.subarray(at + 1, end)) ?? null;
    this.#requested = true;
    return end;
  }

  /** The same for a datagram, which is added to `found`. */
  #datagram(whole: Uint8Array, at: number, found: UdpDatagram[]): number | undefined {
    const begin = this.#only === undefined ? this.#address(whole, at) : at;
    if (begin === undefined || whole.length < begin + 2) return undefined;
    const start = begin + 2;
    const end = start + readU16(whole, begin);
    if (whole.length < end) {
      this.#need = end - at;
      return undefined;
    }
    const target = this.#only === undefined ? familyTarget(whole.subarray(at, begin)) : this.#only;
    if (target) found.push({ target, payload: whole.slice(start, end) });
    return end;
  }

  #address(whole: Uint8Array, at: number): number | undefined {
    const family = whole[at];
    if (family === undefined) return undefined;
    const type = types[family];
    if (type === undefined)
      throw new ProtocolError(`UDP over TCP: expected a family of 0 to 2, got ${family}`);
    return addressEnd(whole, at, type);
  }
}

/** Where the address that begins at `at` with one byte of type ends; undefined when bytes are missing. */
function addressEnd(whole: Uint8Array, at: number, type: number | undefined): number | undefined {
  if (type === undefined) return undefined;
  const length = addressLengths.get(type);
  if (length === undefined) throw new ProtocolError(`UDP over TCP: expected a known ATYP, got ${type}`);
  const next = whole[at + 1];
  if (next === undefined) return undefined;
  const end = at + 1 + (length === 'prefixed' ? 1 + next : length) + 2;
  return whole.length < end ? undefined : end;
}

function familyTarget(address: Uint8Array): Target | undefined {
  const socks = address.slice();
  socks[0] = types[address[0] ?? -1] ?? 0;
  return usable(socks);
}

function usable(address: Uint8Array): Target | undefined {
  const target = targetOf(address);
  return 'refusal' in target || target.port === 0 ? undefined : target;
}

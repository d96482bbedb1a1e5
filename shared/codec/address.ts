/**
 * The SOCKS address: where a request wants to go, in the one form that SOCKS5 and every edition of Shadowsocks share
 * (RFC 1928 §5).
 *
 * ```
 *   ATYP │ ADDR                       │ PORT
 *     1  │                            │  2, big-endian
 *   0x01 │ 4 bytes                    │           7 in all
 *   0x03 │ LENGTH (1) │ LENGTH bytes  │           at most 259
 *   0x04 │ 16 bytes                   │           19
 * ```
 *
 * IP addresses have one spelling from here on: IPv4-mapped IPv6 becomes IPv4, and a domain that reads as an IP
 * address becomes that address, so that no policy behind this file can be talked round by choosing another form.
 */
import { readU16, writeU16 } from '../bytes.js';
import { ProtocolError } from '../errors.js';
import { formatIp, parseIp, unmapIp } from './ip.js';

/** Where somebody wants to go. */
export interface Target {
  /** A domain name, dotted IPv4, or IPv6 without brackets. */
  readonly host: string;
  /** 0..65535. */
  readonly port: number;
}

/** Stands for an address that nobody knows or that does not matter (RFC 1928 §6 has no other word for that). */
export const unspecifiedTarget: Target = { host: '0.0.0.0', port: 0 };

/** The address that opens a halflight carrier instead of naming a target; its port is the version of the raw wire. */
export const reservedTarget: Target = { host: 'handshake.halflight.invalid', port: 1 };

/** Whether a request speaks the raw wire, of whatever version. */
export function isReserved(target: Target): boolean {
  return target.host === reservedTarget.host;
}

const IPV4 = 0x01;
const DOMAIN = 0x03;
const IPV6 = 0x04;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * The SOCKS address of a target, owned by the caller. IP addresses go out as such, in whatever form they came.
 *
 * @throws ProtocolError for an empty host, one of more than 255 bytes or with a NUL, and a port that is none.
 */
export function encodeTarget(target: Target): Uint8Array {
  const { host, port } = target;
  if (!Number.isInteger(port) || port < 0 || port > 0xffff) {
    throw new ProtocolError(`target port: expected 0 to 65535, got ${port}`);
  }
  const ip = literal(host);
  const head = ip === undefined ? encodeDomain(host) : [ip.length === 4 ? IPV4 : IPV6, ...ip];
  const bytes = new Uint8Array(head.length + 2);
  bytes.set(head);
  writeU16(bytes, head.length, port);
  return bytes;
}

/**
 * The target whose SOCKS address begins at `offset`, and the offset behind it; undefined when bytes are missing.
 * A domain is taken as UTF-8; what is not becomes U+FFFD, which no host name may contain.
 *
 * @throws ProtocolError for an unknown ATYP, a domain of no bytes, or one with a NUL, as soon as that can be seen.
 */
export function decodeTarget(
  bytes: Uint8Array,
  offset: number,
): { readonly target: Target; readonly end: number } | undefined {
  const type = bytes[offset];
  if (type === undefined) return undefined;
  const start = type === DOMAIN ? offset + 2 : offset + 1;
  const length = addressLength(type, bytes[offset + 1]);
  if (length === undefined || bytes.length < start + length + 2) return undefined;
  const address = bytes.subarray(start, start + length);
  const host = type === DOMAIN ? decodeDomain(address) : formatIp(unmapIp(address));
  return { target: { host, port: readU16(bytes, start + length) }, end: start + length + 2 };
}

/** A target as people write it: `example.com:443`, `192.0.2.1:80`, `[::1]:80`. */
export function formatTarget(target: Target): string {
  return target.host.includes(':') ? `[${target.host}]:${target.port}` : `${target.host}:${target.port}`;
}

function addressLength(type: number, next: number | undefined): number | undefined {
  if (type === IPV4) return 4;
  if (type === IPV6) return 16;
  if (type !== DOMAIN) throw new ProtocolError(`ATYP: expected 1, 3 or 4, got ${type}`);
  if (next === 0) throw new ProtocolError('target domain: expected 1 to 255 bytes, got none');
  return next;
}

function encodeDomain(host: string): readonly number[] {
  const name = encoder.encode(host);
  if (name.length === 0 || name.length > 255) {
    throw new ProtocolError(`target domain: expected 1 to 255 bytes, got ${name.length}`);
  }
  refuseNul(name);
  return [DOMAIN, name.length, ...name];
}

function decodeDomain(name: Uint8Array): string {
  refuseNul(name);
  const host = decoder.decode(name);
  const ip = literal(host);
  return ip === undefined ? host : formatIp(ip);
}

/** A C library would stop at the NUL and resolve something else than what was checked (`127.0.0.1\0.example.com`). */
function refuseNul(name: Uint8Array): void {
  if (name.includes(0)) throw new ProtocolError('target domain: expected text, got a NUL byte');
}

/** The bytes of a host that is an IP address, brackets or not: some clients send `[::1]` as a domain. */
function literal(host: string): Uint8Array | undefined {
  const bare = host.startsWith('[') && host.endsWith(']') && host.includes(':') ? host.slice(1, -1) : host;
  const ip = parseIp(bare);
  return ip === undefined ? undefined : unmapIp(ip);
}

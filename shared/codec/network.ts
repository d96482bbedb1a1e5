/** Networks of IP addresses (CIDR, RFC 4632 §3.1). */
import { parseIp } from './ip.js';

/** All addresses that begin with the same bits. */
export interface Network {
  /** 4 or 16 bytes. */
  readonly prefix: Uint8Array;
  /** How many leading bits of the prefix count. */
  readonly bits: number;
}

/** The network that `ADDRESS/BITS` names, whatever stands behind those bits, or undefined when it is none. */
export function parseNetwork(text: string): Network | undefined {
  const [, address = '', digits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const prefix = parseIp(address);
  const bits = Number(digits);
  return prefix === undefined || bits > 8 * prefix.length ? undefined : { prefix, bits };
}

/** Whether `ip`, of 4 or 16 bytes, is in the network; one of the other version is not. */
export function inNetwork({ prefix, bits }: Network, ip: Uint8Array): boolean {
  if (ip.length !== prefix.length) return false;
  const whole = bits >>> 3;
  for (let at = 0; at < whole; at++) if (ip[at] !== prefix[at]) return false;
  const mask = 0xff & ~(0xff >>> (bits & 7));
  return (((ip[whole] ?? 0) ^ (prefix[whole] ?? 0)) & mask) === 0;
}

/**
 * What a SOCKS client may name as an address. The bytes are those of RFC 1928 §5 (shared/codec/address.ts); here they
 * are held to more than grammar, because the text of a name decides what a resolver makes of it.
 */
import { readU16 } from '../bytes.js';
import { decodeTarget, encodeTarget, type Target } from '../codec/address.js';
import { ProtocolError, type Refusal } from '../errors.js';
import { checkHostname } from './hostname.js';

const domainType = 0x03;

/** How many bytes of address follow ATYP, the port not counted; a domain says so in its own first byte. */
export const addressLengths: ReadonlyMap<number, number | 'prefixed'> = new Map<number, number | 'prefixed'>([
  [0x01, 4],
  [domainType, 'prefixed'],
  [0x04, 16],
]);

/** Texts worth trying as an IP literal: some clients send one as a domain, even in the brackets of a URL. */
const addressText = /^[0-9a-f:.[\]]+$/i;
const unspecifiedHosts: readonly string[] = ['0.0.0.0', '::'];

/** Why an address is nobody's target: how to refuse it, and what is wrong with it. */
export interface Unusable {
  readonly refusal: Refusal;
  /** `what: expected …, got …`, without the address itself. */
  readonly complaint: string;
}

/** Whether a target is no particular host: 0.0.0.0 or ::. */
export function isUnspecified(target: Target): boolean {
  return unspecifiedHosts.includes(target.host);
}

/**
 * The target of a whole SOCKS address (a known ATYP, address, port), or why there is none. Its host is an IP literal
 * in its one spelling or a plain name; of the port nothing is asked.
 */
export function targetOf(address: Uint8Array): Target | Unusable {
  if (address[0] !== domainType) return wholeTarget(address);
  return namedTarget(address.subarray(2, -2), readU16(address, address.length - 2));
}

/** The target of a host that came as text, or why there is none. */
export function namedTarget(name: Uint8Array, port: number): Target | Unusable {
  if (name.length === 0) {
    return { refusal: 'general-failure', complaint: 'domain: expected 1 to 253 bytes, got 0' };
  }
  const host = String.fromCharCode(...name);
  if (addressText.test(host)) {
    const literal = encodeTarget({ host, port });
    if (literal[0] !== domainType) return wholeTarget(literal);
  }
  const complaint = checkHostname(host);
  return complaint === undefined
    ? { host, port }
    : { refusal: 'host-unreachable', complaint: `domain: ${complaint}` };
}

/**
 * The target of a whole SOCKS address, held to grammar only: what a proxy says that it has bound.
 * @throws ProtocolError for a domain of no bytes or with a NUL.
 */
export function wholeTarget(address: Uint8Array): Target {
  const whole = decodeTarget(address, 0);
  if (whole === undefined) throw new ProtocolError('SOCKS address: expected a whole one, got a part');
  return whole.target;
}

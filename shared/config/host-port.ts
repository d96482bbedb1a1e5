import { isIP, isIPv6 } from 'node:net';
import { checkHostname } from '../proxy/hostname.js';

/** `HOST`, `HOST:PORT`, `[IPv6]` or `[IPv6]:PORT`, taken apart and not yet judged. */
export interface HostAndPort {
  /** Without brackets. */
  readonly host: string;
  readonly bracketed: boolean;
  /** Absent when there was no colon behind the host. */
  readonly port?: string;
}

const shape = /^(?:\[(?<literal>[^[\]]*)\]|(?<name>[^:[\]]*))(?::(?<port>[^:]*))?$/;
const decimal = /^[0-9]{1,5}$/;

/** Host and port of `text`, or undefined when it is shaped otherwise (an IPv6 address without brackets is). */
export function splitHostPort(text: string): HostAndPort | undefined {
  const groups = shape.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const { literal, name, port } = groups;
  return {
    host: literal ?? name ?? '',
    bracketed: literal !== undefined,
    ...(port === undefined ? {} : { port }),
  };
}

/** The port 0..65535 that `text` spells in decimal digits, or undefined. */
export function readPort(text: string): number | undefined {
  const port = decimal.test(text) ? Number(text) : 65_536;
  return port <= 65_535 ? port : undefined;
}

/**
 * Why the host cannot be used, as "expected …, got …" without the host itself, or undefined when it can: a name, a
 * dotted IPv4, or a bracketed IPv6 without a zone (RFC 3986 §3.2.2 has none, and no two machines agree on one).
 */
export function checkHost({ host, bracketed }: HostAndPort): string | undefined {
  if (bracketed) {
    if (host.includes('%')) return 'expected an IPv6 address without a zone, got one with a zone';
    return isIPv6(host) ? undefined : 'expected an IPv6 address in the brackets, got something else';
  }
  return isIP(host) === 4 ? undefined : checkHostname(host);
}

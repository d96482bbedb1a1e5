/**
 * What an HTTP client may name as its target: `host:port` for CONNECT (RFC 9112 §3.2.3), or a whole `http` URI
 * (§3.2.2). Node's parser takes anything here, so it is judged by us. Not by `URL`, either: that reads `0x7f.1` as an
 * address and rewrites paths, and a path has to arrive as it was sent.
 */
import type { Target } from '../codec/address.js';
import { namedTarget } from './socks-address.js';

/** A request target that is none, `what: expected …, got …`, without a byte of it. */
export interface BadTarget {
  readonly complaint: string;
}

/** A request target in absolute form. */
export interface AbsoluteTarget {
  readonly target: Target;
  /** Host and port as the client wrote them: the value of `Host` (RFC 9112 §3.2.2). */
  readonly authority: string;
  /** Path and query, byte for byte; empty only when the URI has neither. */
  readonly path: string;
}

const defaultPort = 80;
const largestPort = 65_535;
const absolute = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^#]*)(#.*)?$/is;
const hostAndPort = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d{0,5}))?$/;
const requestLine = /^([A-Z-]+) (\S+) HTTP\/1\.[01]\r\n$/;

/** The target of a CONNECT, whose port has to be there. */
export function readAuthority(text: string): Target | BadTarget {
  return targetIn(text, undefined);
}

/** The target of a request for an `http` URI. */
export function readAbsolute(text: string): AbsoluteTarget | BadTarget {
  const [, scheme, authority = '', path = '', fragment] = absolute.exec(text) ?? [];
  if (scheme === undefined) return { complaint: 'URI: expected http://host/path, got something else' };
  if (scheme.toLowerCase() !== 'http')
    return { complaint: 'scheme: expected http, got another: use CONNECT' };
  if (fragment !== undefined) return { complaint: 'URI: expected no fragment, got one' };
  const target = targetIn(authority, defaultPort);
  return 'complaint' in target ? target : { target, authority, path };
}

/**
 * What the first line of a request (with its line end) asks of a proxy; undefined when it is not for a target at all,
 * or not in a form that could be.
 */
export function readRequestLine(
  line: Uint8Array,
): { readonly method: string; readonly target: Target } | undefined {
  const [, method, asked] = requestLine.exec(new TextDecoder('latin1').decode(line)) ?? [];
  if (method === undefined || asked === undefined) return undefined;
  const read = method === 'CONNECT' ? readAuthority(asked) : readAbsolute(asked);
  if ('complaint' in read) return undefined;
  return { method, target: 'target' in read ? read.target : read };
}

/** `port` when the text has none; a text without one is no target when that is undefined. */
function targetIn(authority: string, port: number | undefined): Target | BadTarget {
  if (authority.includes('@'))
    return { complaint: 'target: expected host and port alone, got a user as well' };
  const [, host, digits] = hostAndPort.exec(authority) ?? [];
  if (host === undefined) return { complaint: 'target: expected host:port, got something else' };
  const number = digits === undefined || digits === '' ? port : Number(digits);
  if (number === undefined || number < 1 || number > largestPort) {
    return { complaint: `port: expected 1 to ${largestPort}, got ${number ?? 'none'}` };
  }
  // An IPv6 address stands in brackets, and nothing else does.
  if (host.startsWith('[') && !host.includes(':')) {
    return { complaint: 'host: expected an IPv6 address in the brackets, got none' };
  }
  const target = namedTarget(new TextEncoder().encode(host), number);
  return 'host' in target ? target : { complaint: target.complaint };
}

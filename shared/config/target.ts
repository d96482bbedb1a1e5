/** Targets as callers of the library name them. */
import { isIPv6 } from 'node:net';
import type { Target } from '../codec/address.js';
import { canonicalIp } from '../codec/ip.js';
import { ConfigError } from '../errors.js';
import { checkHost, readPort, splitHostPort } from './host-port.js';

/** `HOST:PORT`, `[IPv6]:PORT`, or the two apart: there, an IPv6 address stands with or without brackets. */
export type TargetChoice = string | { readonly host: string; readonly port: number | string };

export interface TargetRules {
  /** The lowest port, 1 by default: 0 stands for "any" where somebody waits for a stream. */
  readonly lowestPort?: 0 | 1;
}

/** The target that `choice` names, IP addresses in their one spelling. ConfigError, beginning with `what`, otherwise. */
export function parseTarget(
  choice: TargetChoice,
  what: string,
  { lowestPort = 1 }: TargetRules = {},
): Target {
  const { host, port } = typeof choice === 'string' ? split(choice, what) : halves(choice, what);
  const bracketed = host.startsWith('[') && host.endsWith(']');
  const bare = bracketed ? host.slice(1, -1) : host;
  const why = checkHost({ host: bare, bracketed: bracketed || isIPv6(host) });
  if (why !== undefined) throw new ConfigError(`${what}: ${why}`);
  const number = readPort(port);
  if (number === undefined || number < lowestPort) {
    throw new ConfigError(`${what}: expected a port from ${lowestPort} to 65535, got another`);
  }
  return { host: canonicalIp(bare), port: number };
}

interface Halves {
  readonly host: string;
  readonly port: string;
}

/** Callers whose types nobody checks forget one of them, or both. */
function halves(choice: unknown, what: string): Halves {
  const { host, port } = Object(choice) as Readonly<Record<string, unknown>>;
  if (typeof host === 'string' && (typeof port === 'number' || typeof port === 'string')) {
    return { host, port: `${port}` };
  }
  throw new ConfigError(`${what}: expected HOST:PORT as text, or host and port, got something else`);
}

function split(text: string, what: string): Halves {
  const { host, port, bracketed } = splitHostPort(text) ?? {};
  if (text.includes('://')) throw new ConfigError(`${what}: expected HOST:PORT or [IPv6]:PORT, got a URL`);
  if (host === undefined || port === undefined) {
    throw new ConfigError(`${what}: expected HOST:PORT or [IPv6]:PORT, got something else`);
  }
  // Brackets tell `[1.2.3.4]` from an address.
  return { host: bracketed === true ? `[${host}]` : host, port };
}

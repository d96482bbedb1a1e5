/** What the operating system and the resolver say when a connection does not come about, in our words. */
import { codeOf, DialError, type Refusal, RefusedError } from '../errors.js';

/** docs/raw-wire.md §6. What is not here, EMFILE and EINVAL among it, is our own trouble: a general failure. */
const refusals: ReadonlyMap<string, Refusal> = new Map<string, Refusal>([
  ['ECONNREFUSED', 'connection-refused'],
  ['ETIMEDOUT', 'timed-out'],
  ['EHOSTUNREACH', 'host-unreachable'],
  ['EHOSTDOWN', 'host-unreachable'],
  ['ENETUNREACH', 'network-unreachable'],
  ['ENETDOWN', 'network-unreachable'],
  // A firewall of this host, or a `prohibit` route.
  ['EACCES', 'not-allowed'],
  ['EPERM', 'not-allowed'],
  ['ENOTFOUND', 'name-not-resolved'],
  ['ENODATA', 'name-not-resolved'],
  ['ESERVFAIL', 'name-not-resolved'],
  ['ETIMEOUT', 'name-not-resolved'],
]);

/** The refusal behind any error of a dial. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof DialError || error instanceof RefusedError) return error.code;
  return refusals.get(codeOf(error) ?? '') ?? 'general-failure';
}

/** The error of one attempt as a `DialError`, with the errno in its message and never the target. */
export function dialErrorOf(error: unknown): DialError {
  if (error instanceof DialError) return error;
  const got = codeOf(error) ?? (error instanceof Error ? error.name : 'an unknown error');
  return new DialError(refusalOf(error), `dial: expected a connection, got ${got}`, { cause: error });
}

/** No descriptors, no ports, no memory left on this computer. */
const ownTroubles: readonly unknown[] = ['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM'];

/** Whether this computer, and not the network, is behind an error: then it says nothing of the other end. */
export function isOwnTrouble(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (ownTroubles.includes(codeOf(at))) return true;
  }
  return false;
}

/** The most telling first: an answer of the target itself, then silence, then what routers said on the way. */
const telling: readonly Refusal[] = [
  'connection-refused',
  'timed-out',
  'host-unreachable',
  'network-unreachable',
  'not-allowed',
];

/** The error that says most about the target, the earlier of equals; undefined for none. */
export function mostTelling(errors: readonly DialError[]): DialError | undefined {
  const rank = ({ code }: DialError): number =>
    telling.includes(code) ? telling.indexOf(code) : telling.length;
  return [...errors].sort((one, other) => rank(one) - rank(other))[0];
}

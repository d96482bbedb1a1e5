/**
 * The guard: where a remote will not go for anybody (docs/probes.md T-26, T-28, T-29, T-31).
 *
 * It is asked twice. First about the target as it was named, before anything is looked up; then about each address
 * that the name turned into, right before that very address is dialled, so that no second answer of a name server
 * comes in between (DNS rebinding). `net.BlockList` was the alternative: it misses `::127.0.0.1` and ignores zones.
 */
import { networkInterfaces } from 'node:os';
import type { Target } from '../codec/address.js';
import { canonicalIp } from '../codec/ip.js';
import { RefusedError } from '../errors.js';
import { refusedRange } from './special-ranges.js';

export { refusedRange } from './special-ranges.js';

/** What a remote protects. */
export interface Guard {
  /** Lets targets in private and special ranges through. Our own listeners stay closed. */
  readonly allowPrivate: boolean;
  /** Lets port 25 through, for whoever has chosen the target themselves. */
  readonly allowMail?: true;
  /** Our own listening addresses, IP literals; `0.0.0.0` or `::` stands for every address of this host. */
  readonly own: () => readonly Target[];
}

/** Mail between servers: what an open remote is abused for first (T-31). */
const refusedPort = 25;

/** Names that mean this host or its network wherever they are looked up, and so do the names below them. */
const refusedNames: readonly string[] = ['localhost', 'local', 'internal', 'home.arpa'];

/** Which refused name `host` is or lies below, whatever its case and final dot; undefined for a public name. */
export function refusedName(host: string): string | undefined {
  const name = host.toLowerCase().replace(/\.$/, '');
  return refusedNames.find((refused) => name === refused || name.endsWith(`.${refused}`));
}

/**
 * Lets a target pass as far as its name and port can tell.
 * @throws RefusedError otherwise, without the target in its message.
 */
export function admitTarget(guard: Guard, target: Target): void {
  if (target.port === refusedPort && guard.allowMail !== true)
    throw new RefusedError('target port: expected any but 25, got 25');
  const name = guard.allowPrivate ? undefined : refusedName(target.host);
  if (name !== undefined) throw new RefusedError(`target: expected a public name, got one of ${name}`);
}

/**
 * Lets one address pass that is about to be dialled.
 * @throws RefusedError otherwise, with the range in its message but not the address.
 */
export function admitAddress(guard: Guard, ip: string, port: number): void {
  const range = guard.allowPrivate ? undefined : refusedRange(ip);
  if (range !== undefined) throw new RefusedError(`target: expected a public address, got ${range}`);
  admitAgain(guard, ip, port);
}

/**
 * The same for an address that this guard has let pass before: whose range it is in does not change, but our own
 * listeners may.
 * @throws RefusedError when it is one of these now.
 */
export function admitAgain(guard: Guard, ip: string, port: number): void {
  if (guard.own().some((own) => own.port === port && reaches(ip, own.host))) {
    throw new RefusedError('target: expected another service, got our own listener');
  }
}

/**
 * Those of `ips` that pass; none of none.
 * @throws RefusedError when all of them are refused.
 */
export function admitAddresses(guard: Guard, ips: readonly string[], port: number): readonly string[] {
  let refusal: unknown;
  const admitted = ips.filter((ip) => {
    try {
      admitAddress(guard, ip, port);
      return true;
    } catch (error) {
      refusal = error;
      return false;
    }
  });
  if (admitted.length === 0 && refusal !== undefined) throw refusal as Error;
  return admitted;
}

/** Whether a connection to `ip` arrives at a socket of this host that listens on `listening`. */
function reaches(ip: string, listening: string): boolean {
  const to = canonicalIp(ip);
  const at = canonicalIp(listening);
  // The kernel takes a connection to "no address" to this host.
  if (to === at || isUnspecified(to)) return true;
  return isUnspecified(at) && (to === '::1' || to.startsWith('127.') || ownAddresses().includes(to));
}

function isUnspecified(ip: string): boolean {
  return ip === '0.0.0.0' || ip === '::';
}

/** Whether an interface of this host has that address now, however it is spelt. */
export function isOwnAddress(ip: string): boolean {
  return ownAddresses().includes(canonicalIp(ip));
}

/** Asked anew each time, and only for our own ports: addresses come and go while a remote runs. */
function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((addresses = []) =>
    addresses.map(({ address }) => canonicalIp(address)),
  );
}

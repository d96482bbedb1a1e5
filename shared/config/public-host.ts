import { isIP, isIPv6 } from 'node:net';
import type { networkInterfaces } from 'node:os';
import { ConfigError } from '../errors.js';
import { refusedRange } from '../net/guard.js';
import { checkHost, splitHostPort } from './host-port.js';
import { isLoopback, isWildcard } from './listen.js';

/**
 * `guess`: no interface has a public address, and this is the best of the others. `loopback`, `private`: the remote was
 * told to listen on an address that only this machine, or only its own network, can reach.
 */
export type HostDoubt = 'guess' | 'loopback' | 'private';

/** The host that a remote's URI names. */
export interface PublicHost {
  readonly host: string;
  /** Why it may be of no use on the laptop; absent when nothing speaks against it. */
  readonly doubt?: HostDoubt;
}

export interface PublicHostSources {
  /** What the operator says it is. */
  readonly named: string | undefined;
  /** Where the remote listens, without brackets. */
  readonly listen: string;
  /** What `os.networkInterfaces()` says. */
  readonly interfaces: ReturnType<typeof networkInterfaces>;
}

/**
 * The host to put into a URI: what the operator named; else the listening address itself when it is a particular one;
 * else the first public address of this machine, IPv4 first, because every laptop has that; else its first other
 * address (a machine behind NAT), else 127.0.0.1, both only a guess.
 */
export function publicHost({ named, listen, interfaces }: PublicHostSources): PublicHost {
  if (named !== undefined) return { host: readPublicHost(named) };
  if (!isWildcard(listen)) return { host: listen, ...doubtOf(listen) };

  const addresses = Object.values(interfaces)
    .flatMap((entries) => entries ?? [])
    .filter(({ internal, address }) => !internal && !/^fe[89ab]/i.test(address))
    .map(({ address }) => address)
    .filter((address) => listen !== '0.0.0.0' || !isIPv6(address))
    .sort((one, other) => Number(isIPv6(one)) - Number(isIPv6(other)));
  const found = addresses.find((address) => refusedRange(address) === undefined);
  return found === undefined ? { host: addresses[0] ?? '127.0.0.1', doubt: 'guess' } : { host: found };
}

/**
 * Where other machines find a port that listens on every address of this one, chosen as above; undefined when it listens
 * on one only, which names itself, and when there is no network.
 */
export function hostForOthers({ listen, interfaces }: Omit<PublicHostSources, 'named'>): string | undefined {
  if (!isWildcard(listen)) return undefined;
  const { host } = publicHost({ named: undefined, listen, interfaces });
  return isLoopback(host) ? undefined : host;
}

function doubtOf(listen: string): { readonly doubt?: HostDoubt } {
  if (isLoopback(listen)) return { doubt: 'loopback' };
  return isIP(listen) !== 0 && refusedRange(listen) !== undefined ? { doubt: 'private' } : {};
}

/** A name, an IPv4 or an IPv6 address, with brackets or without, as it stands in a URI's host. ConfigError otherwise. */
export function readPublicHost(text: string): string {
  if (text.includes('://') || splitHostPort(text)?.port !== undefined) {
    throw new ConfigError('--public-host: expected a host without scheme or port, got one with');
  }
  const bracketed = text.startsWith('[') && text.endsWith(']');
  const host = bracketed ? text.slice(1, -1) : text;
  const why = checkHost({ host, bracketed: bracketed || host.includes(':') });
  if (why !== undefined) throw new ConfigError(`--public-host: ${why}`);
  return host;
}

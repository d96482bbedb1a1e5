import { readPort, splitHostPort } from './host-port.js';
import { isWildcard } from './listen.js';

/** Host and port of a service's `listen`, which is always `host:port`. */
export function readService(listen: string): { readonly host: string; readonly port: number } {
  const split = splitHostPort(listen);
  return { host: split?.host ?? '', port: readPort(split?.port ?? '') ?? 0 };
}

/** Where a program on this machine connects to: a wildcard is no such place, and on loopback it answers too. */
export function reachable<T extends { readonly host: string }>(listen: T): T {
  return isWildcard(listen.host) ? { ...listen, host: '127.0.0.1' } : listen;
}

import { BlockList, isIP } from 'node:net';
import { formatTarget } from '../codec/address.js';
import { ConfigError } from '../errors.js';
import { checkHost, readPort, splitHostPort } from './host-port.js';
import type { ListenAddress } from './settings.js';

/**
 * Where to listen, from `HOST:PORT`, `[IPv6]:PORT`, `:PORT` (all addresses) or `PORT` alone, which keeps
 * `defaultHost`. Ports are 0..65535, 0 lets the system choose. ConfigError for everything else.
 */
export function parseListen(text: string, defaultHost = ''): ListenAddress {
  const alone = readPort(text);
  if (alone !== undefined) return { host: defaultHost, port: alone };

  const split = splitHostPort(text);
  if (split?.port === undefined) {
    throw new ConfigError(
      `listen address: expected HOST:PORT, [IPv6]:PORT, :PORT or PORT, got ${quoted(text)}`,
    );
  }
  const port = readPort(split.port);
  if (port === undefined) {
    throw new ConfigError(`listen address: expected a port from 0 to 65535, got ${quoted(split.port)}`);
  }
  if (split.host === '' && !split.bracketed) return { host: '', port };
  const why = checkHost(split);
  if (why !== undefined) throw new ConfigError(`listen address: ${why}`);
  return { host: split.host, port };
}

/** The text that `parseListen` reads back: `127.0.0.1:1080`, `[::1]:1080`, or `:8388` for all addresses. */
export function formatListen(address: ListenAddress): string {
  return formatTarget(address);
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether only this machine can reach what listens on `host`: `localhost`, 127.0.0.0/8, ::1, in any spelling. */
export function isLoopback(host: string): boolean {
  const version = isIP(host);
  if (version === 0) return host.toLowerCase() === 'localhost';
  return loopback.check(host, version === 4 ? 'ipv4' : 'ipv6');
}

/** Whether `host` stands for every address of the machine. */
export function isWildcard(host: string): boolean {
  return host === '' || host === '0.0.0.0' || /^[0:]+$/.test(host);
}

function quoted(text: string): string {
  return text.length > 80 ? `${text.length} characters` : JSON.stringify(text);
}

/** Where a remote listens to a manager, and what that one may open. */
import { findMethod } from '../codec/methods.js';
import { ConfigError } from '../errors.js';
import { formatListen, isLoopback, parseListen } from './listen.js';
import type { LocalPluginFlags } from './plugin.js';
import type { ManagerSettings, PortSettings } from './settings.js';
import { checkUnixPath } from './unix-path.js';

export interface ManagerFlags {
  readonly managerAddress?: string;
}

/** What its ports are like unless it says otherwise. */
export interface ManagedPortFlags extends Pick<LocalPluginFlags, 'allowPlugin'> {
  readonly method?: string;
  readonly udp?: boolean;
}

/** What ss-manager and ssmanager open ports with when nobody says: panels send passwords, which no 2022 method takes. */
const customaryMethod = 'chacha20-ietf-poly1305';

/** What `flags` say of a manager; undefined when there is none. `host`: where the ports listen. */
export function readManager(
  { managerAddress, method, udp, allowPlugin }: ManagerFlags & ManagedPortFlags,
  host: string,
): ManagerSettings | undefined {
  if (managerAddress === undefined) return undefined;
  return {
    address: readManagerAddress(managerAddress),
    host,
    method: findMethod(method ?? customaryMethod),
    udp: udp ?? true,
    allowPlugins: allowPlugin ?? [],
  };
}

/**
 * The manager, with these ports from the start. Requests know a port by its number alone; so ConfigError for ports at
 * several addresses, for the same one twice, and for one that the system is to choose.
 */
export function withPorts(manager: ManagerSettings, ports: readonly PortSettings[]): ManagerSettings {
  const [first] = ports;
  if (first === undefined) return manager;
  const { host } = first.listen;
  const seen = new Set<number>();
  for (const { listen } of ports) {
    const name = `port ${formatListen(listen)}`;
    if (listen.host !== host) {
      throw new ConfigError(`${name}: expected one address for all ports of a manager, got another`);
    }
    if (listen.port === 0 || seen.has(listen.port)) {
      throw new ConfigError(`${name}: expected each port of a manager once, and by its number, got another`);
    }
    seen.add(listen.port);
  }
  return { ...manager, host, ports };
}

/**
 * `HOST:PORT`, `[IPv6]:PORT` or `PORT` of 127.0.0.1 over UDP, or what has a slash: the path of a unix socket. ConfigError
 * for an address that others can reach: whoever is heard there is obeyed.
 */
export function readManagerAddress(text: string): ManagerSettings['address'] {
  if (text.includes('/')) {
    const why = checkUnixPath(text);
    if (why === undefined) return { path: text };
    throw new ConfigError(`manager address: ${why}`);
  }
  if (!/^\d+$|:/.test(text)) {
    throw new ConfigError(
      'manager address: expected HOST:PORT, PORT, or a path with a slash in it, got neither',
    );
  }
  const listen = parseListen(text, '127.0.0.1');
  if (!isLoopback(listen.host)) {
    const advice = 'who can send there opens ports, and is asked for nothing';
    throw new ConfigError(
      `manager address: expected one of this machine alone, as 127.0.0.1:${listen.port}, got ${formatListen(listen)}: ${advice}`,
    );
  }
  return listen.host.toLowerCase() === 'localhost' ? { ...listen, host: '127.0.0.1' } : listen;
}

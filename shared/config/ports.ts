/** The further ports of a remote: a list in its config file, where each has a key of its own. */
import { masterKey } from '../codec/keys.js';
import { defaultMethod, findMethod } from '../codec/methods.js';
import { ConfigError } from '../errors.js';
import type { PortEntry } from './file-schema.js';
import { parseListen } from './listen.js';
import { readPlugin } from './plugin.js';
import type { PortSettings } from './settings.js';
import { together } from './together.js';
import { linesOfUsers } from './users-file.js';
import { refuseWeak } from './weak.js';

export interface PortsOptions {
  readonly allowWeakPassword: boolean;
}

/**
 * What the entries of `ports` mean, in their order. ConfigError `ports[1]: …` for a method, a key, a user or an address
 * that cannot be used, and for a password that is easy to guess unless it is allowed.
 */
export function readPorts(entries: readonly PortEntry[], options: PortsOptions): readonly PortSettings[] {
  return together(
    entries.map((entry, index) => () => {
      try {
        return readPort(entry, options);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        throw new ConfigError(`ports[${index}]: ${error.message}`, { cause: error });
      }
    }),
  );
}

/** What one entry means. ConfigError as `readPorts`, without its place. */
export function readPort(entry: PortEntry, { allowWeakPassword }: PortsOptions): PortSettings {
  const method = findMethod(entry.method ?? defaultMethod);
  const [name, other] =
    method.edition === 2022 ? (['key', 'password'] as const) : (['password', 'key'] as const);
  const secret = entry[name];
  if (secret === undefined || entry[other] !== undefined) {
    const got = entry[other] === undefined ? 'none' : `a ${other}`;
    throw new ConfigError(`${name}: expected a ${name} with ${method.name}, got ${got}`);
  }
  masterKey(method, secret);
  const remote = { method, secret, allowWeakPassword };
  refuseWeak(remote);
  const users = linesOfUsers(entry.users ?? [], remote);
  return {
    listen: parseListen(entry.listen),
    method,
    secret,
    udp: entry.udp ?? true,
    freshKey: false,
    ...(users.length > 0 && { users }),
    ...(entry.plugin !== undefined && { plugin: readPlugin('plugin', entry.plugin) }),
  };
}

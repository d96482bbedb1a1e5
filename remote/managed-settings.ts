/** What a panel asks for (shared/proxy/ss-manager.ts), as settings of a port. */
import { masterKey } from '../shared/codec/keys.js';
import { findMethod } from '../shared/codec/methods.js';
import { Users } from '../shared/codec/users.js';
import type { ManagerSettings, PortSettings } from '../shared/config/settings.js';
import { ConfigError } from '../shared/errors.js';
import type { Plugin } from '../shared/net/plugin.js';
import type { PortRequest } from '../shared/proxy/ss-manager.js';

/** Whether datagrams are served. */
const modes: ReadonlyMap<string, boolean> = new Map([
  ['tcp_only', false],
  ['tcp_and_udp', true],
]);

/** ConfigError for what cannot be opened. */
export function portSettings(added: PortRequest, manager: ManagerSettings): PortSettings {
  const { port, password: secret, mode, users = [] } = added;
  const method = added.method === undefined ? manager.method : findMethod(added.method);
  const key = masterKey(method, secret);
  const members = users.map(({ name, password }) => ({ name, secret: password }));
  // Before the port that is there already makes room.
  if (members.length > 0) new Users({ method, key, backend: 'native' }, members);
  const udp = mode === undefined ? manager.udp : modes.get(mode);
  if (udp === undefined)
    throw new ConfigError(`port ${port}: expected mode tcp_only or tcp_and_udp, got another`);
  const plugin = readPlugin(added, manager);
  return {
    listen: { host: manager.host, port },
    method,
    secret,
    udp,
    freshKey: false,
    ...(plugin && { plugin }),
    ...(members.length > 0 && { users: members }),
  };
}

/** Whoever can name a plugin can run a program: only those that the operator has named before (T-35). */
function readPlugin(
  { port, plugin: name = '', pluginOptions: options = '' }: PortRequest,
  { allowPlugins }: ManagerSettings,
): Plugin | undefined {
  if (name === '') return undefined;
  if (!allowPlugins.includes(name)) {
    throw new ConfigError(`port ${port}: expected a plugin that --allow-plugin names, got another`);
  }
  // They become a variable of its environment.
  if (options.includes('\0'))
    throw new ConfigError(`port ${port}: expected plugin_opts without NUL, got one`);
  return { name, ...(options !== '' && { options }) };
}

/** Whether nothing is new. */
export function same(one: PortSettings, other: PortSettings): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

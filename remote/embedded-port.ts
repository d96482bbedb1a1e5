/** A port of a remote inside another program: where it is, who may use it, and what they paste. */
import { networkInterfaces } from 'node:os';
import { underName } from '../shared/config/options.js';
import { publicHost } from '../shared/config/public-host.js';
import { remoteUri, userUri } from '../shared/config/remote-uri.js';
import { readService } from '../shared/config/service-address.js';
import type { ListenAddress, PortSettings, PremisesSettings } from '../shared/config/settings.js';
import { formatServerUri, type ServerUri } from '../shared/config/uri.js';
import { ConfigError } from '../shared/errors.js';
import type { UsageStore } from '../shared/serve/usage-store.js';
import type { UserStore } from '../shared/serve/user-store.js';
import type { ServedPort } from './remote.js';

/** How a link is to be. */
export interface LinkOptions {
  /** Where clients find the machine: a name or an address. By default the best guess that it has of itself. */
  readonly host?: string;
  /** `halflight` for our own local, which is the default, `ss` for any Shadowsocks client. */
  readonly scheme?: 'halflight' | 'ss';
}

/** A port of a remote that runs. */
export interface EmbeddedPort {
  /** Where it listens, with the port that was really taken. */
  address(): ListenAddress;
  /** The link for whoever is to use it. The secret is in it. ConfigError for a host that is none, and where each user has a link. */
  uri(link?: LinkOptions): string;
  /** The same for one of its users. Rejects with a ConfigError when it has no such user. */
  uriOf(user: string, link?: LinkOptions): Promise<string>;
  /** Who may use it, where each has a key of its own: they may come and go. */
  readonly users: UserStore;
  /** What each of them has carried. */
  readonly usage: UsageStore;
}

const wires = { halflight: 'raw', ss: 'shadowsocks' } as const;

/** The port with these settings that is served so. */
export function embeddedPort(
  settings: PortSettings,
  { listen, users, usage }: ServedPort,
  { credentials }: Pick<PremisesSettings, 'credentials'>,
): EmbeddedPort {
  const address = readService(listen);
  const uriAt = ({ host, scheme = 'halflight' }: LinkOptions): ServerUri => {
    if (!Object.hasOwn(wires, scheme)) {
      throw new ConfigError('scheme: expected halflight or ss, got another text');
    }
    const interfaces = networkInterfaces();
    const found = underName('host', () =>
      publicHost({ named: host, listen: settings.listen.host, interfaces }),
    );
    return {
      ...remoteUri({ ...settings, credentials }, found.host, address.port),
      wire: wires[scheme],
    };
  };
  return {
    address: () => address,
    uri: (link = {}) => {
      if (settings.users === undefined) return formatServerUri(uriAt(link));
      throw new ConfigError(
        'uri: expected a port with one key for everybody, got one with users: ask uriOf(user)',
      );
    },
    uriOf: async (name, link = {}) => {
      const user = (await users.list()).find((each) => each.name === name);
      if (user !== undefined) return formatServerUri(userUri(user, uriAt(link)));
      throw new ConfigError('uriOf: expected the name of a user of this port, got another one');
    },
    users,
    usage,
  };
}

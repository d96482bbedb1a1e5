/** A port of a remote inside another program: where it is, who may use it, and what they paste. */
import { networkInterfaces } from 'node:os';
import { checkOptions, copyOptions, type Kind, underName } from '../shared/config/options.js';
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

/**
 * A port of a remote, the same one whenever the remote runs. An Error is thrown, or rejects, by all of it and of its users
 * and their usage while the remote does not.
 */
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

const linkKinds = { host: 'text', scheme: 'text' } as const satisfies Record<keyof LinkOptions, Kind>;
const wires = { halflight: 'raw', ss: 'shadowsocks' } as const;

/** The port with these settings; `served` brings what serves it now, and throws when nothing does. */
export function embeddedPort(
  settings: PortSettings,
  served: () => ServedPort,
  { credentials }: Pick<PremisesSettings, 'credentials'>,
): EmbeddedPort {
  const address = (): ListenAddress => readService(served().listen);
  const uriAt = (link: LinkOptions): ServerUri => {
    const given = copyOptions(link);
    checkOptions(given, linkKinds);
    const { host, scheme = 'halflight' } = given;
    if (!Object.hasOwn(wires, scheme)) {
      throw new ConfigError('scheme: expected halflight or ss, got another text');
    }
    const { port } = address();
    const interfaces = networkInterfaces();
    const found = underName('host', () =>
      publicHost({ named: host, listen: settings.listen.host, interfaces }),
    );
    return { ...remoteUri({ ...settings, credentials }, found.host, port), wire: wires[scheme] };
  };
  return {
    address,
    uri: (link = {}) => {
      const uri = uriAt(link);
      if (settings.users === undefined) return formatServerUri(uri);
      throw new ConfigError(
        'uri: expected a port with one key for everybody, got one with users: ask uriOf(user)',
      );
    },
    uriOf: async (name, link = {}) => {
      const user = (await served().users.list()).find((each) => each.name === name);
      if (user !== undefined) return formatServerUri(userUri(user, uriAt(link)));
      throw new ConfigError('uriOf: expected the name of a user of this port, got another one');
    },
    users: usersOf(served),
    usage: usageOf(served),
  };
}

/** Whoever keeps it over a restart of the remote asks the users that are let in then. */
function usersOf(served: () => ServedPort): UserStore {
  return {
    list: async () => served().users.list(),
    add: async (user) => served().users.add(user),
    replace: async (name, secret) => served().users.replace(name, secret),
    remove: async (name) => served().users.remove(name),
  };
}

function usageOf(served: () => ServedPort): UsageStore {
  return {
    of: async (name) => served().usage.of(name),
    all: async (how) => served().usage.all(how),
  };
}

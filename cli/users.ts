/** What the operator of a remote with many users is told of them. */
import { ConfigError } from '../shared/errors.js';
import type { RemoteSettings } from '../shared/config/settings.js';
import { UsageError } from '../shared/config/exit.js';
import { userUri } from '../shared/config/remote-uri.js';
import { formatServerUri, type ServerUri } from '../shared/config/uri.js';
import type { UsageStore } from '../shared/serve/usage-store.js';

/** The flag that asks for one user's URIs instead of a running remote. */
export interface UriOfFlags {
  readonly uriOf?: string;
}

/** The remote as this user finds it, of `uri` as whoever has only the remote's own key would. */
export function uriOfUser(name: string, { users }: RemoteSettings, uri: ServerUri): ServerUri {
  if (users === undefined) throw new UsageError('--uri-of: expected users (--users-file), got none');
  const user = users.find((each) => each.name === name);
  if (user === undefined) {
    throw new ConfigError(
      `--uri-of: expected one of the ${users.length} users, got a name that is none of theirs`,
    );
  }
  if (uri.port === 0) throw new UsageError('--uri-of: expected the port of the remote in -l, got 0');
  return userUri(user, uri);
}

/** Both forms, that for the laptop first. */
export function urisOf(uri: ServerUri): readonly string[] {
  return [formatServerUri(uri), formatServerUri({ ...uri, wire: 'shadowsocks' })];
}

/** What one user has done, as a remote tells it when it stops. */
export interface UserUsage {
  readonly user: string;
  readonly conversations: number;
  /** Bytes from clients to targets. */
  readonly up: number;
  readonly down: number;
}

/** What everybody has done who has done anything, on all ports of a remote together. */
export async function usageOf(
  ports: readonly { readonly usage: UsageStore }[],
): Promise<readonly UserUsage[]> {
  const all = new Map<string, UserUsage>();
  for (const { usage } of ports) {
    for (const [user, traffic] of await usage.all()) {
      const before = all.get(user) ?? { conversations: 0, up: 0, down: 0 };
      const { openedStreams, openedAssociations, up, down } = traffic;
      all.set(user, {
        user,
        conversations: before.conversations + openedStreams + openedAssociations,
        up: before.up + up,
        down: before.down + down,
      });
    }
  }
  return Array.from(all.values());
}

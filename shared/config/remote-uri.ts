/** A remote as those have to know it who are to use it. */
import { hostname } from 'node:os';
import type { UserSecret } from '../codec/users.js';
import type { RemoteSettings } from './settings.js';
import type { ServerUri } from './uri.js';

type UriSettings = Pick<RemoteSettings, 'method' | 'secret' | 'credentials'>;

/** What to paste at a laptop. */
export function remoteUri(settings: UriSettings, host: string, port: number): ServerUri {
  const { method, secret, credentials } = settings;
  const asks = credentials.length > 0 ? { remoteAuth: true as const } : {};
  return { wire: 'raw', method, secret, host, port, tag: hostname(), ...asks };
}

/** The remote as one of its users finds it, of `uri` as whoever has only the remote's own key would. */
export function userUri(user: UserSecret, uri: ServerUri): ServerUri {
  const { name } = user;
  const secret = uri.method.edition === 2017 ? user.secret : `${uri.secret}:${user.secret}`;
  // Whoever hands out two hundred of them has to tell them apart.
  return { ...uri, secret, tag: uri.tag === undefined ? name : `${name}@${uri.tag}` };
}

/** The part of a URI that says where: `HOST`, `HOST:PORT`, `[IPv6]` or `[IPv6]:PORT`, with or without a slash behind it. */
import type { Target } from '../codec/address.js';
import { ConfigError } from '../errors.js';
import { checkHost, readPort, splitHostPort } from './host-port.js';
import { unexpected } from './uri-text.js';

export interface AuthorityOptions {
  /** What of the URI it is, in messages. */
  readonly where: 'behind the @' | 'of the proxy';
  /** Of who names none. */
  readonly port: number;
}

/**
 * Where that is, the port 1..65535. ConfigError otherwise. It shows nothing of what may stand where no `@` has to be:
 * that may be a user and a password, with the rest cut off.
 */
export function readAuthority(text: string, { where, port }: AuthorityOptions): Target {
  const bare = text.replace(/\/$/, '');
  const split = splitHostPort(bare);
  if (split === undefined) {
    const ipv6 = /^[0-9a-f.:]*:[0-9a-f.:]*:[0-9a-f.:]*$/i.test(bare);
    const got = ipv6 ? 'an IPv6 address without brackets: put it in brackets' : 'something else';
    throw unexpected(`HOST:PORT or [IPv6]:PORT ${where}`, got);
  }
  const why = checkHost(split);
  if (why !== undefined) throw new ConfigError(`URI: in the host: ${why}`);
  if (split.port === undefined) return { host: split.host, port };
  const read = readPort(split.port);
  if (read === undefined || read === 0)
    throw unexpected('a port from 1 to 65535', gotPort(split.port, where));
  return { host: split.host, port: read };
}

function gotPort(text: string, where: AuthorityOptions['where']): string {
  if (!/^[0-9]{1,9}$/.test(text)) return 'something else';
  return where === 'behind the @' ? text : 'another number';
}

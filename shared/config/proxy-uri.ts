/**
 * A proxy as one line of text: one hop of the way to a target.
 *
 *     socks4://[USER@]HOST[:PORT][?…]                  IPv4 only: names are looked up here
 *     socks4a://[USER@]HOST[:PORT][?…]
 *     socks5://[USER:PASSWORD@]HOST[:PORT][?…]         socks5h:// and socks:// are the same
 *     http://[USER:PASSWORD@]HOST[:PORT][?…]           CONNECT; https:// speaks TLS to the proxy
 *     halflight://…, ss://…                            as in uri.ts
 *     direct:                                          no proxy
 *
 *     ?timeout=5s      for all that this hop takes
 *     ?dns=local       names are looked up here; `remote`, there. `rdns=false` and `rdns=true` say the same
 *
 * To curl, `socks5://` means that names are looked up here. To us the proxy looks them up, whatever the scheme, as far
 * as its protocol can: a name that leaks to the resolver next door is what many want a proxy against.
 *
 * `URL` is the wrong parser for the reasons in uri.ts, and two parsers that differ about where the host begins are a
 * way round a check: what should be percent-encoded and is not is refused, not guessed at.
 */
import { formatTarget, type Target } from '../codec/address.js';
import { ConfigError } from '../errors.js';
import { nearest } from '../nearest.js';
import type { Credential } from '../proxy/socks5-auth.js';
import {
  type HopDns,
  type HopOptions,
  hopQueryKeys,
  readHopQuery,
  refuseUnknownKeys,
} from './proxy-query.js';
import { readAuthority } from './uri-authority.js';
import { cutAt, escapeText, refuseLateQuery, refuseUnfit, unescapeText, unexpected } from './uri-text.js';
import { redacted } from './uri-user.js';
import { parseServerUri, redactServerUri, type ServerUri } from './uri.js';

export type { HopDns, HopOptions };

interface AnyHop {
  /** Its URI without its secrets, for messages. */
  readonly name: string;
  readonly dns: HopDns;
  /** For all that this hop takes, in ms. */
  readonly timeoutMs?: number;
}

/** No proxy: the target is dialled as it is. */
export interface DirectHop extends AnyHop {
  readonly kind: 'direct';
}

/** A SOCKS4 proxy, which can be asked for a name when it knows `socks4a`. */
export interface Socks4Hop extends AnyHop {
  readonly kind: 'socks4';
  readonly names: 'socks4' | 'socks4a';
  readonly at: Target;
  /** May be empty. */
  readonly user: string;
}

/** A SOCKS5 proxy. */
export interface Socks5Hop extends AnyHop {
  readonly kind: 'socks5';
  readonly at: Target;
  /** 1 to 255 bytes each. */
  readonly credential?: Credential;
}

/** An HTTP proxy that is asked by CONNECT. */
export interface HttpHop extends AnyHop {
  readonly kind: 'http';
  readonly at: Target;
  /** The user has no colon in it. One of them may be empty. */
  readonly credential?: Credential;
  /** Whether it is spoken to in TLS. */
  readonly tls: boolean;
}

/** A remote of ours, or a Shadowsocks server. */
export interface TunnelHop extends AnyHop {
  readonly kind: 'tunnel';
  /** It has no plugin. */
  readonly uri: ServerUri;
}

export type Hop = DirectHop | Socks4Hop | Socks5Hop | HttpHop | TunnelHop;

/** The scheme of a URI is no kind of proxy that is known here. */
export class ProxySchemeError extends ConfigError {}

/** A URI of a proxy that speaks in clear words, taken apart and not yet judged. */
interface Parts {
  /** What comes before the `@`, or undefined when there is none. */
  readonly login: string | undefined;
  readonly authority: string;
  readonly wanted: HopOptions;
}

type Reader = (rest: string, options: HopOptions) => Hop;

const socksPort = 1080;
const httpPort = 8080;
/** RFC 1929 §2. */
const maxSocks5Bytes = 255;

const readers = {
  socks4: (rest, options) => socks4Hop('socks4', takeApart(rest, options)),
  socks4a: (rest, options) => socks4Hop('socks4a', takeApart(rest, options)),
  socks5: (rest, options) => socks5Hop('socks5', takeApart(rest, options)),
  socks5h: (rest, options) => socks5Hop('socks5h', takeApart(rest, options)),
  socks: (rest, options) => socks5Hop('socks', takeApart(rest, options)),
  http: (rest, options) => httpHop('http', takeApart(rest, options)),
  https: (rest, options) => httpHop('https', takeApart(rest, options)),
  ss: (rest, options) => tunnelHop('ss', rest, options),
  halflight: (rest, options) => tunnelHop('halflight', rest, options),
} as const satisfies Readonly<Record<string, Reader>>;

type Scheme = keyof typeof readers;

/**
 * The proxy that `choice` names; what its query says wins over `options`. The ports 1080 for SOCKS, 8080 for HTTP and
 * 8388 for `ss://` and `halflight://` go without saying. `dns: 'remote'` is refused for `socks4://`, which cannot.
 *
 * ProxySchemeError for a scheme that is none of these, another ConfigError for whatever else cannot be used, `URI:
 * expected …, got …`: never with a user, a password or a key, wherever the mistake is.
 */
export function parseHop(choice: string | URL, options: HopOptions = {}): Hop {
  const text = textOf(choice);
  refuseUnfit(text);
  if (/^direct:/i.test(text)) return directHop(text, options);
  const scheme = schemeOf(text);
  return readers[scheme](text.slice(scheme.length + 3), options);
}

/** A `URL` of http drops the port 80, and one of https 443: none is not the same as none in a text. */
function textOf(choice: string | URL): string {
  if (typeof choice === 'string') return choice;
  if (!(choice instanceof URL)) throw unexpected('a text or a URL', 'something else');
  if (/^https?:$/.test(choice.protocol) && choice.port === '') {
    throw unexpected(
      'a port in the URL',
      `none (URL forgets the port of its scheme): pass ${choice.protocol}//HOST:PORT as text`,
    );
  }
  return choice.href;
}

function schemeOf(text: string): Scheme {
  const written = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (written === undefined) throw unexpected('SCHEME://HOST:PORT or direct:', 'no scheme');
  if (isScheme(written)) return written;
  const known = [...Object.keys(readers), 'direct'];
  const near = nearest(written, known);
  const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
  const got = written.length > 16 ? 'another scheme' : `${written}://`;
  throw new ProxySchemeError(`URI: expected one of ${known.join(', ')}, got ${got}${hint}`);
}

function isScheme(word: string): word is Scheme {
  return Object.hasOwn(readers, word);
}

function directHop(text: string, { timeoutMs }: HopOptions): DirectHop {
  if (!/^direct:(?:\/\/)?$/i.test(text)) throw unexpected('nothing behind direct:', 'more');
  return { kind: 'direct', name: 'direct:', dns: 'local', ...limit(timeoutMs) };
}

function socks4Hop(names: Socks4Hop['names'], { login, authority, wanted }: Parts): Socks4Hop {
  if (login?.includes(':') === true)
    throw unexpected('USER alone before the @ (SOCKS4 has no passwords)', 'more');
  const user = login === undefined ? '' : readUser(login);
  if (names === 'socks4' && wanted.dns === 'remote') {
    throw unexpected('names to be looked up here for socks4://', 'dns=remote: socks4a:// can do that');
  }
  const at = readAuthority(authority, { where: 'of the proxy', port: socksPort });
  const name = nameOf(names, at, login === undefined ? '' : escapeText(user));
  const dns = names === 'socks4' ? 'local' : (wanted.dns ?? 'remote');
  return { kind: 'socks4', names, at, user, name, dns, ...limit(wanted.timeoutMs) };
}

function socks5Hop(scheme: string, { login, authority, wanted }: Parts): Socks5Hop {
  const credential = login === undefined ? undefined : readCredential(login);
  for (const part of credential === undefined ? [] : [credential.user, credential.password]) {
    const bytes = Buffer.byteLength(part);
    if (bytes < 1 || bytes > maxSocks5Bytes) {
      throw unexpected(`a user and a password of 1 to ${maxSocks5Bytes} bytes for SOCKS5`, `one of ${bytes}`);
    }
  }
  const at = readAuthority(authority, { where: 'of the proxy', port: socksPort });
  const { dns = 'remote', timeoutMs } = wanted;
  return { kind: 'socks5', at, ...known(scheme, at, credential), dns, ...limit(timeoutMs) };
}

function httpHop(scheme: 'http' | 'https', { login, authority, wanted }: Parts): HttpHop {
  const credential = login === undefined ? undefined : readCredential(login);
  // RFC 7617 §2.
  if (credential?.user.includes(':') === true) throw unexpected('no colon in a user of HTTP', 'one');
  const at = readAuthority(authority, { where: 'of the proxy', port: httpPort });
  const { dns = 'remote', timeoutMs } = wanted;
  return {
    kind: 'http',
    at,
    ...known(scheme, at, credential),
    tls: scheme === 'https',
    dns,
    ...limit(timeoutMs),
  };
}

function tunnelHop(scheme: 'ss' | 'halflight', rest: string, options: HopOptions): TunnelHop {
  const [beforeTag, tag] = cutAt(rest, '#');
  refuseLateQuery(tag, hopQueryKeys);
  const [, query] = cutAt(beforeTag, '?');
  const uri = parseServerUri(`${scheme}://${rest}`, { plugins: 'any' });
  if (uri.plugin !== undefined) {
    throw unexpected(
      'no plugin',
      'one: start a local with it (halflight local --plugin …) and dial through its port',
    );
  }
  const { dns = 'remote', timeoutMs } = readHopQuery(query, options);
  return { kind: 'tunnel', uri, name: redactServerUri(uri), dns, ...limit(timeoutMs) };
}

function takeApart(rest: string, options: HopOptions): Parts {
  const [place, query] = cutAt(rest, '?');
  if (rest.includes('#')) throw unexpected('no #', `one (${encoded})`);
  if (query.includes('@')) throw unexpected('the query behind the host', `an @ behind the ? (${encoded})`);
  refuseUnknownKeys(query);
  const end = place.lastIndexOf('@');
  const login = end < 0 ? undefined : place.slice(0, end);
  if (login !== undefined && /[/\\@]/.test(login)) {
    throw unexpected('one user and password before the @', `another mark there (${encoded})`);
  }
  return { login, authority: place.slice(end + 1), wanted: readHopQuery(query, options) };
}

const encoded = 'in a user or a password, / \\ ? # @ must be percent-encoded';

/** Split at the first colon: whatever follows, colons too, is the password. */
function readCredential(login: string): Credential {
  const [userText, passwordText] = cutAt(login, ':');
  const user = unescapeText(userText, 'user');
  const password = unescapeText(passwordText, 'password');
  // Two variables that were both empty must not come to mean that nobody asked for a password.
  if (user === '' && password === '') throw unexpected('USER:PASSWORD before the @', 'nothing');
  if (password === redacted) throw unexpected('a password', '***: put the password where *** stands');
  return { user, password };
}

function readUser(login: string): string {
  const user = unescapeText(login, 'user');
  if (user === '') throw unexpected('USER before the @', 'nothing');
  return user;
}

/** A credential, if there is one, and the name that does not tell it. */
function known(
  scheme: string,
  at: Target,
  credential: Credential | undefined,
): { readonly name: string; readonly credential?: Credential } {
  if (credential === undefined) return { name: nameOf(scheme, at, '') };
  // Where there is no password, the user is the secret: a token.
  const user = credential.password === '' ? '' : `${escapeText(credential.user)}:`;
  return { name: nameOf(scheme, at, `${user}${redacted}`), credential };
}

function nameOf(scheme: string, at: Target, login: string): string {
  return `${scheme}://${login === '' ? '' : `${login}@`}${formatTarget(at)}`;
}

function limit(timeoutMs: number | undefined): { readonly timeoutMs?: number } {
  return timeoutMs === undefined ? {} : { timeoutMs };
}

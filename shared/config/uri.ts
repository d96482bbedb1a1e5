/**
 * A remote as one line of text (SIP002).
 *
 *     halflight://USERINFO@HOST[:PORT][/][?…][#TAG]      the raw wire
 *     ss://USERINFO@HOST[:PORT][/][?…][#TAG]             the standard wire
 *
 *     USERINFO = base64url( METHOD ":" PASSWORD )         form A, never for a 2022 method
 *              | pct( METHOD ) ":" pct( SECRET )          form B
 *
 * The form before SIP002, all in one block, is in uri-legacy.ts.
 *
 * `URL` was the obvious parser and is the wrong one: for schemes it does not know it keeps what it cannot decode,
 * ends the host at the first `/` of a standard base64 body, and quotes the whole text in its errors. Here the text is
 * cut from the outside in, and no message shows any of it that could be part of a secret.
 */
import { formatTarget } from '../codec/address.js';
import type { Method } from '../codec/methods.js';
import type { Plugin } from '../net/plugin.js';
import { formatPlugin, readPlugin, redactPlugin } from './plugin.js';
import { readAuthority } from './uri-authority.js';
import { readLegacyBlock } from './uri-legacy.js';
import { formatPrefix, readPrefix } from './uri-prefix.js';
import { cutAt, escapeText, refuseLateQuery, refuseUnfit, unescapeText, unexpected } from './uri-text.js';
import { readUserInfo, redacted, type User } from './uri-user.js';

/** A remote as one line of text: how to speak to it, with which key, and where it is. */
export interface ServerUri {
  /** `raw` is `halflight://`, `shadowsocks` is `ss://`. Both share SIP002's grammar. */
  readonly wire: 'raw' | 'shadowsocks';
  readonly method: Method;
  /** The base64 PSK of a 2022 method, or the password of a 2017 method; it fits the method. */
  readonly secret: string;
  /** A name, a dotted IPv4 or an IPv6 address without brackets. */
  readonly host: string;
  /** 1..65535 */
  readonly port: number;
  readonly tag?: string;
  /** Present when the remote itself asks for a user and a password: `?auth=remote`, on the raw wire only. */
  readonly remoteAuth?: true;
  /** What the salts of our requests begin with: `?prefix=`. It fits the method, and is never empty. */
  readonly saltPrefix?: Uint8Array;
  /** The program that streams to it go through: `?plugin=`. */
  readonly plugin?: Plugin;
}

/** How a URI is read. */
export interface UriOptions {
  /** The names of the plugins that a URI may name; none by default. `any` is for those who run none. */
  readonly plugins?: readonly string[] | 'any';
}

type Wire = ServerUri['wire'];

/** What stands for a remote's port when nobody names one. */
export const defaultRemotePort = 8388;

const schemes = { raw: 'halflight', shadowsocks: 'ss' } as const satisfies Record<Wire, string>;
const wires: ReadonlyMap<string, Wire> = new Map([
  ['halflight', 'raw'],
  ['ss', 'shadowsocks'],
]);

/**
 * The remote that `text` names. The key fits the method, the port is 1..65535 (8388 when none is named), unknown
 * query keys are ignored.
 *
 * ConfigError `URI: expected …, got …` for everything else; it never shows the secret.
 */
export function parseServerUri(text: string, { plugins = [] }: UriOptions = {}): ServerUri {
  refuseUnfit(text);
  const { wire, rest } = cutScheme(text);
  const [beforeTag, tagText] = cutAt(rest, '#');
  refuseLateQuery(tagText, ['auth', 'plugin']);
  const [place, outerQuery] = cutAt(beforeTag, '?');
  const { user, authority, query } = readPlace(wire, place);
  const parameters = new URLSearchParams([query, outerQuery].join('&'));
  const plugin = readAllowed(plugins, parameters);
  const remoteAuth = readRemoteAuth(wire, parameters);
  const saltPrefix = readPrefix(user.method, parameters);
  const tag = unescapeText(tagText, 'name behind #');
  return {
    wire,
    ...user,
    ...readAuthority(authority, { where: 'behind the @', port: defaultRemotePort }),
    ...(tag === '' ? {} : { tag }),
    ...(remoteAuth ? { remoteAuth } : {}),
    ...(saltPrefix === undefined ? {} : { saltPrefix }),
    ...(plugin === undefined ? {} : { plugin }),
  };
}

/** The text that `parseServerUri` reads back, safe inside single quotes of a shell. It holds the secret. */
export function formatServerUri(uri: ServerUri): string {
  return format(uri, { user: userInfo(uri), plugin: uri.plugin && escapeText(formatPlugin(uri.plugin)) });
}

/** The same text with `***` for the secret and for what a plugin is told, for everything that is printed. */
export function redactServerUri(uri: ServerUri): string {
  const plugin =
    uri.plugin && escapeText(redactPlugin(formatPlugin(uri.plugin))).replace(/%3B.*$/s, `%3B${redacted}`);
  return format(uri, { user: `${uri.method.name}:${redacted}`, plugin });
}

/** The parts of it that are shown or not, percent-encoded. */
interface SecretParts {
  readonly user: string;
  readonly plugin: string | undefined;
}

function format(uri: ServerUri, { user, plugin }: SecretParts): string {
  const { wire, host, port, tag, remoteAuth, saltPrefix } = uri;
  const name = tag === undefined ? '' : `#${escapeText(tag)}`;
  const query = [
    ...(remoteAuth === true && wire === 'raw' ? ['auth=remote'] : []),
    ...(saltPrefix === undefined ? [] : [`prefix=${formatPrefix(saltPrefix)}`]),
    ...(plugin === undefined ? [] : [`plugin=${plugin}`]),
  ].join('&');
  // SIP002 wants the slash before a plugin.
  const mark = plugin === undefined ? '?' : '/?';
  return `${schemes[wire]}://${user}@${formatTarget({ host, port })}${query === '' ? '' : mark + query}${name}`;
}

/** Form A where others expect it (2017 methods on the standard wire), form B everywhere else. */
function userInfo({ wire, method, secret }: ServerUri): string {
  if (wire === 'shadowsocks' && method.edition === 2017) {
    return Buffer.from(`${method.name}:${secret}`).toString('base64url');
  }
  return `${escapeText(method.name)}:${escapeText(secret)}`;
}

function cutScheme(text: string): { wire: Wire; rest: string } {
  const end = text.indexOf('://');
  const scheme = end < 0 ? '' : text.slice(0, end).toLowerCase();
  const wire = wires.get(scheme);
  if (wire === undefined) {
    // Whatever stands there may be a key that was pasted alone, so only what can be a scheme is shown.
    const got = /^[a-z][a-z0-9+.-]{0,15}$/.test(scheme) ? `${scheme}://` : 'another beginning';
    const hint = scheme === 'ssconf' ? ': that is where a link is kept, and goes behind --subscription' : '';
    throw unexpected('halflight:// or ss://', `${got}${hint}`);
  }
  return { wire, rest: text.slice(end + 3) };
}

/** A plugin is a program to run, and a URI comes from anywhere (docs/probes.md T-36). */
function readAllowed(allowed: readonly string[] | 'any', parameters: URLSearchParams): Plugin | undefined {
  const [text, ...others] = parameters.getAll('plugin');
  if (text === undefined) return undefined;
  if (others.length > 0) throw unexpected('at most one plugin', `${1 + others.length}`);
  const [name = ''] = text.split(';', 1);
  if (allowed === 'any' || allowed.includes(name)) return readPlugin('URI: plugin', text);
  // What can be the name of a program is shown; whatever else stands there may be anything.
  const program = /^[A-Za-z0-9._-]{1,32}$/.test(name) ? name : undefined;
  throw unexpected(
    'no plugin',
    `${program ?? 'plugin=…'}: halflight runs no program that a URI names, unless --allow-plugin ${program ?? 'NAME'} does, too`,
  );
}

/** Whoever wrote `auth=` expects a password to be asked for: a value that is not understood must not drop that. */
function readRemoteAuth(wire: Wire, parameters: URLSearchParams): boolean {
  const values = wire === 'raw' ? parameters.getAll('auth') : [];
  if (values.some((value) => value !== 'remote')) throw unexpected('auth=remote or no auth', 'another value');
  return values.length > 0;
}

interface Place {
  readonly user: User;
  readonly authority: string;
  readonly query: string;
}

/** What stands between the scheme and the query, and in the legacy form the query as well. */
function readPlace(wire: Wire, text: string): Place {
  const at = text.lastIndexOf('@');
  if (text.slice(0, at).includes('://')) throw unexpected('one URI', 'another one inside it');
  if (at >= 0) return { user: readUserInfo(text.slice(0, at)), authority: text.slice(at + 1), query: '' };
  const block = readLegacyBlock(text);
  if (block === undefined) {
    throw unexpected('METHOD:KEY@HOST:PORT', 'no @ (inside a key, / ? # must be percent-encoded)');
  }
  if (wire === 'raw')
    throw unexpected('METHOD:KEY@HOST:PORT', 'one base64 block (that form is for ss:// only)');
  return block;
}

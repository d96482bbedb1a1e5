/**
 * A remote as one line of text (SIP002).
 *
 *     halflight://USERINFO@HOST[:PORT][/][?…][#TAG]      the raw wire
 *     ss://USERINFO@HOST[:PORT][/][?…][#TAG]             the standard wire
 *
 *     USERINFO = base64url( METHOD ":" PASSWORD )         form A, never for a 2022 method
 *              | pct( METHOD ) ":" pct( SECRET )          form B
 *
 * `URL` was the obvious parser and is the wrong one: for schemes it does not know it keeps what it cannot decode,
 * ends the host at the first `/` of a standard base64 body, and quotes the whole text in its errors. Here the text is
 * cut from the outside in, and no message shows any of it that could be part of a secret.
 */
import { formatTarget } from '../codec/address.js';
import { masterKey } from '../codec/keys.js';
import { findMethod, type Method, methods } from '../codec/methods.js';
import { ConfigError } from '../errors.js';
import { checkHost, readPort, splitHostPort } from './host-port.js';

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
}

type Wire = ServerUri['wire'];

/** What stands for a remote's port when nobody names one. */
export const defaultRemotePort = 8388;

const schemes = { raw: 'halflight', shadowsocks: 'ss' } as const satisfies Record<Wire, string>;
const wires: ReadonlyMap<string, Wire> = new Map([
  ['halflight', 'raw'],
  ['ss', 'shadowsocks'],
]);

/** What stands in the place of a secret that is not to be shown. */
const redacted = '***';
const maxBytes = 4096;
/** Spaces belong to it: SIP002 wants them escaped. So does what stands where bytes were no UTF-8. */
const unfit = /[\u0000-\u0020\u007f-\u009f\ufffd]|\p{Surrogate}/u;
const controls = /[\u0000-\u001f\u007f-\u009f]/;

/**
 * The remote that `text` names. The key fits the method, the port is 1..65535 (8388 when none is named), unknown
 * query keys are ignored.
 *
 * ConfigError `URI: expected …, got …` for everything else; it never shows the secret.
 */
export function parseServerUri(text: string): ServerUri {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) throw unexpected(`at most ${maxBytes} bytes`, `${bytes}`);
  if (unfit.test(text))
    throw unexpected('no spaces, no control characters and only UTF-8', 'another character');

  const { wire, rest } = cutScheme(text);
  const [beforeTag, tagText] = cutAt(rest, '#');
  refuseLateQuery(tagText);
  const [authority, query] = cutAt(beforeTag, '?');
  const parameters = new URLSearchParams(query);
  refusePlugin(parameters);
  const remoteAuth = readRemoteAuth(wire, parameters);

  const at = authority.lastIndexOf('@');
  if (at < 0) throw withoutAt(authority);
  const { method, secret } = readUserInfo(authority.slice(0, at));
  const { host, port } = readAuthority(authority.slice(at + 1));
  const tag = unescape(tagText, 'name behind #');
  return {
    wire,
    method,
    secret,
    host,
    port,
    ...(tag === '' ? {} : { tag }),
    ...(remoteAuth ? { remoteAuth } : {}),
  };
}

/** The text that `parseServerUri` reads back, safe inside single quotes of a shell. It holds the secret. */
export function formatServerUri(uri: ServerUri): string {
  return format(uri, userInfo(uri));
}

/** The same text with `***` for the secret, for everything that is printed. */
export function redactServerUri(uri: ServerUri): string {
  return format(uri, `${uri.method.name}:${redacted}`);
}

function format({ wire, host, port, tag, remoteAuth }: ServerUri, user: string): string {
  const name = tag === undefined ? '' : `#${escapeText(tag)}`;
  const query = remoteAuth === true && wire === 'raw' ? '?auth=remote' : '';
  return `${schemes[wire]}://${user}@${formatTarget({ host, port })}${query}${name}`;
}

/** Form A where others expect it (2017 methods on the standard wire), form B everywhere else. */
function userInfo({ wire, method, secret }: ServerUri): string {
  if (wire === 'shadowsocks' && method.edition === 2017) {
    return Buffer.from(`${method.name}:${secret}`).toString('base64url');
  }
  return `${escapeText(method.name)}:${escapeText(secret)}`;
}

/** `encodeURIComponent` leaves `!'()*` as they are, and a `'` in a password would end the quotes of a pasted line. */
export function escapeText(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Percent-decoding only: a `+` is a plus here. */
function unescape(text: string, what: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    throw unexpected(`percent-encoded UTF-8 in the ${what}`, 'something that does not decode');
  }
  if (controls.test(decoded)) throw unexpected(`no control characters in the ${what}`, 'one');
  return decoded;
}

function cutScheme(text: string): { wire: Wire; rest: string } {
  const end = text.indexOf('://');
  const scheme = end < 0 ? '' : text.slice(0, end).toLowerCase();
  const wire = wires.get(scheme);
  if (wire === undefined) {
    // Whatever stands there may be a key that was pasted alone, so only what can be a scheme is shown.
    const got = /^[a-z][a-z0-9+.-]{0,15}$/.test(scheme) ? `${scheme}://` : 'another beginning';
    throw unexpected('halflight:// or ss://', got);
  }
  return { wire, rest: text.slice(end + 3) };
}

function cutAt(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** A query appended to a whole URI would be taken for part of its name, and be lost. (Our own names have `?` escaped.) */
function refuseLateQuery(tagText: string): void {
  const key = /\?(?:.*&)?(auth|plugin)=/.exec(tagText)?.[1];
  if (key !== undefined) throw unexpected('the query before the #', `${key}=… behind it`);
}

/** A plugin is a program to run, and a URI comes from anywhere (docs/probes.md T-36). */
function refusePlugin(parameters: URLSearchParams): void {
  if (!parameters.has('plugin')) return;
  throw unexpected('no plugin', 'plugin=…: halflight runs no program that a URI names');
}

/** Whoever wrote `auth=` expects a password to be asked for: a value that is not understood must not drop that. */
function readRemoteAuth(wire: Wire, parameters: URLSearchParams): boolean {
  const values = wire === 'raw' ? parameters.getAll('auth') : [];
  if (values.some((value) => value !== 'remote')) throw unexpected('auth=remote or no auth', 'another value');
  return values.length > 0;
}

function withoutAt(authority: string): ConfigError {
  if (decodeBase64(authority.replace(/\/$/, ''))?.includes('@') === true) {
    const hint = 'one base64 block (the legacy form): write ss://METHOD:PASSWORD@HOST:PORT';
    return unexpected('METHOD:KEY@HOST:PORT', hint);
  }
  return unexpected('METHOD:KEY@HOST:PORT', 'no @ (inside a key, / ? # must be percent-encoded)');
}

function readUserInfo(text: string): { method: Method; secret: string } {
  const plain = text.includes(':');
  const [name, secret] = plain ? formB(text) : formA(text);
  const method = readMethod(name, secret);
  if (!plain && method.edition === 2022) {
    throw unexpected(
      `${method.name}:KEY, percent-encoded`,
      'both as one base64 block (SIP002 forbids it for 2022)',
    );
  }
  const what = method.edition === 2022 ? 'a key' : 'a password';
  if (secret === '') throw unexpected(what, 'none');
  if (secret === redacted) throw unexpected(what, '***: put the key where *** stands');
  return { method, secret: fitting(method, secret) };
}

/** Split at the first colon: whatever follows, colons too, is the secret. */
function formB(text: string): readonly [string, string] {
  const [name, secret] = cutAt(text, ':');
  return [unescape(name, 'method'), unescape(secret, 'key')];
}

function formA(text: string): readonly [string, string] {
  const decoded = decodeBase64(unescape(text, 'user part'));
  if (decoded?.includes(':') !== true) throw unexpected('METHOD:KEY or its base64 before the @', 'neither');
  if (controls.test(decoded)) throw unexpected('no control characters in the password', 'one');
  return cutAt(decoded, ':');
}

/**
 * The text in `encoded`, either alphabet, padded or not, or undefined. Node's decoder skips over what it does not
 * know, so encoding again is what shows that nothing was skipped.
 */
function decodeBase64(encoded: string): string | undefined {
  const canonical = encoded
    .replace(/={1,2}$/, '')
    .replaceAll('+', '-')
    .replaceAll('/', '_');
  const bytes = Buffer.from(canonical, 'base64url');
  if (bytes.toString('base64url') !== canonical) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function readMethod(name: string, secret: string): Method {
  // Swapped halves must not bring the key into the message as an "unknown method".
  if (Object.hasOwn(methods, secret)) throw unexpected('METHOD:KEY', 'KEY:METHOD');
  if (!/^[A-Za-z0-9-]{0,40}$/.test(name))
    throw unexpected('a method before the first colon', 'something else');
  try {
    return findMethod(name);
  } catch (error) {
    throw asUriError(error);
  }
}

function fitting(method: Method, secret: string): string {
  try {
    masterKey(method, secret);
    return secret;
  } catch (error) {
    throw asUriError(error);
  }
}

function readAuthority(text: string): { host: string; port: number } {
  const split = splitHostPort(text.replace(/\/$/, ''));
  if (split === undefined) {
    const bare = /^[0-9a-f.:]*:[0-9a-f.:]*:[0-9a-f.:]*$/i.test(text.replace(/\/$/, ''));
    const got = bare ? 'an IPv6 address without brackets: put it in brackets' : 'something else';
    throw unexpected('HOST:PORT or [IPv6]:PORT behind the @', got);
  }
  const why = checkHost(split);
  if (why !== undefined) throw new ConfigError(`URI: in the host: ${why}`);
  if (split.port === undefined) return { host: split.host, port: defaultRemotePort };
  const port = readPort(split.port);
  if (port === undefined || port === 0) {
    throw unexpected(
      'a port from 1 to 65535',
      /^[0-9]{1,9}$/.test(split.port) ? split.port : 'something else',
    );
  }
  return { host: split.host, port };
}

function unexpected(expected: string, got: string): ConfigError {
  return new ConfigError(`URI: expected ${expected}, got ${got}`);
}

function asUriError(error: unknown): unknown {
  return error instanceof ConfigError ? new ConfigError(`URI: ${error.message}`, { cause: error }) : error;
}

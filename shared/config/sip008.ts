/**
 * A list of servers that somebody else keeps (SIP008, version 1): a JSON object with `servers`, which others also call
 * `shadowsocks`. A server alone, as an object or as an `ss://` link, is what Outline calls a dynamic access key. Whoever serves it names hosts to connect to and programs to run, so it is read as a stranger's words: a
 * server that cannot be used is left out with a warning, no plugin runs unless it has been allowed by name, and a password
 * that says `${NAME}` is just that, not a variable of ours.
 */
import { isIPv6 } from 'node:net';
import { clientKeys } from '../codec/keys.js';
import { findMethod, type Method } from '../codec/methods.js';
import { ConfigError, messageOf } from '../errors.js';
import type { Plugin } from '../net/plugin.js';
import { type ClassicObject, classicObject } from './classic-object.js';
import { readSaltPrefix } from './classic-prefix.js';
import { type JsonFile, kindOf, parseJsonFile, shownName } from './file-text.js';
import { placed } from './file-values.js';
import { checkHost } from './host-port.js';
import type { JsonNode } from './json5.js';
import { readPlugin } from './plugin.js';
import { formatServerUri, parseServerUri, type ServerUri } from './uri.js';
import { decodeBase64 } from './uri-text.js';

/** What a subscription says, as far as it can be used. */
export interface Subscription {
  /** At least one and at most 256, each once, in the order of the document; all speak the standard wire. */
  readonly servers: readonly ServerUri[];
  /** What is left out and why, and what is odd; none shows a password. */
  readonly warnings: readonly string[];
  /** What has been used of the account. */
  readonly bytesUsed?: number;
  /** What is left of it; absent when nothing limits it. */
  readonly bytesRemaining?: number;
}

export interface SubscriptionOptions {
  /** The names of the plugins that a server may name; none by default. */
  readonly plugins?: readonly string[];
}

/** The largest document that is read. */
export const maxSubscriptionBytes: number = 1024 * 1024;
/** Each is probed now and then: a list is not to turn a local into a scanner. */
const maxServers = 256;
/** Some names are advertisements. In characters. */
const maxName = 80;

/**
 * The servers in a document. ConfigError `subscription:LINE:COLUMN what: expected x, got y`, or without the place, when
 * it is no such document or has no server that can be used.
 */
export function parseSubscription(bytes: Uint8Array, options: SubscriptionOptions = {}): Subscription {
  const document = documentIn(bytes);
  const link = Buffer.from(document).toString().trim();
  if (isLink.test(link)) return { servers: [readLink(link, options)], warnings: [] };
  const file = parseJsonFile('subscription', document, 'document');
  const root = classicObject(file, file.root, []);
  const alone = ['version', 'servers', 'shadowsocks'].every((name) => root.value(name) === undefined);
  const single = alone && root.value('server') !== undefined;
  const warnings = single ? [] : [...readVersion(root)];
  const elements = single ? [file.root] : elementsOf(file, root);
  if (elements.length > maxServers) {
    warnings.push(
      `subscription: expected at most ${maxServers} servers, got ${elements.length}: only the first are used`,
    );
  }
  const servers = new Map<string, ServerUri>();
  const seen = new Map<string, string>();
  for (const [index, node] of elements.slice(0, maxServers).entries()) {
    const called = nameOf(file, node);
    const nameless = single ? 'the server' : `servers[${index}]`;
    const name = called === undefined ? nameless : `"${called}"`;
    try {
      const read = readServer(file, node, options);
      if (read === undefined) continue;
      const key = formatServerUri(read.uri).replace(/#.*$/, '');
      if (!servers.has(key)) servers.set(key, read.uri);
      warnings.push(...checkId(read.object, seen, name));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      warnings.push(`${error.message}: ${name} is left out`);
    }
  }
  if (servers.size === 0) {
    const [why] = warnings.filter((each) => each.endsWith(' is left out'));
    const words = `subscription: expected a server that can be used, got none of ${elements.length}`;
    throw new ConfigError(why === undefined ? words : `${words}; the first: ${why}`);
  }
  return {
    servers: Array.from(servers.values()),
    warnings,
    ...readBytes(root, 'bytes_used', 'bytesUsed'),
    ...readBytes(root, 'bytes_remaining', 'bytesRemaining'),
  };
}

/** What is to be parsed of `bytes`. ConfigError for what a wrong address often brings instead of a document. */
function documentIn(bytes: Uint8Array): Uint8Array {
  if (bytes.length > maxSubscriptionBytes) {
    throw new ConfigError(
      `subscription: expected at most ${maxSubscriptionBytes} bytes, got ${bytes.length}`,
    );
  }
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const document = marked ? bytes.subarray(3) : bytes;
  const text = Buffer.from(document).toString('latin1').trim();
  if (text === '') throw new ConfigError('subscription: expected JSON, got nothing');
  if (text.startsWith('<')) {
    throw new ConfigError('subscription: expected JSON, got HTML: its address may lead to a page for people');
  }
  const links = /^[\w+/=\s-]+$/.test(text) ? (decodeBase64(text.replaceAll(/\s/g, '')) ?? '') : text;
  if (/^[a-z0-9]{1,16}:\/\//i.test(links) && !isLink.test(text)) {
    throw new ConfigError('subscription: expected JSON (SIP008), got a list of links, another kind of it');
  }
  return document;
}

/** One link, and nothing else. */
const isLink = /^ss:\/\/\S+$/i;

function readLink(link: string, options: SubscriptionOptions): ServerUri {
  try {
    return parseServerUri(link, options);
  } catch (error) {
    throw new ConfigError(messageOf(error).replace(/^URI: /, 'subscription: '), { cause: error });
  }
}

function readVersion(root: ClassicObject): readonly string[] {
  const version = root.value('version');
  if (version === undefined) return [root.complain('version', 'expected 1, got none').message];
  if (version.type === 'number' && version.value === 1) return [];
  const got = version.type === 'number' ? String(version.value) : kindOf(version);
  throw root.complain('version', `expected 1, got ${got}`);
}

function elementsOf(file: JsonFile, root: ClassicObject): readonly JsonNode[] {
  const name = root.value('servers') === undefined ? 'shadowsocks' : 'servers';
  const list = root.value(name);
  if (list === undefined) throw root.complain('servers', 'expected an array of objects, got none');
  if (list.type !== 'array') throw root.complain(name, `expected an array of objects, got ${kindOf(list)}`);
  const elements = list.children ?? [];
  if (elements.length === 0) throw file.complain(list, `${name}: expected at least one, got none`);
  return elements;
}

/** A server, or undefined for one that is switched off. */
function readServer(
  file: JsonFile,
  node: JsonNode,
  { plugins = [] }: SubscriptionOptions,
): { readonly uri: ServerUri; readonly object: ClassicObject } | undefined {
  if (node.type !== 'object') throw file.complain(node, `servers: expected an object, got ${kindOf(node)}`);
  const object = classicObject(file, node, []);
  if (object.value('disabled')?.value === true) return undefined;
  const host = readHost(object);
  const port = readPort(object);
  const { method, secret } = readCipher(file, object);
  const plugin = readAllowed(file, object, plugins);
  const saltPrefix = readSaltPrefix(object, method);
  const tag = nameOf(file, node);
  const uri: ServerUri = {
    wire: 'shadowsocks',
    method,
    secret,
    host,
    port,
    ...(tag !== undefined && { tag }),
    ...(saltPrefix !== undefined && { saltPrefix }),
    ...(plugin !== undefined && { plugin }),
  };
  return { uri, object };
}

/** What people call a server, fit for a line of a log; else its ID. */
function nameOf(file: JsonFile, node: JsonNode): string | undefined {
  if (node.type !== 'object') return undefined;
  const object = classicObject(file, node, []);
  for (const name of ['remarks', 'name', 'id']) {
    const found = object.value(name);
    if (found?.type !== 'string') continue;
    const text = String(found.value)
      .replaceAll(/[\u0000-\u001f\u007f-\u009f\ufffd]|\p{Surrogate}/gu, '')
      .trim();
    if (text !== '') return Array.from(text).slice(0, maxName).join('');
  }
  return undefined;
}

function readHost(object: ClassicObject): string {
  const name = object.value('server') === undefined ? 'address' : 'server';
  const text = object.text(name);
  if (text === undefined) throw object.complain('server', 'expected a host, got none');
  const literal = /^\[(.*)\]$/.exec(text)?.[1];
  const host = literal ?? text;
  const why = checkHost({ host, bracketed: literal !== undefined || isIPv6(host) || host.includes('%') });
  if (why !== undefined) throw object.complain(name, why);
  return host;
}

function readPort(object: ClassicObject): number {
  const name = object.value('server_port') === undefined ? 'port' : 'server_port';
  const port = object.port(name);
  if (port === undefined) throw object.complain('server_port', 'expected a port, got none');
  if (port === 0) throw object.complain(name, 'expected a port from 1 to 65535, got 0');
  return port;
}

function readCipher(file: JsonFile, object: ClassicObject): { method: Method; secret: string } {
  const name = object.text('method');
  const secret = object.text('password');
  if (name === undefined) throw object.complain('method', 'expected a method, got none');
  if (secret === undefined) throw object.complain('password', 'expected a password, got none');
  const at = (key: string): { name: string; node: JsonNode } => ({
    name: key,
    node: object.value(key) ?? object.node,
  });
  const method = placed(file, at('method'), () => findMethod(name));
  placed(file, at('password'), () => clientKeys(method, secret));
  return { method, secret };
}

/** Other programs take an empty name for none. */
function readAllowed(file: JsonFile, object: ClassicObject, plugins: readonly string[]): Plugin | undefined {
  const name = object.text('plugin');
  const options = object.text('plugin_opts');
  if (name === undefined) return undefined;
  if (!plugins.includes(name)) {
    throw object.complain(
      'plugin',
      `expected none, got ${shownName(name)}: ` +
        'halflight runs no program that a subscription names, unless --allow-plugin does, too',
    );
  }
  const node = object.value('plugin') ?? object.node;
  return placed(file, { name: 'plugin', node }, () =>
    readPlugin('plugin', options === undefined ? name : `${name};${options}`),
  );
}

/** Nothing here goes by the ID, so that a careless panel costs nobody a server. */
function checkId(object: ClassicObject, seen: Map<string, string>, name: string): readonly string[] {
  const id = object.value('id')?.value as unknown;
  if (typeof id !== 'string') return [];
  const first = seen.get(id);
  seen.set(id, first ?? name);
  if (first === undefined) return [];
  return [object.complain('id', `expected one of its own, got that of ${first}: ${name} is used`).message];
}

function readBytes<Name extends 'bytesUsed' | 'bytesRemaining'>(
  root: ClassicObject,
  key: string,
  name: Name,
): Partial<Record<Name, number>> {
  const value = root.value(key)?.value as unknown;
  if (typeof value !== 'number' || !(value >= 0)) return {};
  return { [name]: value } as Partial<Record<Name, number>>;
}

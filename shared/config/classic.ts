/**
 * The config files of shadowsocks-libev, shadowsocks-rust and the Python program, as they are: one file may serve both
 * halves. What another program would have done and we do not is said in a warning; where ignoring a key would make a tunnel
 * that does not work, or a door that is open, it is an error.
 */
import { clientKeys, masterKey } from '../codec/keys.js';
import { findMethod, type Method } from '../codec/methods.js';
import { formatTarget } from '../codec/address.js';
import { type ClassicObject, classicObject } from './classic-object.js';
import type { FileContent } from './file.js';
import type { FileSettings, Half, SettingName } from './file-schema.js';
import { type JsonFile, kindOf, propertiesOf } from './file-text.js';
import { placed, readText } from './file-values.js';
import type { JsonNode } from './json5.js';
import { isWildcard, parseListen } from './listen.js';
import type { PluginFlags } from './plugin.js';
import { formatServerUri, parseServerUri } from './uri.js';
import { nonEmpty, type Variables } from './variables.js';

/** None of these is a setting of ours, and every classic file has one of them, or a list of servers (`servers`). */
const marks = [
  'server',
  'server_port',
  'shadowsocks',
  'local_port',
  'local_address',
  'locals',
  'port_password',
];
/** What is worth a hint when a key is misspelt. */
const known = [
  ...marks,
  'servers',
  'method',
  'password',
  'mode',
  'timeout',
  'plugin',
  'plugin_opts',
  'users',
  'protocol',
];

/** Whether another program's file is meant. */
export function isClassic(file: JsonFile): boolean {
  return propertiesOf(file.root).some(
    ({ name, value }) => marks.includes(name) || (name === 'servers' && namesHosts(value)),
  );
}

/** Ours are URIs, or objects with one. */
function namesHosts(servers: JsonNode): boolean {
  const names = (servers.children ?? []).flatMap(propertiesOf).map(({ name }) => name);
  return names.some((name) => name === 'server' || name === 'address');
}

/**
 * The half that a classic file is probably for, when nobody says: that of the server when it names all addresses of a
 * machine, or several, as no client can dial them.
 */
export function classicHalf(file: JsonFile): Half {
  const root = classicObject(file, file.root, known);
  const [entry = root] = serversOf(root);
  const server = entry.value('server') ?? entry.value('address');
  return server?.type === 'array' || isWildcard(String(server?.value ?? 'host')) ? 'remote' : 'local';
}

/** One classic file on its way to a half. */
interface Reading {
  readonly file: JsonFile;
  readonly root: ClassicObject;
  readonly variables: Variables;
}

/** What a classic file says to `half`. ConfigError, with its place, for what cannot be used or must not be ignored. */
export function readClassic(file: JsonFile, half: Half, variables: Variables): FileContent {
  const root = classicObject(file, file.root, known);
  const reading: Reading = { file, root, variables };
  return half === 'local' ? readLocal(reading) : readRemote(reading);
}

function readRemote(reading: Reading): FileContent {
  const { file, root } = reading;
  const [server = root, ...others] = serversOf(root);
  const [other] = others;
  if (other !== undefined) {
    throw file.complain(
      other.node,
      'servers: expected one, got several: more than one port is not supported yet',
    );
  }
  // What the other half of a common file is told is nothing that this one lacks.
  for (const name of ['local_address', 'local_port', 'locals']) root.value(name);
  refuse(root, server);
  const { method, password } = readCipher(reading, server, masterKey);
  const users = server.objects('users');
  const listen = formatTarget({ host: readHost(file, server, 'remote'), port: readServerPort(server) });
  placed(file, { name: 'server', node: server.node }, () => parseListen(listen));
  const settings: FileSettings = {
    listen,
    method: method.name,
    ...(method.edition === 2022 ? { key: password } : { password }),
    ...(users.length > 0 && { users: users.map(readUser) }),
    udp: readMode(root, server),
    ...readPluginOf(server),
  };
  return contentOf(settings, server.node, [root, server, ...users]);
}

function readLocal(reading: Reading): FileContent {
  const { file, root } = reading;
  const [server = root, ...spare] = serversOf(root);
  const local = readLocalEntry(reading);
  refuse(root, server);
  const { method, password } = readCipher(reading, server, clientKeys);
  const host = readHost(file, server, 'local');
  const port = readServerPort(server);
  const uri = { wire: 'shadowsocks', method, secret: password, host, port } as const;
  const name = server.text('remarks') ?? server.text('name');
  const text = formatServerUri(name === undefined ? uri : { ...uri, tag: name });
  placed(file, { name: 'server', node: server.node }, () => parseServerUri(text));

  const address = local.entry.text('local_address') ?? root.text('local_address') ?? '127.0.0.1';
  const listenPort = local.entry.port('local_port') ?? root.port('local_port') ?? 1080;
  const listen = formatTarget({ host: address === '' ? '127.0.0.1' : address, port: listenPort });
  placed(file, { name: 'local_address', node: local.entry.node }, () => parseListen(listen));
  const udp = readMode(root, local.entry);
  const settings: FileSettings = { uri: text, listen, udp, ...readPluginOf(server) };
  const content = contentOf(settings, server.node, [root, server, local.entry]);
  const [next] = spare;
  const unused = [
    ...(next === undefined
      ? []
      : [file.complain(next.node, 'servers: several are not supported yet: only the first is used').message]),
    ...local.warnings,
  ];
  return { ...content, warnings: [...unused, ...content.warnings] };
}

/** shadowsocks-rust knows `servers` by another name too. Empty when the server stands in the root itself. */
function serversOf(root: ClassicObject): readonly ClassicObject[] {
  if (root.value('server') !== undefined) return [];
  const found = [...root.objects('servers'), ...root.objects('shadowsocks')];
  if (found.length === 0) throw root.complain('server', 'expected a server, got none');
  return found;
}

/** Our port speaks all of these at once. */
const spoken: readonly string[] = ['socks', 'http'];

function readLocalEntry({ file, root }: Reading): {
  readonly entry: ClassicObject;
  readonly warnings: readonly string[];
} {
  const entries = root.objects('locals');
  if (entries.length === 0) return { entry: spokenOnly(root), warnings: [] };
  const [entry, ...others] = [
    ...entries.filter((each) => spoken.includes(each.text('protocol') ?? 'socks')),
    ...entries.filter((each) => !spoken.includes(each.text('protocol') ?? 'socks')),
  ];
  const warnings = others.map(
    ({ node }) => file.complain(node, 'locals: several are not supported yet: this one is ignored').message,
  );
  return { entry: spokenOnly(entry ?? root), warnings };
}

function spokenOnly(entry: ClassicObject): ClassicObject {
  const protocol = entry.text('protocol') ?? 'socks';
  if (!spoken.includes(protocol)) throw entry.complain('protocol', 'expected socks or http, got another');
  for (const name of ['socks5_auth_config_path', 'http_auth_config_path']) {
    if (entry.text(name) !== undefined) {
      throw entry.complain(name, 'expected none, got one: name the users in a file for --auth-file');
    }
  }
  return entry;
}

/** As a line of a users file. */
function readUser(user: ClassicObject): string {
  const name = user.text('name');
  if (name === undefined) throw user.complain('name', 'expected the name of a user, got none');
  const password = user.text('password');
  if (password === undefined) throw user.complain('password', 'expected the key of a user, got none');
  return `${name}:${password}`;
}

/** Ignoring one of these would end in a tunnel that carries nothing. */
function refuse(...objects: readonly ClassicObject[]): void {
  for (const object of objects) {
    if (object.value('port_password') !== undefined) {
      throw object.complain(
        'port_password',
        'expected server_port and password, got several ports: not supported yet',
      );
    }
  }
}

/** A local may have to name itself under a key of the server first: its password is a chain then, and `check` knows. */
function readCipher(
  { file, variables }: Reading,
  server: ClassicObject,
  check: (method: Method, secret: string) => unknown,
): { method: Method; password: string } {
  const name = server.text('method');
  if (name === undefined) throw server.complain('method', 'expected a method, got none');
  const node = server.value('method') ?? server.node;
  const method = placed(file, { name: 'method', node }, () => findMethod(name));
  const written = server.text('password');
  if (written === undefined) {
    const hint = server.value('key') === undefined ? '' : ' (a raw key is not supported)';
    throw server.complain('password', `expected a password, got none${hint}`);
  }
  const variable = /^\$\{(\w+)\}$/.exec(written)?.[1];
  const password = variable === undefined ? written : nonEmpty(variables[variable]);
  if (password === undefined) {
    throw server.complain('password', `expected the variable ${variable ?? ''} in the environment, got none`);
  }
  placed(file, { name: 'password', node: server.value('password') ?? node }, () => check(method, password));
  return { method, password };
}

function readHost(file: JsonFile, server: ClassicObject, half: Half): string {
  const name = server.value('server') === undefined ? 'address' : 'server';
  const node = server.value(name);
  if (node?.type !== 'array') {
    const text = server.text(name);
    if (text !== undefined || half === 'remote') return text ?? '';
    throw server.complain(name, 'expected a host, got none');
  }
  const hosts = (node.children ?? []).map((child) => readText(file, name, child));
  const [first = '', second] = hosts;
  // Both families, as many files of libev say it, are what we listen on when nobody names an address.
  if (half === 'remote' && hosts.every(isWildcard)) return '';
  if (second === undefined && first !== '') return first;
  throw server.complain(name, `expected one address, got ${hosts.length}: several are not supported yet`);
}

function readServerPort(server: ClassicObject): number {
  return server.port('server_port') ?? server.port('port') ?? 8388;
}

/** Whether datagrams are served. The other programs serve streams alone when nobody says anything. */
function readMode(root: ClassicObject, entry: ClassicObject): boolean {
  const holder = entry.value('mode') === undefined ? root : entry;
  const node = holder.value('mode');
  root.value('mode');
  if (node === undefined || node.value === 'tcp_only') return false;
  if (node.value === 'tcp_and_udp') return true;
  const got = node.value === 'udp_only' ? 'udp_only, and streams are always served' : kindOf(node);
  throw holder.complain('mode', `expected tcp_only or tcp_and_udp, got ${got}`);
}

/** A plugin and its options in the one text that we have for both; an empty name stands for none. */
function readPluginOf(server: ClassicObject): PluginFlags {
  const name = server.text('plugin');
  const options = server.text('plugin_opts');
  if (name === undefined) return {};
  if (name.includes(';')) throw server.complain('plugin', 'expected a name without ;, got one with');
  return { plugin: options === undefined ? name : `${name};${options}` };
}

function contentOf(settings: FileSettings, node: JsonNode, objects: readonly ClassicObject[]): FileContent {
  const nodes = new Map(Object.keys(settings).map((name) => [name as SettingName, node]));
  return { settings, nodes, warnings: [...new Set(objects)].flatMap((each) => each.rest()) };
}

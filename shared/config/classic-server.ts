/** What classic files say about one server, which is where it listens to the one half and where it is to the other. */
import { clientKeys, masterKey } from '../codec/keys.js';
import { findMethod, type Method } from '../codec/methods.js';
import type { ConfigError } from '../errors.js';
import type { ClassicObject } from './classic-object.js';
import type { Half } from './file-schema.js';
import { type JsonFile, kindOf, propertiesOf, shownName } from './file-text.js';
import { type NamedNode, placed, readText } from './file-values.js';
import { readPort, splitHostPort } from './host-port.js';
import type { JsonNode } from './json5.js';
import { isWildcard } from './listen.js';
import type { PluginFlags } from './plugin.js';
import { together } from './together.js';
import { nonEmpty, type Variables } from './variables.js';

/** One classic file on its way to a half. */
export interface Reading {
  readonly file: JsonFile;
  readonly half: Half;
  readonly root: ClassicObject;
  readonly variables: Variables;
}

/** One port of one host, and the secret there. */
export interface Point {
  /** Where it is named. */
  readonly node: JsonNode;
  readonly host: string;
  /** The place of the host among several. */
  readonly place: number;
  readonly port: number;
  readonly method: Method;
  readonly secret: string;
}

/** Each port once. More are a mistake, or an attempt to keep us busy: a few lines can name millions. */
const maxPoints = 65536;

/**
 * The servers that are not disabled: the root itself, and those in lists, which rust knows by two names. For a remote the
 * root needs no address when there is no other: it listens on all then. ConfigError when they name more hosts and ports than anybody has.
 */
export function serversOf({ root, half }: Reading): readonly ClassicObject[] {
  const listed = [...root.objects('servers'), ...root.objects('shadowsocks')];
  const everywhere = half === 'remote' && listed.length === 0 && hasPassword(root);
  const servers = root.value('server') !== undefined || everywhere ? [root, ...listed] : listed;
  let points = 0;
  for (const server of servers) {
    points +=
      countIn(server, ['server', 'address']) * countIn(server, ['server_port', 'port', 'port_password']);
    if (points > maxPoints) {
      throw server.complain('server', `expected at most ${maxPoints} addresses, hosts times ports, got more`);
    }
  }
  return servers;
}

/** Whether it says what its clients have to know. */
export function hasPassword(server: ClassicObject): boolean {
  return server.has('password') || server.has('port_password');
}

/** How many values the longest list under these names has. */
function countIn(server: ClassicObject, names: readonly string[]): number {
  return Math.max(1, ...names.map((name) => server.size(name)));
}

/** The error for a file without any. */
export function noServer(root: ClassicObject): ConfigError {
  return root.complain('server', 'expected a server, got none');
}

/** All that one server names: each host with each port. */
export function readPoints(reading: Reading, server: ClassicObject): readonly Point[] {
  const [hosts, method, written] = together([
    () => readHosts(reading, server),
    () => readMethod(reading.file, server),
    () => readWritten(reading, server),
  ]);
  const secrets = together(
    written.map(({ named, text, ports }) => () => {
      const secret = readSecret(reading, named, { text, method });
      return ports.map((port) => ({ port, secret }));
    }),
  ).flat();
  return hosts.flatMap(({ host, port: own, node }, place) =>
    secrets.map(({ port, secret }) => ({ node, host, place, port: own ?? port, method, secret })),
  );
}

/** Whether datagrams are served. The other programs serve streams alone when nobody says anything. */
export function readMode(root: ClassicObject, entry: ClassicObject): boolean {
  const holder = entry.value('mode') === undefined ? root : entry;
  const node = holder.value('mode');
  root.value('mode');
  if (node === undefined || node.value === 'tcp_only') return false;
  if (node.value === 'tcp_and_udp') return true;
  const got = node.value === 'udp_only' ? 'udp_only, and streams are always served' : modeOf(node);
  throw holder.complain('mode', `expected tcp_only or tcp_and_udp, got ${got}`);
}

/** A mode that does not fit, as messages name it. */
function modeOf(node: JsonNode): string {
  return node.type === 'string' ? shownName(String(node.value)) : kindOf(node);
}

/** A plugin and its options in the one text that we have for both; an empty name stands for none. */
export function readPluginOf(server: ClassicObject): PluginFlags {
  const name = server.text('plugin');
  const options = server.scalar('plugin_opts');
  if (name === undefined) return {};
  if (name.includes(';')) throw server.complain('plugin', 'expected a name without ;, got one with');
  return { plugin: options === undefined ? name : `${name};${options}` };
}

/** A host that a server names. */
export interface Host {
  readonly node: JsonNode;
  readonly host: string;
  /** That of libev's `HOST:PORT`. */
  readonly port?: number;
}

/** Its hosts, one at least; an empty one stands for all addresses of a remote. */
export function readHosts({ file, half }: Reading, server: ClassicObject): readonly Host[] {
  const name = server.value('server') === undefined ? 'address' : 'server';
  const node = server.value(name);
  const nodes = node?.type === 'array' ? (node.children ?? []) : [];
  if (node?.type !== 'array') {
    const host = server.text(name);
    if (host === undefined && half === 'local') throw server.complain(name, 'expected a host, got none');
    return [{ node: node ?? server.node, ...hostOf(host ?? '', half) }];
  }
  if (nodes.length === 0) throw server.complain(name, 'expected at least one host, got none');
  const hosts = nodes.map((each) => ({ node: each, ...hostOf(readText(file, name, each), half) }));
  // Both families, as many files of libev say it, are what we listen on when nobody names an address.
  if (half === 'remote' && hosts.length > 1 && hosts.every(({ host }) => isWildcard(host))) {
    return [{ node, host: '' }];
  }
  return hosts;
}

/** libev takes brackets around IPv6, and a port behind the host of a server. */
function hostOf(text: string, half: Half): Omit<Host, 'node'> {
  const split = splitHostPort(text);
  if (split === undefined) return { host: text };
  const port = half === 'local' && split.port !== undefined ? readPort(split.port) : undefined;
  if (split.port !== undefined && port === undefined) return { host: text };
  return { host: split.host, ...(port !== undefined && { port }) };
}

/** Its method, which every server has to name. */
export function readMethod(file: JsonFile, server: ClassicObject): Method {
  const name = server.text('method');
  if (name === undefined) throw server.complain('method', 'expected a method, got none');
  return placed(file, { name: 'method', node: server.value('method') ?? server.node }, () =>
    findMethod(name),
  );
}

/** A secret as it is written, which its method has not judged yet, and the ports where it holds. */
interface Written {
  readonly named: NamedNode;
  readonly text: string;
  readonly ports: readonly number[];
}

/**
 * Each port with its secret. `port_password` names both and wins at the remote, as in the Python program; a client of such
 * a file has a password of its own, or else takes any of them.
 */
function readWritten({ file, half }: Reading, server: ClassicObject): readonly Written[] {
  const table = server.value('port_password');
  if (table !== undefined && (half === 'remote' || !server.has('password'))) {
    return readTable(file, { name: 'port_password', node: table });
  }
  const [{ text, node }, ports] = together([() => readPassword(server), () => readPorts(server)]);
  return [{ named: { name: 'password', node }, text, ports }];
}

function readPassword(server: ClassicObject): { readonly text: string; readonly node: JsonNode } {
  const text = server.scalar('password');
  const node = server.value('password');
  if (text !== undefined && node !== undefined) return { text, node };
  const hint = server.value('key') === undefined ? '' : ' (a raw key is not supported)';
  throw server.complain('password', `expected a password, got none${hint}`);
}

function readTable(file: JsonFile, { name, node }: NamedNode): readonly Written[] {
  if (node.type !== 'object') throw file.complain(node, `${name}: expected an object, got ${kindOf(node)}`);
  const rows = propertiesOf(node);
  if (rows.length === 0) throw file.complain(node, `${name}: expected at least one port, got none`);
  return together(
    rows.map((row) => () => {
      const port = readPort(row.name);
      if (port === undefined) {
        throw file.complain(row.at, `${name}: expected a port from 0 to 65535, got another text`);
      }
      const named = { name: `${name}.${port}`, node: row.value };
      const whole = row.value.type === 'number' && Number.isSafeInteger(row.value.value);
      const text = whole ? String(row.value.value) : readText(file, named.name, row.value);
      return { named, text, ports: [port] };
    }),
  );
}

/** A local may have to name itself under a key of the server first: its password is a chain then. */
function readSecret(
  { file, half, variables }: Reading,
  named: NamedNode,
  { text, method }: { readonly text: string; readonly method: Method },
): string {
  const variable = /^\$\{(\w+)\}$/.exec(text)?.[1];
  const secret = variable === undefined ? text : nonEmpty(variables[variable]);
  if (secret === undefined) {
    const words = `expected the variable ${variable ?? ''} in the environment, got none`;
    throw file.complain(named.node, `${named.name}: ${words}`);
  }
  const check = half === 'local' ? clientKeys : masterKey;
  placed(file, named, () => check(method, secret));
  return secret;
}

function readPorts(server: ClassicObject): readonly number[] {
  const name = server.value('server_port') === undefined ? 'port' : 'server_port';
  const ports = server.ports(name);
  return ports.length === 0 ? [8388] : ports;
}

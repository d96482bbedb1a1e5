/**
 * The config files of shadowsocks-libev, shadowsocks-rust and the Python program, as they are: one file may serve both
 * halves. What another program would have done and we do not is said in a warning; where ignoring a key would make a tunnel
 * that does not work, or a door that is open, it is an error.
 */
import { ConfigError } from '../errors.js';
import { type ClassicObject, classicObject, meantBy } from './classic-object.js';
import { readClassicLocal } from './classic-local.js';
import { type ClassicMeaning, readClassicRemote } from './classic-remote.js';
import type { Reading } from './classic-server.js';
import type { FileContent } from './file.js';
import { type FileSettings, type Half, isSetting, type SettingName } from './file-schema.js';
import { type JsonFile, propertiesOf, shownName } from './file-text.js';
import type { JsonNode } from './json5.js';
import { isWildcard } from './listen.js';
import { together } from './together.js';
import type { Variables } from './variables.js';

/** None of these is a setting of ours, and every classic file has one of them, or a list of servers (`servers`). */
const marks = [
  'server',
  'server_port',
  'shadowsocks',
  'local_port',
  'local_address',
  'locals',
  'port_password',
  'online_config',
  'manager_address',
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
  'remarks',
  'tcp_weight',
  'udp_weight',
];

/** More than a file has that somebody wrote by hand. */
const maxWarnings = 20;
/** Looking for what was meant takes time, and a list of servers may have a thousand keys. */
const maxCompared = 200;

/** Whether another program's file is meant. */
export function isClassic(file: JsonFile): boolean {
  return propertiesOf(file.root).some(
    ({ name, value }) => marks.includes(name) || (name === 'servers' && namesHosts(value)),
  );
}

/** These mean something in both kinds of file. */
const inBoth: readonly string[] = ['servers', 'method', 'key', 'password', 'users', 'plugin', 'workers'];

/**
 * ConfigError for a file that is half ours and half of another program: nobody knows by whose rules it was meant, and by
 * theirs a port that is to ask for credentials would ask nobody.
 */
export function refuseMixed(file: JsonFile): void {
  const properties = propertiesOf(file.root);
  const mark = properties.find(({ name }) => marks.includes(name))?.name;
  const servers = properties.find(({ name }) => name === 'servers')?.value.children ?? [];
  const uri = servers.find((each) => String(each.value).includes('://') || hasAny(each, ['uri']));
  const object = servers.find((each) => !hasAny(each, ['uri']) && hasAny(each, ['server', 'address']));
  if (uri !== undefined && object !== undefined) {
    const words = 'expected all of them as URIs, or all as objects of other programs, got both';
    throw file.complain(uri, `servers: ${words}`);
  }
  if (mark === undefined) return;
  if (uri !== undefined) {
    throw file.complain(uri, `servers: expected objects of other programs beside ${mark}, got a URI`);
  }
  together(
    properties
      .filter(({ name, value }) => isSetting(name) && !inBoth.includes(name) && !isOneTimeAuth(name, value))
      .map(({ name, at }) => () => {
        const words = `expected a key of other programs beside ${mark}, got one of halflight`;
        throw file.complain(
          at,
          `${name}: ${words}: take it out, use config import, and add it to what that writes`,
        );
      }),
  );
}

/** What libev once had under this name is no door, and gone. */
function isOneTimeAuth(name: string, value: JsonNode): boolean {
  return name === 'auth' && ['boolean', 'null'].includes(value.type);
}

function hasAny(node: JsonNode, names: readonly string[]): boolean {
  return propertiesOf(node).some(({ name }) => names.includes(name));
}

/** Ours are URIs, or objects with one. */
function namesHosts(servers: JsonNode): boolean {
  const names = (servers.children ?? []).flatMap(propertiesOf).map(({ name }) => name);
  return !names.includes('uri') && names.some((name) => name === 'server' || name === 'address');
}

/**
 * The half that a classic file is probably for, when nobody says: that of the server when it names all addresses of a
 * machine, which no client can dial, or a password for each of several ports, or where a panel is heard; and when it names
 * users or no server at all, and nothing of a port for this machine.
 */
export function classicHalf(file: JsonFile): Half {
  const named = [file.root, ...listsIn(file.root)].flatMap(propertiesOf);
  const names = (some: readonly string[]): boolean => named.some(({ name }) => some.includes(name));
  const hosts = named
    .filter(({ name }) => name === 'server' || name === 'address')
    .flatMap(({ value }) => (value.type === 'array' ? (value.children ?? []) : [value]));
  const everywhere = hosts.some(
    ({ value }) => typeof value === 'string' && isWildcard(value.replace(/[[\]]/g, '')),
  );
  if (everywhere || names(['port_password', 'manager_address'])) return 'remote';
  if (names(['local_address', 'local_port', 'locals', 'online_config'])) return 'local';
  return names(['users']) || hosts.length === 0 ? 'remote' : 'local';
}

function listsIn(root: JsonNode): readonly JsonNode[] {
  return propertiesOf(root)
    .filter(({ name }) => name === 'servers' || name === 'shadowsocks')
    .flatMap(({ value }) => value.children ?? []);
}

/** What a classic file says to `half`. ConfigError, with its place, for what cannot be used or must not be ignored. */
export function readClassic(file: JsonFile, half: Half, variables: Variables): FileContent {
  const reading: Reading = { file, half, root: classicObject(file, file.root, known), variables };
  const { settings, holders, objects, warnings } = meaningOf(reading);
  return {
    settings,
    nodes: placesOf(half, settings, holders),
    warnings: firstOf(warningsOf(warnings, objects), file.path),
  };
}

/** The keys that a setting comes from, the one that says most first. */
const sources: Readonly<Partial<Record<SettingName, readonly string[]>>> = {
  listen: ['server_port', 'port', 'port_password', 'server', 'address'],
  method: ['method'],
  key: ['port_password', 'password'],
  password: ['port_password', 'password'],
  users: ['users'],
  udp: ['mode'],
  plugin: ['plugin'],
  ports: ['servers', 'shadowsocks', 'port_password', 'server_port'],
  managerAddress: ['manager_address'],
  uri: ['server', 'address'],
  servers: ['servers', 'shadowsocks', 'server'],
  subscription: ['online_config'],
};

const listenOfLocal = ['local_port', 'local_address'] as const;

/** Where each setting stands; what no key says stands where most of it does. */
function placesOf(half: Half, settings: FileSettings, holders: readonly JsonNode[]): FileContent['nodes'] {
  const [first] = holders;
  return new Map(
    Object.keys(settings).flatMap((each) => {
      const name = each as SettingName;
      const names = name === 'listen' && half === 'local' ? listenOfLocal : sources[name];
      const node = sourceOf(names ?? [], holders) ?? first;
      return node === undefined ? [] : [[name, node]];
    }),
  );
}

function sourceOf(names: readonly string[], holders: readonly JsonNode[]): JsonNode | undefined {
  const found = names.flatMap((name) =>
    holders.flatMap((holder) => propertiesOf(holder).find((each) => each.name === name)?.value ?? []),
  );
  return found.find(({ type }) => type !== 'null');
}

/** When it cannot be used, misspelt keys may be why: of all that would have been a warning they are told with the errors. */
function meaningOf(reading: Reading): ClassicMeaning {
  const { file, half } = reading;
  try {
    return half === 'local' ? readClassicLocal(reading) : readClassicRemote(reading);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const others = [...error.others, ...misspelt(file)].slice(0, maxWarnings - 1);
    throw new ConfigError(error.message, { cause: error, others });
  }
}

function misspelt(file: JsonFile): readonly ConfigError[] {
  return [file.root, ...listsIn(file.root)]
    .flatMap(propertiesOf)
    .slice(0, maxCompared)
    .flatMap(({ name, at }) => {
      const near = meantBy(name, known);
      if (near === undefined) return [];
      const words = `expected a name of a setting, got ${shownName(name)} (did you mean "${near}"?)`;
      return [file.complain(at, `settings: ${words}`)];
    });
}

function* warningsOf(warnings: readonly string[], objects: readonly ClassicObject[]): Iterable<string> {
  yield* warnings;
  for (const each of new Set(objects)) yield* each.rest();
}

/** The others cost time to find, and nobody would read them. */
function firstOf(warnings: Iterable<string>, path: string): readonly string[] {
  const first: string[] = [];
  for (const warning of warnings) {
    if (first.length === maxWarnings) return [...first, `${path}: more of it is ignored`];
    first.push(warning);
  }
  return first;
}

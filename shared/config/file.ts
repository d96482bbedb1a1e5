/**
 * Config files: ours, and those of other Shadowsocks programs (classic.ts). A file says what flags can say, and what is
 * wrong in it is told with its place.
 */
import { masterKey } from '../codec/keys.js';
import { defaultMethod, findMethod } from '../codec/methods.js';
import { nearest } from '../nearest.js';
import type { Role } from '../observe/events.js';
import { checkForwardEntries } from './file-forwards.js';
import {
  type FileSettings,
  isSetting,
  type PortEntry,
  settingRow,
  type SettingName,
  settingRows,
  settingsOf,
} from './file-schema.js';
import { type JsonFile, propertiesOf, type Property, shownName } from './file-text.js';
import { elementsOf, type Fields, fieldsOf, type NamedNode, placed, readValue } from './file-values.js';
import type { JsonNode } from './json5.js';
import { formatListen, parseListen } from './listen.js';
import { together } from './together.js';

/** What a file says to a program. */
export interface FileContent {
  readonly settings: FileSettings;
  /** Where each setting stands. */
  readonly nodes: ReadonlyMap<SettingName, JsonNode>;
  /** What is in the file and does nothing, in words that begin with its place. */
  readonly warnings: readonly string[];
}

/**
 * What a file of ours says to a program. ConfigError `path:line:column what: expected x, got y`, with all others that there
 * are, for a key that is unknown or for another one, and for a value that cannot be used; it shows no secret.
 */
export function readOurs(file: JsonFile, role: Role): FileContent {
  const nodes = new Map<SettingName, JsonNode>();
  const read = new Map<SettingName, unknown>();
  const properties = propertiesOf(file.root);
  // Every value has been read by the row of its name; what could not be read is not there.
  const settings = (): FileSettings => Object.fromEntries(read);
  const readable = (name: SettingName): boolean =>
    read.has(name) || !properties.some((property) => property.name === name);
  together([
    ...properties.map((property) => () => {
      const name = knownName(file, role, property);
      read.set(name, readValue(file, { name, node: property.value }, settingRows[name]));
      nodes.set(name, property.value);
    }),
    () => {
      refuseTogether(file, nodes, ['uri', 'servers']);
    },
    () => {
      if (readable('method')) checkSecret(file, nodes, settings());
    },
    () => {
      if (readable('listen')) checkPorts(file, nodes, settings());
    },
    () => {
      const node = nodes.get('forwards');
      if (node !== undefined) checkForwardEntries(file, node, { ...settings(), role });
    },
  ]);
  return { settings: settings(), nodes, warnings: [] };
}

/**
 * The programs that a file of ours can be for: one, by the first setting that is for one only; else those that all its
 * settings are for, which are none only if they contradict each other.
 */
export function rolesOf(file: JsonFile): readonly Role[] {
  const roles = propertiesOf(file.root).flatMap(({ name }) => {
    const row = settingRow(name);
    return row === undefined ? [] : [row.roles];
  });
  const sole = roles.find(({ length }) => length === 1);
  if (sole !== undefined) return sole;
  return allRoles.filter((role) => roles.every((each) => each.includes(role)));
}

/** Every program that has config files. */
export const allRoles: readonly Role[] = ['local', 'remote', 'forward'];

function knownName(file: JsonFile, role: Role, { name, at }: Property): SettingName {
  const row = settingRow(name);
  if (isSetting(name) && row?.roles.includes(role) === true) return name;
  if (row !== undefined) {
    const others = row.roles.map((each) => `a ${each}`).join(' or ');
    throw file.complain(at, `${name}: expected a setting of a ${role}, got one of ${others}`);
  }
  const names = settingsOf(role);
  const near = nearest(name, names);
  const hint = near === undefined ? `known: ${names.join(', ')}` : `did you mean "${near}"?`;
  throw file.complain(at, `settings: expected a name of a setting, got ${shownName(name)} (${hint})`);
}

/** Of two settings that say the same nobody knows which was meant. */
function refuseTogether(file: JsonFile, nodes: Nodes, names: readonly SettingName[]): void {
  const [one, another] = names.filter((name) => nodes.has(name));
  if (one === undefined || another === undefined) return;
  throw file.complain(nodes.get(another) ?? file.root, `${another}: expected it or ${one}, got both`);
}

type Nodes = ReadonlyMap<SettingName, JsonNode>;

/** A secret is judged by the method beside it; so the file must say the two together, unless the method is the default. */
function checkSecret(file: JsonFile, nodes: Nodes, settings: FileSettings): void {
  refuseTogether(file, nodes, ['key', 'password', 'keyFile']);
  for (const one of ['key', 'password'] as const) {
    const node = nodes.get(one);
    if (node !== undefined) judge(file, { name: one, node }, { ...settings, one });
  }
}

/** Every port has a secret of its own, and a place of its own. */
function checkPorts(file: JsonFile, nodes: Nodes, { listen, ports = [] }: FileSettings): void {
  const { ports: row } = settingRows;
  const node = nodes.get('ports');
  if (node === undefined || row.kind !== 'entries') return;
  const places = new Map<string, string>();
  // The system chooses another port each time that it is asked for any.
  const take = (place: string, name: string): void => {
    if (!place.endsWith(':0')) places.set(place, name);
  };
  if (listen !== undefined) take(placeOf(listen), 'listen');
  const entries = elementsOf(file, { name: 'ports', node }, 'objects');
  together(
    ports.map((port, index) => () => {
      const named = entries[index] ?? { name: 'ports', node };
      const fields = fieldsOf(file, named, row);
      checkPortSecret(file, { named, fields, port });
      const at = fields.get('listen') ?? named;
      const place = placeOf(port.listen);
      const first = places.get(place);
      if (first !== undefined) {
        throw file.complain(at.node, `${at.name}: expected another address than ${first}, got the same`);
      }
      take(place, at.name);
    }),
  );
}

interface PortFields {
  readonly named: NamedNode;
  readonly fields: Fields;
  readonly port: PortEntry;
}

function checkPortSecret(file: JsonFile, { named, fields, port }: PortFields): void {
  const [one, another] = (['key', 'password'] as const).flatMap((each) => fields.get(each) ?? []);
  if (one === undefined) {
    throw file.complain(named.node, `${named.name}: expected key or password, got none`);
  }
  if (another !== undefined) {
    throw file.complain(another.node, `${another.name}: expected it or ${one.name}, got both`);
  }
  judge(file, one, { ...port, one: fields.has('key') ? 'key' : 'password' });
}

function placeOf(listen: string): string {
  return formatListen(parseListen(listen));
}

/** What is known of a secret: its method, and under which name it stands. */
interface Judged {
  readonly method?: string;
  readonly key?: string;
  readonly password?: string;
  readonly one: 'key' | 'password';
}

function judge(file: JsonFile, { name, node }: NamedNode, { one, ...entry }: Judged): void {
  const method = findMethod(entry.method ?? defaultMethod);
  const right = method.edition === 2022 ? 'key' : 'password';
  if (one !== right) {
    throw file.complain(node, `${name}: expected a ${right} with ${method.name}, got a ${one}`);
  }
  placed(file, { name, node }, () => masterKey(method, entry[one] ?? ''));
}

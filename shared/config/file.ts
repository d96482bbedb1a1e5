/**
 * Config files: ours, and those of other Shadowsocks programs (classic.ts). A file says what flags can say, and what is
 * wrong in it is told with its place.
 */
import { dirname, resolve } from 'node:path';
import type { Node } from 'jsonc-parser';
import { masterKey } from '../codec/keys.js';
import { defaultMethod, findMethod } from '../codec/methods.js';
import { ConfigError } from '../errors.js';
import { nearest } from '../nearest.js';
import {
  type FileSettings,
  type Half,
  isSetting,
  settingRow,
  type SettingName,
  settingsOf,
} from './file-schema.js';
import { type JsonFile, kindOf, propertiesOf, type Property, shownName } from './file-text.js';

/** What a file says to a half. */
export interface FileContent {
  readonly settings: FileSettings;
  /** Where each setting stands. */
  readonly nodes: ReadonlyMap<SettingName, Node>;
  /** What is in the file and does nothing, in words that begin with its place. */
  readonly warnings: readonly string[];
}

/**
 * What a file of ours says to `half`. ConfigError `path:line:column what: expected x, got y` for a key that is unknown or
 * for the other half, and for a value that cannot be used; it shows no secret.
 */
export function readOurs(file: JsonFile, half: Half): FileContent {
  const nodes = new Map<SettingName, Node>();
  const settings = new Map<SettingName, unknown>();
  for (const property of propertiesOf(file.root)) {
    const name = knownName(file, half, property);
    settings.set(name, readValue(file, name, property.value));
    nodes.set(name, property.value);
  }
  // Every value has been read by the row of its name.
  const content = { settings: Object.fromEntries(settings) as FileSettings, nodes, warnings: [] };
  checkSecret(file, content);
  return content;
}

/**
 * The half that a file of ours is for, undefined when all it says is for either. ConfigError when some of it is for one
 * and some for the other.
 */
export function halfOf(file: JsonFile): Half | undefined {
  let found: Half | undefined;
  for (const property of propertiesOf(file.root)) {
    const halves = settingRow(property.name)?.halves ?? [];
    const [only] = halves;
    if (halves.length !== 1 || only === undefined) continue;
    found ??= only;
    knownName(file, found, property);
  }
  return found;
}

/** The control characters, and what no program can write as UTF-8. */
const unfit = /[\u0000-\u001f\u007f-\u009f]|\p{Surrogate}/u;

/** The text in a node. ConfigError, naming the setting, for everything else and for text that no setting can have. */
export function readText(file: JsonFile, name: string, node: Node): string {
  if (node.type !== 'string') throw file.complain(node, `${name}: expected a string, got ${kindOf(node)}`);
  const text = String(node.value);
  if (text === '') throw file.complain(node, `${name}: expected a text, got an empty one`);
  if (unfit.test(text)) throw file.complain(node, `${name}: expected no control characters, got one`);
  return text;
}

/** What `read` brings; its ConfigErrors get the place of the node, and the name that the file has for what is wrong. */
export function placed<T>(file: JsonFile, { name, node }: { name: string; node: Node }, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const words = error.message.replace(/^(?:[^:]*: (?=expected )|URI: |method )/, '');
    throw new ConfigError(file.complain(node, `${name}: ${words}`).message, { cause: error });
  }
}

function knownName(file: JsonFile, half: Half, { name, at }: Property): SettingName {
  const row = settingRow(name);
  if (isSetting(name) && row?.halves.includes(half) === true) return name;
  if (row !== undefined) {
    throw file.complain(
      at,
      `${name}: expected a setting of a ${half}, got one of a ${half === 'local' ? 'remote' : 'local'}`,
    );
  }
  const names = settingsOf(half);
  const near = nearest(name, names);
  const hint = near === undefined ? `known: ${names.join(', ')}` : `did you mean "${near}"?`;
  throw file.complain(at, `settings: expected a name of a setting, got ${shownName(name)} (${hint})`);
}

function readValue(file: JsonFile, name: SettingName, node: Node): unknown {
  const row = settingRow(name);
  if (row?.kind === 'switch') {
    if (node.type === 'boolean') return node.value === true;
    throw file.complain(node, `${name}: expected true or false, got ${kindOf(node)}`);
  }
  if (row?.kind === 'texts') {
    if (node.type !== 'array')
      throw file.complain(node, `${name}: expected an array of strings, got ${kindOf(node)}`);
    const texts = (node.children ?? []).map((child) => readChecked(file, name, child));
    // An empty list would open the port to everybody where somebody meant to name users.
    if (texts.length === 0) throw file.complain(node, `${name}: expected at least one, got none`);
    return texts;
  }
  const text = readChecked(file, name, node);
  return row?.path === true ? resolve(dirname(file.path), text) : text;
}

function readChecked(file: JsonFile, name: SettingName, node: Node): string {
  const text = readText(file, name, node);
  const { choices, check } = settingRow(name) ?? {};
  if (choices?.includes(text) === false) {
    const near = nearest(text, choices);
    const hint = near === undefined ? '' : ` (did you mean "${near}"?)`;
    throw file.complain(
      node,
      `${name}: expected one of ${choices.join(', ')}, got ${shownName(text)}${hint}`,
    );
  }
  placed(file, { name, node }, () => check?.(text));
  return text;
}

/** A secret is judged by the method beside it; so the file must say the two together, unless the method is the default. */
export function checkSecret(file: JsonFile, { settings, nodes }: FileContent): void {
  const [one, another] = (['key', 'password', 'keyFile'] as const).filter((name) => nodes.has(name));
  if (one === undefined) return;
  const node = nodes.get(another ?? one) ?? file.root;
  if (another !== undefined) throw file.complain(node, `${another}: expected it or ${one}, got both`);
  if (one === 'keyFile') return;

  const method = findMethod(settings.method ?? defaultMethod);
  const right = method.edition === 2022 ? 'key' : 'password';
  if (one !== right) {
    throw file.complain(node, `${one}: expected a ${right} with ${method.name}, got a ${one}`);
  }
  placed(file, { name: one, node }, () => masterKey(method, settings[one] ?? ''));
}

/** The values in a config file of ours, each judged by the row of its setting. */
import { dirname, resolve } from 'node:path';
import { ConfigError } from '../errors.js';
import { nearest } from '../nearest.js';
import type { EntriesRow, MapRow, SettingRow, ValueRow } from './file-rows.js';
import { type JsonFile, kindOf, propertiesOf, shownName } from './file-text.js';
import type { JsonNode } from './json5.js';
import { withoutName } from './options.js';
import { together } from './together.js';

/** A value and the name that messages give it: `servers[2].weight`. */
export interface NamedNode {
  readonly name: string;
  readonly node: JsonNode;
}

/** The value of a setting. ConfigError `path:line:column name: expected x, got y` for one that cannot be used. */
export function readValue(file: JsonFile, named: NamedNode, row: SettingRow): unknown {
  if (row.kind === 'map') return readMap(file, named, row);
  if (row.kind !== 'entries') return readPlain(file, named, row);
  const of = row.bare === true ? 'texts and objects' : 'objects';
  return together(elementsOf(file, named, of).map((each) => () => readEntry(file, each, row)));
}

/** The fields of an object in a list, each under its name; those of a text alone are its lead. */
export function fieldsOf(file: JsonFile, { name, node }: NamedNode, { lead, bare }: EntriesRow): Fields {
  if (node.type === 'object') {
    return new Map(
      propertiesOf(node).map((each) => [each.name, { name: `${name}.${each.name}`, node: each.value }]),
    );
  }
  if (bare === true && node.type === 'string') return new Map([[lead, { name, node }]]);
  const expected = bare === true ? 'a string or an object' : 'an object';
  throw file.complain(node, `${name}: expected ${expected}, got ${kindOf(node)}`);
}

export type Fields = ReadonlyMap<string, NamedNode>;

/** The objects in a list. */
export function elementsOf(file: JsonFile, { name, node }: NamedNode, of: string): readonly NamedNode[] {
  if (node.type !== 'array')
    throw file.complain(node, `${name}: expected an array of ${of}, got ${kindOf(node)}`);
  const children = node.children ?? [];
  // An empty list would open the port to everybody where somebody meant to name users.
  if (children.length === 0) throw file.complain(node, `${name}: expected at least one, got none`);
  return children.map((child, index) => ({ name: `${name}[${index}]`, node: child }));
}

/** What nobody ever writes into a setting: the control characters, and what no program can write as UTF-8. */
const unfit = /[\u0000-\u001f\u007f-\u009f]|\p{Surrogate}/u;

/** The text in a node. ConfigError, naming the setting, for everything else and for text that no setting can have. */
export function readText(file: JsonFile, name: string, node: JsonNode): string {
  if (node.type !== 'string') throw file.complain(node, `${name}: expected a string, got ${kindOf(node)}`);
  const text = String(node.value);
  if (text === '') throw file.complain(node, `${name}: expected a text, got an empty one`);
  if (unfit.test(text)) throw file.complain(node, `${name}: expected no control characters, got one`);
  return text;
}

/** What `read` brings; its ConfigErrors get the place of the node, and the name that the file has for what is wrong. */
export function placed<T>(file: JsonFile, { name, node }: NamedNode, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const words = `${name}: ${withoutName(error.message)}`;
    throw new ConfigError(file.complain(node, words).message, { cause: error });
  }
}

/** The entries of an object that is a map, each with its node: that of its name. */
export function entriesOf({ name, node }: NamedNode): readonly NamedNode[] {
  return propertiesOf(node).map(({ name: key, at }) => ({ name: `${name}${shownKey(key)}`, node: at }));
}

/** Places may be shown; what looks like a URI may have a key in it. */
function shownKey(key: string): string {
  return /^[\w.:/[\]-]{1,64}$/.test(key) && !key.includes('://') ? ` ${key}` : '';
}

function readMap(file: JsonFile, { name, node }: NamedNode, { key, entry }: MapRow): readonly object[] {
  if (node.type !== 'object') throw file.complain(node, `${name}: expected an object, got ${kindOf(node)}`);
  const properties = propertiesOf(node);
  if (properties.length === 0) throw file.complain(node, `${name}: expected at least one, got none`);
  return together(
    properties.map(({ name: written, at, value }) => () => {
      const named = { name: `${name}${shownKey(written)}`, node: at };
      const [place, rest] = together([
        () => readChecked(file, named, key.row),
        () => readEntry(file, { ...named, node: value }, entry),
      ]);
      return { [key.field]: place, ...rest };
    }),
  );
}

function readEntry(file: JsonFile, named: NamedNode, row: EntriesRow): object {
  const fields = fieldsOf(file, named, row);
  const reads = Array.from(fields, ([name, field]) => (): [string, unknown] => {
    const value = Object.hasOwn(row.fields, name) ? row.fields[name] : undefined;
    if (value !== undefined) return [name, readPlain(file, field, value)];
    throw unknownField(file, named, { name, known: Object.keys(row.fields) });
  });
  const lacksLead = (): void => {
    if (!fields.has(row.lead)) {
      throw file.complain(named.node, `${named.name}: expected ${row.lead}, got none`);
    }
  };
  const [, ...read] = together([lacksLead, ...reads]);
  return Object.fromEntries(read);
}

function unknownField(
  file: JsonFile,
  entry: NamedNode,
  { name, known }: { readonly name: string; readonly known: readonly string[] },
): ConfigError {
  const at = propertiesOf(entry.node).find((each) => each.name === name)?.at ?? entry.node;
  const near = nearest(name, known);
  const hint = near === undefined ? `known: ${known.join(', ')}` : `did you mean "${near}"?`;
  return file.complain(at, `${entry.name}: expected a name of a setting, got ${shownName(name)} (${hint})`);
}

function readPlain(file: JsonFile, named: NamedNode, row: ValueRow): unknown {
  return plainReaders[row.kind](file, named, row);
}

type Reader = (file: JsonFile, named: NamedNode, row: ValueRow) => unknown;

const plainReaders = {
  switch: (file, { name, node }) => {
    if (node.type === 'boolean') return node.value === true;
    throw file.complain(node, `${name}: expected true or false, got ${kindOf(node)}`);
  },
  number: (file, { name, node }, { check }) => {
    if (node.type !== 'number') throw file.complain(node, `${name}: expected a number, got ${kindOf(node)}`);
    placed(file, { name, node }, () => check?.(String(node.value)));
    return Number(node.value);
  },
  texts: (file, named, row) => {
    if (row.orText === true && named.node.type === 'string') return [readChecked(file, named, row)];
    // The texts of a list are not told apart by number: their messages quote what is wrong.
    return together(
      elementsOf(file, named, 'strings').map(
        ({ node }) =>
          () =>
            readChecked(file, { ...named, node }, row),
      ),
    );
  },
  text: readChecked,
} as const satisfies Record<ValueRow['kind'], Reader>;

/** A text, for which a number may stand. */
function readDigits(file: JsonFile, name: string, node: JsonNode): string {
  if (node.type === 'number') return String(node.value);
  if (node.type === 'string') return readText(file, name, node);
  throw file.complain(node, `${name}: expected a number or a string, got ${kindOf(node)}`);
}

function readChecked(file: JsonFile, { name, node }: NamedNode, row: ValueRow): string {
  const { choices, check, orNumber, within } = row;
  const text = orNumber === true ? readDigits(file, name, node) : readText(file, name, node);
  if (choices?.includes(text) === false) {
    const near = nearest(text, choices);
    const hint = near === undefined ? '' : ` (did you mean "${near}"?)`;
    throw file.complain(
      node,
      `${name}: expected one of ${choices.join(', ')}, got ${shownName(text)}${hint}`,
    );
  }
  placed(file, { name, node }, () => check?.(text));
  return within === undefined ? text : within(text, dirname(resolve(file.path)));
}

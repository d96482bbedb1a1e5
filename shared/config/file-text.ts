/**
 * JSON as people write it: JSON5, with mistakes. What is read keeps its place, so that whatever is
 * wrong with it later can be found: `file:line:column`.
 */
import { ConfigError } from '../errors.js';
import { type JsonNode, parseJson5, SyntaxFault } from './json5.js';
import { placesIn } from './text-places.js';
import { together } from './together.js';

/** How UTF-16 begins, which some editors write. */
const wideMarks: readonly (readonly number[])[] = [
  [0xff, 0xfe],
  [0xfe, 0xff],
];

/** A key of an object, and what it stands for. */
export interface Property {
  readonly name: string;
  /** Where the key begins. */
  readonly at: JsonNode;
  readonly value: JsonNode;
}

/** An object in a file. */
export interface JsonFile {
  readonly path: string;
  readonly root: JsonNode;
  /** The line of a node, from 1. */
  line(node: JsonNode): number;
  /** A ConfigError `path:line:column words` about a node. */
  complain(node: JsonNode, words: string): ConfigError;
}

/**
 * The object in the file `path` of these bytes, no deeper than 32, with every key once. ConfigError
 * `path:line:column what: expected x, got y` for everything else. `whole` is what messages call all of it.
 */
export function parseJsonFile(path: string, bytes: Uint8Array, whole = 'settings'): JsonFile {
  const text = decode(path, bytes);
  const placeAt = placesIn(text);
  const fail = (offset: number, words: string): ConfigError => {
    const { line, column } = placeAt(offset);
    return new ConfigError(`${path}:${line}:${column} ${words}`);
  };

  const nul = text.indexOf('\0');
  if (nul >= 0) throw fail(nul, 'text: expected JSON, got a NUL character');
  if (text.startsWith('\ufeff')) {
    throw fail(0, 'text: expected JSON, got a byte order mark: save it as UTF-8 without one');
  }
  const root = parsed(text, fail);
  if (root.type !== 'object') {
    throw fail(root.offset, `${whole}: expected an object, got ${kindOf(root)}`);
  }
  const file: JsonFile = {
    path,
    root,
    line: (node) => placeAt(node.offset).line,
    complain: (node, words) => fail(node.offset, words),
  };
  refuseTwice(file, root);
  if (propertiesOf(root).length === 0) throw fail(root.offset, `${whole}: expected at least one, got none`);
  return file;
}

/** The keys of an object in their order; none of anything else. */
export function propertiesOf(node: JsonNode): readonly Property[] {
  if (node.type !== 'object') return [];
  return (node.children ?? []).flatMap(({ children: [at, value] = [] }) =>
    at === undefined || value === undefined ? [] : [{ name: String(at.value), at, value }],
  );
}

/** What a value is, in words that show nothing of it: it may be a secret in the wrong place. */
export function kindOf(node: JsonNode): string {
  const { type } = node;
  if (type === 'boolean') return String(node.value);
  return type === 'null' ? 'null' : `${/^[ao]/.test(type) ? 'an' : 'a'} ${type}`;
}

/** A name for a message: whatever is long or has marks in it may be a secret that was pasted as a key. */
export function shownName(name: string): string {
  return /^[\w.$-]{1,40}$/.test(name) ? `"${name}"` : 'another text';
}

function decode(path: string, bytes: Uint8Array): string {
  if (wideMarks.some((mark) => mark.every((byte, index) => bytes[index] === byte))) {
    throw new ConfigError(`${path}:1:1 text: expected UTF-8, got UTF-16`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ConfigError(`${path}:1:1 text: expected UTF-8, got other bytes`);
  }
}

function parsed(text: string, fail: (offset: number, words: string) => ConfigError): JsonNode {
  try {
    return parseJson5(text);
  } catch (error) {
    throw error instanceof SyntaxFault ? fail(error.offset, error.message) : error;
  }
}

function refuseTwice(file: JsonFile, node: JsonNode): void {
  const seen = new Map<string, JsonNode>();
  together([
    ...propertiesOf(node).map(({ name, at }) => () => {
      const first = seen.get(name);
      if (first !== undefined) {
        const line = file.line(first);
        throw file.complain(at, `${shownName(name)}: expected it once, got it again (first in line ${line})`);
      }
      seen.set(name, at);
    }),
    ...(node.children ?? []).map((child) => () => {
      refuseTwice(file, child);
    }),
  ]);
}

/**
 * JSON as people write it: with comments, trailing commas and mistakes. What is read keeps its place, so that whatever is
 * wrong with it later can be found: `file:line:column`.
 */
import { createScanner, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { ConfigError } from '../errors.js';

/** No setting is anywhere near as deep; the parser below calls itself once for each level. */
const maxDepth = 32;
/** How UTF-16 begins, which some editors write. */
const wideMarks: readonly (readonly number[])[] = [
  [0xff, 0xfe],
  [0xfe, 0xff],
];

/** A key of an object, and what it stands for. */
export interface Property {
  readonly name: string;
  /** Where the key begins. */
  readonly at: Node;
  readonly value: Node;
}

/** An object in a file. */
export interface JsonFile {
  readonly path: string;
  readonly root: Node;
  /** The line of a node, from 1. */
  line(node: Node): number;
  /** A ConfigError `path:line:column words` about a node. */
  complain(node: Node, words: string): ConfigError;
}

/**
 * The object in the file `path` of these bytes, no deeper than 32, with every key once. ConfigError
 * `path:line:column what: expected x, got y` for everything else. `whole` is what messages call all of it.
 */
export function parseJsonFile(path: string, bytes: Uint8Array, whole = 'settings'): JsonFile {
  const text = decode(path, bytes);
  const starts = [0, ...Array.from(text.matchAll(/\r\n|\r|\n/g), ({ index, 0: end }) => index + end.length)];
  const lineAt = (offset: number): number => starts.findLastIndex((start) => start <= offset) + 1;
  const fail = (offset: number, words: string): ConfigError => {
    const line = lineAt(offset);
    const column = Array.from(text.slice(starts[line - 1], offset)).length + 1;
    return new ConfigError(`${path}:${line}:${column} ${words}`);
  };

  const nul = text.indexOf('\0');
  if (nul >= 0) throw fail(nul, 'text: expected JSON, got a NUL character');
  if (text.startsWith('\ufeff')) {
    throw fail(0, 'text: expected JSON, got a byte order mark: save it as UTF-8 without one');
  }
  const deep = tooDeep(text);
  if (deep !== undefined) throw fail(deep, `nesting: expected at most ${maxDepth} levels, got more`);

  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first !== undefined) throw fail(first.offset, syntaxWords(text, first));
  if (root?.type !== 'object') {
    throw fail(root?.offset ?? 0, `${whole}: expected an object, got ${kindOf(root)}`);
  }
  const file: JsonFile = {
    path,
    root,
    line: (node) => lineAt(node.offset),
    complain: (node, words) => fail(node.offset, words),
  };
  refuseTwice(file, root);
  if (propertiesOf(root).length === 0) throw fail(root.offset, `${whole}: expected at least one, got none`);
  return file;
}

/** The keys of an object in their order; none of anything else. */
export function propertiesOf(node: Node): readonly Property[] {
  if (node.type !== 'object') return [];
  return (node.children ?? []).flatMap(({ children: [at, value] = [] }) =>
    at === undefined || value === undefined ? [] : [{ name: String(at.value), at, value }],
  );
}

/** What a value is, in words that show nothing of it: it may be a secret in the wrong place. */
export function kindOf(node: Node | undefined): string {
  if (node === undefined) return 'nothing';
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

/** Where the nesting becomes too deep. The scanner knows strings and comments, and calls nothing again and again. */
function tooDeep(text: string): number | undefined {
  const scanner = createScanner(text, true);
  let depth = 0;
  for (;;) {
    scanner.scan();
    const offset = scanner.getTokenOffset();
    if (offset >= text.length) return undefined;
    const mark = text.charAt(offset);
    if (mark === '{' || mark === '[') depth += 1;
    if (mark === '}' || mark === ']') depth -= 1;
    if (depth > maxDepth) return offset;
  }
}

function refuseTwice(file: JsonFile, node: Node): void {
  const seen = new Map<string, Node>();
  for (const { name, at } of propertiesOf(node)) {
    const first = seen.get(name);
    if (first !== undefined) {
      const line = file.line(first);
      throw file.complain(at, `${shownName(name)}: expected it once, got it again (first in line ${line})`);
    }
    seen.set(name, at);
  }
  for (const child of node.children ?? []) refuseTwice(file, child);
}

/** What the parser expected where it stopped, by its own word for it. */
const expectations: ReadonlyMap<string, string> = new Map([
  ['InvalidSymbol', 'text in double quotes'],
  ['InvalidNumberFormat', 'a number'],
  ['PropertyNameExpected', 'a name in double quotes'],
  ['ValueExpected', 'a value'],
  ['ColonExpected', 'a colon'],
  ['CommaExpected', 'a comma'],
  ['CloseBraceExpected', '}'],
  ['CloseBracketExpected', ']'],
  ['EndOfFileExpected', 'the end of the file'],
  ['UnexpectedEndOfComment', 'the end of the comment'],
  ['UnexpectedEndOfString', 'the end of the text'],
  ['UnexpectedEndOfNumber', 'a digit'],
  ['InvalidUnicode', 'four hexadecimal digits'],
  ['InvalidEscapeCharacter', 'an escape that JSON has'],
  ['InvalidCharacter', 'no control characters'],
]);

function syntaxWords(text: string, { error, offset }: ParseError): string {
  const expected = expectations.get(printParseErrorCode(error)) ?? 'JSON';
  const mark = text.charAt(offset);
  if (mark === '') return `syntax: expected ${expected}, got the end of the file`;
  // More than one mark of it might be a part of a secret.
  const got = /[\p{P}\p{S}]/u.test(mark) ? mark : 'something else';
  return `syntax: expected ${expected}, got ${got}`;
}

/**
 * JSON5 (json5.org, version 1.0.0), where every value keeps its place. JSON, and JSON with comments and trailing commas,
 * are parts of it, so one grammar reads whatever people call a config file.
 *
 * What was tried before: `jsonc-parser` knows places but not JSON5; `json5` knows no places of values; `momoa` knows both,
 * but not all of the language, and never says what it had expected. The grammar is small, and who cannot read his mistake
 * gives up (docs/adr/0009-a-json5-grammar-of-our-own.md).
 *
 * Against `json5` it differs in two kinds of names: its table of letters is older than Unicode's, and it judges each escape
 * of a pair like `\ud835\udcb3` by itself, where here the pair is one letter.
 */

/** A value, or the key of one. */
export interface JsonNode {
  readonly type: 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null' | 'property';
  /** Where it begins, in UTF-16 units. */
  readonly offset: number;
  /** Of a string, a number or a boolean; null of null. */
  readonly value?: string | number | boolean | null;
  /** The properties of an object, the values of an array, and of a property its key and its value. */
  readonly children?: readonly JsonNode[];
}

/** What is wrong with a text, and where. */
export class SyntaxFault extends Error {
  override readonly name = 'SyntaxFault';
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

/** No setting is anywhere near as deep; the parser calls itself once for each level. */
const maxDepth = 32;

/** The value in a text. SyntaxFault `what: expected x, got y`, which shows at most one mark of the text. */
export function parseJson5(text: string): JsonNode {
  const reader: Reader = { text, at: 0 };
  const value = readValue(reader, 0);
  skipBlanks(reader);
  if (reader.at < text.length) throw unexpected(reader, 'the end of the file');
  return value;
}

/** A text, and how far it has been read. */
interface Reader {
  readonly text: string;
  at: number;
}

/** JSON5 §8: the blanks of JSON and of Unicode, and where lines end. */
const blanks = /[\s\ufeff]+/y;
const lineComment = /\/\/[^\n\r\u2028\u2029]*/y;
const blockComment = /\/\*[^]*?\*\//y;
/** JSON5 §6; what must not follow is judged apart. */
const number = /[+-]?(?:0[xX][\da-fA-F]+|(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|Infinity|NaN)/y;
/** ECMAScript 5.1 §7.6, with escapes still in it. */
const identifier =
  /(?:[$_\p{ID_Start}]|\\u[\da-fA-F]{4})(?:[$\u200c\u200d\p{ID_Continue}]|\\u[\da-fA-F]{4})*/uy;
const identifierPart = /[$\\\p{ID_Continue}]/uy;
/** A part of a string in which nothing has to be looked at. */
const plainText = { '"': /[^"\\\n\r]+/y, "'": /[^'\\\n\r]+/y } as const;
const escaped = /\\(?:u([\da-fA-F]{4})|x([\da-fA-F]{2})|(\r\n|[^1-9ux])|)/y;
const words: ReadonlyMap<string, Pick<JsonNode, 'type' | 'value'>> = new Map([
  ['true', { type: 'boolean', value: true }],
  ['false', { type: 'boolean', value: false }],
  ['null', { type: 'null', value: null }],
  ['Infinity', { type: 'number', value: Infinity }],
  ['NaN', { type: 'number', value: NaN }],
]);
const escapes: ReadonlyMap<string, string> = new Map([
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ['0', '\0'],
  // A line that goes on in the next one.
  ...['\n', '\r', '\r\n', '\u2028', '\u2029'].map((end): [string, string] => [end, '']),
]);

function readValue(reader: Reader, depth: number): JsonNode {
  skipBlanks(reader);
  const { text, at: offset } = reader;
  const mark = text.charAt(offset);
  if (mark === '{' || mark === '[') {
    if (depth >= maxDepth)
      throw new SyntaxFault(offset, `nesting: expected at most ${maxDepth} levels, got more`);
    reader.at += 1;
    return mark === '{' ? readObject(reader, offset, depth + 1) : readArray(reader, offset, depth + 1);
  }
  if (mark === '"' || mark === "'") return { type: 'string', offset, value: readString(reader, mark) };
  return readNumber(reader) ?? readWord(reader);
}

function readObject(reader: Reader, offset: number, depth: number): JsonNode {
  const children: JsonNode[] = [];
  while (!ends(reader, '}', children.length)) {
    const key = readKey(reader);
    skipBlanks(reader);
    if (!takes(reader, ':')) throw unexpected(reader, 'a colon');
    const value = readValue(reader, depth);
    children.push({ type: 'property', offset: key.offset, children: [key, value] });
  }
  return { type: 'object', offset, children };
}

function readArray(reader: Reader, offset: number, depth: number): JsonNode {
  const children: JsonNode[] = [];
  while (!ends(reader, ']', children.length)) children.push(readValue(reader, depth));
  return { type: 'array', offset, children };
}

/** Whether the list ends here, after `count` elements; a comma before its end changes nothing. */
function ends(reader: Reader, end: '}' | ']', count: number): boolean {
  skipBlanks(reader);
  if (takes(reader, end)) return true;
  if (count > 0) {
    if (!takes(reader, ','))
      throw unexpected(reader, reader.at < reader.text.length ? `a comma or ${end}` : end);
    skipBlanks(reader);
    if (takes(reader, end)) return true;
  }
  if (reader.at < reader.text.length) return false;
  throw unexpected(reader, end);
}

function readKey(reader: Reader): JsonNode {
  const { text, at: offset } = reader;
  const mark = text.charAt(offset);
  if (mark === '"' || mark === "'") return { type: 'string', offset, value: readString(reader, mark) };
  const name = match(reader, identifier);
  if (name === undefined) throw unexpected(reader, /\d/.test(mark) ? 'a name in quotes' : 'a name');
  const value = name.replace(/\\u(.{4})/g, (_, digits: string) => character(digits));
  if (!/^[$_\p{ID_Start}][$\u200c\u200d\p{ID_Continue}]*$/u.test(value)) {
    throw unexpected({ text, at: offset }, 'a name in quotes');
  }
  return { type: 'string', offset, value };
}

function readString(reader: Reader, quote: '"' | "'"): string {
  const start = reader.at;
  const parts: string[] = [];
  reader.at += 1;
  for (;;) {
    const plain = match(reader, plainText[quote]);
    if (plain !== undefined) parts.push(plain);
    if (takes(reader, quote)) return parts.join('');
    if (reader.text.charAt(reader.at) !== '\\') {
      throw unexpected({ ...reader, at: start }, 'the end of the text', endAt(reader));
    }
    parts.push(readEscape(reader));
  }
}

function readEscape(reader: Reader): string {
  const { at } = reader;
  escaped.lastIndex = at;
  const [all = '', four, two, one] = escaped.exec(reader.text) ?? [];
  reader.at += all.length;
  const digits = four ?? two;
  if (digits !== undefined) return character(digits);
  if (one === undefined || (one === '0' && /\d/.test(reader.text.charAt(reader.at)))) {
    throw unexpected({ ...reader, at }, 'an escape that JSON has');
  }
  return escapes.get(one) ?? one;
}

function readNumber(reader: Reader): JsonNode | undefined {
  const { text, at: offset } = reader;
  if (!/[-+.\d]/.test(text.charAt(offset))) return undefined;
  const written = match(reader, number);
  if (written === undefined || match(reader, identifierPart) !== undefined) {
    throw unexpected({ text, at: offset }, 'a number');
  }
  const [, sign = '', digits = ''] = /^([+-]?)(.*)$/.exec(written) ?? [];
  // Number() knows each of these forms, but no sign before 0x.
  return { type: 'number', offset, value: sign === '-' ? -Number(digits) : Number(digits) };
}

function readWord(reader: Reader): JsonNode {
  const { at: offset } = reader;
  const word = words.get(match(reader, identifier) ?? '');
  if (word === undefined) throw unexpected({ ...reader, at: offset }, 'a value');
  return { offset, ...word };
}

function skipBlanks(reader: Reader): void {
  for (;;) {
    const before = reader.at;
    match(reader, blanks);
    match(reader, lineComment);
    match(reader, blockComment);
    if (reader.at > before) continue;
    if (reader.text.startsWith('/*', reader.at)) {
      throw unexpected(reader, 'the end of the comment', 'the end of the file');
    }
    return;
  }
}

function takes(reader: Reader, mark: string): boolean {
  const there = reader.text.startsWith(mark, reader.at);
  if (there) reader.at += mark.length;
  return there;
}

/** What the pattern finds right here. */
function match(reader: Reader, pattern: RegExp): string | undefined {
  pattern.lastIndex = reader.at;
  const found = pattern.exec(reader.text)?.[0];
  reader.at += found?.length ?? 0;
  return found;
}

function character(digits: string): string {
  return String.fromCharCode(Number.parseInt(digits, 16));
}

/** Where a text that is told of by its beginning broke off. */
function endAt({ text, at }: Reader): string {
  return at < text.length ? 'the end of the line' : 'the end of the file';
}

function unexpected({ text, at }: Reader, expected: string, got = shownAt(text, at)): SyntaxFault {
  return new SyntaxFault(at, `syntax: expected ${expected}, got ${got}`);
}

function shownAt(text: string, at: number): string {
  const mark = text.charAt(at);
  if (mark === '') return 'the end of the file';
  // More than one mark of it might be a part of a secret.
  return /[\p{P}\p{S}]/u.test(mark) ? mark : 'something else';
}

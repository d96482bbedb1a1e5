import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JsonNode, parseJson5, SyntaxFault } from '../../shared/config/json5.js';

/** What a node stands for; objects as lists, so that no name is special. */
function plain({ type, value, children = [] }: JsonNode): unknown {
  if (type === 'object') return new Map(children.map(({ children: [key, of] = [] }) => pair(key, of)));
  return type === 'array' ? children.map(plain) : value;
}

function pair(key: JsonNode | undefined, value: JsonNode | undefined): [unknown, unknown] {
  if (key === undefined || value === undefined) throw new Error('expected a key and a value');
  return [key.value, plain(value)];
}

/** What JSON5 is made of, and a little else. */
const marks = Array.from('{}[]"\',:\\/*x1.-+e\n NaN');

const read = (text: string): unknown => plain(parseJson5(text));

/** Where the text is wrong, and why. */
function fault(text: string): string {
  try {
    parseJson5(text);
  } catch (error) {
    if (error instanceof SyntaxFault) return `${error.offset} ${error.message}`;
    throw error;
  }
  return 'accepted';
}

describe('JSON5', () => {
  it.each([
    ['{ a: 1, $b_2: 2, ünï: 3, null: 4, NaN: 5, "q": 6, \'s\': 7 }', 'a $b_2 ünï null NaN q s'],
    ['{ \\u0061b: 1, c\\u{64}: 2 }', undefined],
    ['{ \\u0061b: 1, __proto__: 2, constructor: 3 }', 'ab __proto__ constructor'],
  ])('has names with and without quotes: %s', (text, names) => {
    if (names === undefined) expect(fault(text)).toContain('expected ');
    else expect(Array.from((read(text) as Map<string, unknown>).keys()).join(' ')).toBe(names);
  });

  it.each([
    ["'it\\'s \"so\"'", 'it\'s "so"'],
    ['"it\'s \\"so\\""', 'it\'s "so"'],
    ["'one \\\ntwo \\\r\nthree \\\u2028four'", 'one two three four'],
    ["'\\b\\f\\n\\r\\t\\v\\0\\x41\\u00e4\\z\\/\\U'", '\b\f\n\r\t\v\0Aäz/U'],
    ["'\\ud83d\\ude00😀\u2028\t'", '😀😀\u2028\t'],
    ["''", ''],
  ])('has texts: %s', (text, value) => {
    expect(read(text)).toBe(value);
  });

  it.each([
    ['0x1F', 31],
    ['-0XaB', -171],
    ['+1', 1],
    ['.5', 0.5],
    ['-.5', -0.5],
    ['5.', 5],
    ['1e3', 1000],
    ['.5E-1', 0.05],
    ['-0', -0],
    ['0', 0],
    ['Infinity', Infinity],
    ['-Infinity', -Infinity],
    ['+NaN', NaN],
    ['NaN', NaN],
  ])('has numbers: %s', (text, value) => {
    expect(read(text)).toBe(value);
  });

  it('has comments, trailing commas, and the blanks of all writing', () => {
    expect(read('\ufeff/**/{\u00a0a: [1, // one\u2028 2,\v],\f/* * / */}\u3000//')).toEqual(
      new Map([['a', [1, 2]]]),
    );
  });

  it.each([
    ['', '0 syntax: expected a value, got the end of the file'],
    ['{', '1 syntax: expected }, got the end of the file'],
    ['{a:1', '4 syntax: expected }, got the end of the file'],
    ['{a:1,', '5 syntax: expected }, got the end of the file'],
    ['[1,[2]', '6 syntax: expected ], got the end of the file'],
    ['{a:', '3 syntax: expected a value, got the end of the file'],
    ['{a', '2 syntax: expected a colon, got the end of the file'],
    ['{a 1}', '3 syntax: expected a colon, got something else'],
    ['{a:1 b:2}', '5 syntax: expected a comma or }, got something else'],
    ['[1 2]', '3 syntax: expected a comma or ], got something else'],
    ['[1}', '2 syntax: expected a comma or ], got }'],
    ['[,]', '1 syntax: expected a value, got ,'],
    ['{,}', '1 syntax: expected a name, got ,'],
    ['{a:1,,}', '5 syntax: expected a name, got ,'],
    ['{1a:2}', '1 syntax: expected a name in quotes, got something else'],
    ['{a-b:2}', '2 syntax: expected a colon, got -'],
    ['{\\u0031a:2}', '1 syntax: expected a name in quotes, got \\'],
    ['tru', '0 syntax: expected a value, got something else'],
    ['infinity', '0 syntax: expected a value, got something else'],
    ['`x`', '0 syntax: expected a value, got `'],
    ['1 2', '2 syntax: expected the end of the file, got something else'],
    ['# x', '0 syntax: expected a value, got #'],
    ['/* x', '0 syntax: expected the end of the comment, got the end of the file'],
    ['"x', '0 syntax: expected the end of the text, got the end of the file'],
    ['["x\ny"]', '1 syntax: expected the end of the text, got the end of the line'],
    ['"\\', '1 syntax: expected an escape that JSON has, got \\'],
    ['"\\u12"', '1 syntax: expected an escape that JSON has, got \\'],
    ['"\\x1g"', '1 syntax: expected an escape that JSON has, got \\'],
    ['"\\1"', '1 syntax: expected an escape that JSON has, got \\'],
    ['"\\01"', '1 syntax: expected an escape that JSON has, got \\'],
    ...['08', '00', '0x', '1e', '1_000', '-', '- 1', '+a', '.', '1px', '0xg', '--1'].map(
      (text): [string, string] => [
        text,
        `0 syntax: expected a number, got ${/[-+.]/.test(text.charAt(0)) ? text.charAt(0) : 'something else'}`,
      ],
    ),
  ])('refuses %j with what it expected', (text, words) => {
    expect(fault(text)).toBe(words);
  });

  it('takes 32 levels, and never more', () => {
    expect(fault('['.repeat(32) + ']'.repeat(32))).toBe('accepted');
    expect(fault('{a:'.repeat(33))).toBe('96 nesting: expected at most 32 levels, got more');
  });

  it('says where each value begins', () => {
    const root = parseJson5(' { a: [1, "x"], "b": null }');
    const [a, b] = root.children ?? [];
    expect([root, a, ...(a?.children ?? []), ...(a?.children?.[1]?.children ?? []), b]).toMatchObject(
      [1, 3, 3, 6, 7, 10, 16].map((offset) => ({ offset })),
    );
  });

  it('reads what JSON.parse reads, as it does', () => {
    const settings = { maxDepth: 5, noUnicodeString: false } as const;
    fc.assert(
      fc.property(fc.jsonValue(settings), fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        expect(read(text)).toEqual(mapped(JSON.parse(text)));
      }),
    );
  });

  it('refuses or reads whatever there is, and takes no text for JSON that is cut off', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...marks) }), (text) => {
        expect(fault(text)).toMatch(/^(?:accepted|\d+ [a-z]+: expected [^\n]+)$/);
      }),
      { numRuns: 3000 },
    );
    const whole = '{"a": ["b", 1, {c: true}], d: \'e\'}';
    for (let end = 0; end < whole.length; end++) expect(fault(whole.slice(0, end))).not.toBe('accepted');
  });
});

/** Objects as maps, as `plain` shows them. */
function mapped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mapped);
  if (typeof value !== 'object' || value === null) return value;
  return new Map(Object.entries(value).map(([key, of]) => [key, mapped(of)]));
}

import { describe, expect, it } from 'vitest';
import { parseJsonFile, propertiesOf } from '../../shared/config/file-text.js';
import { ConfigError } from '../../shared/errors.js';

const read = (text: string | Uint8Array) =>
  parseJsonFile('x.json', typeof text === 'string' ? Buffer.from(text) : text);

function refusal(text: string | Uint8Array): string {
  try {
    read(text);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'accepted';
}

describe('the text of a config file', () => {
  it('may have comments, trailing commas, and all of JSON5', () => {
    const { root } = read("// first\n{ a: 0x1, /* second */ 'b': [2,], \"c\": 'd\\\ne', }\n");
    expect(propertiesOf(root).map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });

  it.each([
    ['', '1:1 syntax: expected a value, got the end of the file'],
    [' // only words\n', '2:1 syntax: expected a value, got the end of the file'],
    ['[]', '1:1 settings: expected an object, got an array'],
    ['null', '1:1 settings: expected an object, got null'],
    ['"key"', '1:1 settings: expected an object, got a string'],
    ['{}', '1:1 settings: expected at least one, got none'],
    ['{"a":1', '1:7 syntax: expected }, got the end of the file'],
    ['{"a":}', '1:6 syntax: expected a value, got }'],
    ['{"a" 1}', '1:6 syntax: expected a colon, got something else'],
    ['{"a":1 "b":2}', '1:8 syntax: expected a comma or }, got "'],
    ['{a-b:1}', '1:3 syntax: expected a colon, got -'],
    ['{"a":"x\n"}', '1:6 syntax: expected the end of the text, got the end of the line'],
    ['{"a":1}}', '1:8 syntax: expected the end of the file, got }'],
    ['/* for ever', '1:1 syntax: expected the end of the comment, got the end of the file'],
    ['{"listen": ":1', '1:12 syntax: expected the end of the text, got the end of the file'],
    ['{"a":1}\0', '1:8 text: expected JSON, got a NUL character'],
    ['\ufeff{"a":1}', '1:1 text: expected JSON, got a byte order mark: save it as UTF-8 without one'],
    [Buffer.from('\ufeff{"a":1}', 'utf16le'), '1:1 text: expected UTF-8, got UTF-16'],
    [Buffer.from('{"a":"\xe9"}', 'latin1'), '1:1 text: expected UTF-8, got other bytes'],
  ])('%j is refused with its place', (text, words) => {
    expect(refusal(text)).toBe(`x.json:${words}`);
  });

  it.each(['\n', '\r\n', '\r'])('has lines that end in %j', (end) => {
    expect(refusal(`{${end}  "ä😀": ]${end}}`)).toContain('x.json:2:9 ');
  });

  it('refuses a key that comes twice, in an inner object too', () => {
    expect(refusal('{"a":1,\n"b":2,\n "a":3}')).toBe(
      'x.json:3:2 "a": expected it once, got it again (first in line 1)',
    );
    expect(refusal('{"a":[{"b":1,"b":2}]}')).toContain('"b": expected it once');
    expect(refusal('{"__proto__":1,"__proto__":2}')).toContain('"__proto__": expected it once');
  });

  it('shows no key that may be a secret', () => {
    expect(refusal('{"c2VjcmV0+/=":1,"c2VjcmV0+/=":2}')).toContain('another text: expected it once');
  });

  it('refuses an abyss at once, and takes 32 levels', () => {
    const deep = (levels: number): string => '{"a":' + '['.repeat(levels - 1) + ']'.repeat(levels - 1) + '}';
    expect(refusal(deep(32))).toBe('accepted');
    expect(refusal(deep(33))).toBe('x.json:1:37 nesting: expected at most 32 levels, got more');
    expect(refusal('['.repeat(100_000))).toBe('x.json:1:33 nesting: expected at most 32 levels, got more');
    expect(refusal('{"a":'.repeat(100_000))).toContain('nesting: ');
    expect(refusal(`{"a":"${'['.repeat(99)}"} // ${'['.repeat(99)}`)).toBe('accepted');
  });

  it('reads a hundred thousand keys', () => {
    const keys = Array.from({ length: 100_000 }, (_, index) => `"k${index}":0`);
    expect(propertiesOf(read(`{${keys.join(',\n')}}`).root)).toHaveLength(100_000);
  });
});

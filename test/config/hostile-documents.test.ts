/** Documents of a stranger that keep whoever reads them busy: none of these ended within minutes once. */
import { expect, it } from 'vitest';
import { readClassic } from '../../shared/config/classic.js';
import { readOurs } from '../../shared/config/file.js';
import { parseJsonFile } from '../../shared/config/file-text.js';
import { parseSubscription } from '../../shared/config/sip008.js';
import { ConfigError } from '../../shared/errors.js';

const size = 1024 * 1024;

/** A document of 1 MiB, most of it one part again and again. */
function filled(start: string, part: (index: number) => string, end: string): Buffer {
  const parts = [start];
  for (let left = size - start.length - end.length, index = 0; ; index += 1) {
    const next = part(index);
    left -= next.length;
    if (left < 0) break;
    parts.push(next);
  }
  return Buffer.from(parts.join('') + end);
}

/** What is said of it, all lines. */
function words(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [error.message, ...error.others.map(({ message }) => message)];
  }
  return [];
}

const parse = (bytes: Buffer) => parseJsonFile('x.json', bytes);
const server =
  '{"server":"h","server_port":8388,"method":"aes-256-gcm","password":"a long one, not to be guessed"';

it.each([
  [
    'one key again and again on one line',
    () => filled('{', () => 'a:1,', '}'),
    'x.json:1:6 "a": expected it once',
  ],
  ['one key in every line', () => filled('{', () => 'a:1,\n', '}'), 'x.json:2:1 "a": expected it once'],
  [
    'keys twice in many objects',
    () => filled('{', (index) => `k${index}:{a:1,a:2},`, '}'),
    '"a": expected it once',
  ],
  ['keys that nobody knows on one line', () => filled('{', (index) => `k${index}:1,`, '}'), 'got "k0"'],
  ['keys that nobody knows in many lines', () => filled('{', (index) => `k${index}:1,\n`, '}'), 'got "k0"'],
  [
    'bad entries in a list',
    () => filled('{auth:[', () => '"a",', ']}'),
    'auth: expected USER:PASS, got no colon',
  ],
  [
    'bad objects in a list',
    () => filled('{servers:[', () => '{x:1},', ']}'),
    'servers[0]: expected uri, got none',
  ],
  [
    'bad fields in an object',
    () => filled('{servers:[{', (index) => `x${index}:1,`, '}]}'),
    'expected uri, got none',
  ],
  [
    'bad servers in a classic file',
    () => filled('{local_port:1,servers:[', () => '{server:"h",server_port:8388},', ']}'),
    'method',
  ],
])(
  'a config file with %s is refused with twenty lines, the last of which says that there are more',
  (_what, document, first) => {
    const bytes = document();
    const said = words(() => {
      const file = parse(bytes);
      return bytes.includes('local_port') ? readClassic(file, 'local', {}) : readOurs(file, 'local');
    });
    expect(said[0]).toContain(first);
    expect(said).toHaveLength(20);
    expect(said[19]).toMatch(/ \(and there are more\)$/);
  },
);

it('a classic file with hosts and ports that make billions of pairs is refused', () => {
  const hosts = '"h",'.repeat(100_000);
  const ports = '1,'.repeat(100_000);
  const text = `{method:"aes-256-gcm",password:"x",server:[${hosts}],server_port:[${ports}]}`;
  for (const half of ['local', 'remote'] as const) {
    expect(words(() => readClassic(parse(Buffer.from(text)), half, {}))).toEqual([
      expect.stringContaining('server: expected at most 65536 addresses, hosts times ports, got more'),
    ]);
  }
});

it('a classic file with keys that nobody knows is read with twenty warnings and one that says so', () => {
  const file = parse(filled(`${server},`, (index) => `"none ${index}":1,`, '}'));
  const { warnings } = readClassic(file, 'local', {});
  expect(warnings).toHaveLength(21);
  expect(warnings[0]).toContain('not supported, and ignored');
  expect(warnings[20]).toBe('x.json: more of it is ignored');
});

it.each([
  ['one key again and again', () => filled('{', () => 'a:1,', '}'), 20],
  ['other keys', () => filled('{version:1,servers:[{', (index) => `k${index}:1,`, '}]}'), 1],
  [
    'bad servers behind a long text',
    () => Buffer.from(`{x:"${'a'.repeat(900_000)}",version:1,servers:[${'{server_port:0},'.repeat(256)}]}`),
    1,
  ],
])('a list of servers with %s is refused', (_what, document, lines) => {
  expect(words(() => parseSubscription(document()))).toHaveLength(lines);
});

it('a list with one good server and many bad ones behind a long text is used', () => {
  const bad = '{"server_port":0},'.repeat(255);
  const text = `{"x":"${'a'.repeat(900_000)}","version":1,"servers":[${bad}${server}}]}`;
  const { servers, warnings } = parseSubscription(Buffer.from(text));
  expect(servers).toHaveLength(1);
  expect(warnings).toHaveLength(255);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalIp } from '../../shared/codec/ip.js';
import { environmentProxy } from '../../shared/config/proxy-environment.js';
import { type Hop, parseHop } from '../../shared/config/proxy-uri.js';
import { ConfigError } from '../../shared/errors.js';
import { fuzzRuns } from '../support/fuzz.js';

const scheme = fc.constantFrom(
  'socks4',
  'socks4a',
  'socks5',
  'socks5h',
  'socks',
  'http',
  'https',
  'HTTP',
  'ftp',
);
const start = fc.constantFrom('://', '://', '://', ':', ':/', ':\\\\');
const piece = fc.oneof(
  fc.constantFrom('joe', 'p%40w', '', 'a.b', '%', '/', '\\', '@', ':', '?', '#', '[', ']'),
  fc.string({ maxLength: 9 }),
);
const login = fc.oneof(
  fc.constant(''),
  fc.tuple(piece, piece).map(([user, password]) => `${user}:${password}@`),
  piece.map((user) => `${user}@`),
);
const host = fc.oneof(
  fc.domain(),
  fc.ipV4(),
  fc.ipV6().map((ip) => `[${ip}]`),
  fc.constantFrom('h', 'H.', '127.1', '0x7f.1', '::1', '[::1', '[::ffff:1.2.3.4]', ''),
);
const port = fc.oneof(
  fc.integer({ min: -1, max: 65_537 }).map((number) => `:${number}`),
  fc.constantFrom('', ':', ':x', ':080'),
);
const query = fc.constantFrom(
  '',
  '/',
  '?',
  '?dns=local',
  '/?rdns=0&timeout=5s',
  '?x',
  '/x',
  '#',
  '?timeout=',
);
const proxy = fc.tuple(scheme, start, login, host, port, query).map((parts) => parts.join(''));
const anything = fc.oneof(fc.string({ maxLength: 60 }), fc.string({ unit: 'binary', maxLength: 60 }));

function read(text: string): Hop | undefined {
  try {
    return parseHop(text);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).message).toMatch(/^URI: [^\n]*$/);
    return undefined;
  }
}

test('a proxy is where every other reader of URLs finds it, or refused in one line', () => {
  let good = 0;
  fc.assert(
    fc.property(fc.oneof({ weight: 6, arbitrary: proxy }, anything), (text) => {
      const hop = read(text);
      if (hop === undefined || !('at' in hop)) return;
      good += 1;
      // Of http, URL reads hosts as browsers do, elsewhere as they are.
      const { hostname, port: written, username, password } = new URL(text);
      const there = canonicalIp(hostname.replace(/^\[|\]$/g, '').toLowerCase());
      expect(canonicalIp(hop.at.host.toLowerCase())).toBe(there);
      if (written !== '') expect(hop.at.port).toBe(Number(written));
      const user = hop.kind === 'socks4' ? hop.user : (hop.credential?.user ?? '');
      expect(user).toBe(decodeURIComponent(username));
      if (hop.kind !== 'socks4') {
        expect(hop.credential?.password ?? '').toBe(decodeURIComponent(password));
      }
    }),
    { numRuns: fuzzRuns(5000) },
  );
  expect(good).toBeGreaterThan(100);
});

test('any list of exceptions is understood or passed over, and any target has one way', () => {
  const entry = fc.oneof(
    piece,
    host,
    fc.tuple(host, port).map((parts) => parts.join('')),
    fc.constantFrom('*', '10.0.0.0/8', '/'),
  );
  const list = fc.array(entry, { maxLength: 5 }).map((entries) => entries.join(','));
  const target = fc.record({
    host: fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()),
    port: fc.nat({ max: 65_535 }),
  });
  fc.assert(
    fc.property(list, target, (exceptions, there) => {
      const way = environmentProxy({ all_proxy: 'a:1', no_proxy: exceptions })(there);
      expect(['http://a:1', 'direct:']).toContain(way);
      const also = environmentProxy({ all_proxy: 'a:1', no_proxy: `${exceptions},${there.host}` })(there);
      expect(also).toBe('direct:');
    }),
    { numRuns: fuzzRuns(3000) },
  );
});

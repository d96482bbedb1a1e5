import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatTarget } from '../../shared/codec/address.js';
import { parseTarget } from '../../shared/config/target.js';
import { messageOf } from '../support/config.js';

it.each([
  ['example.com:443', 'example.com', 443],
  ['Example.COM.:443', 'Example.COM.', 443],
  ['xn--mnchen-3ya.de:1', 'xn--mnchen-3ya.de', 1],
  ['192.0.2.1:65535', '192.0.2.1', 65_535],
  ['[::1]:80', '::1', 80],
  ['[0:0:0:0:0:0:0:1]:80', '::1', 80],
  ['[::ffff:192.0.2.1]:80', '192.0.2.1', 80],
  [{ host: 'example.com', port: 443 }, 'example.com', 443],
  [{ host: 'example.com', port: '443' }, 'example.com', 443],
  [{ host: '::1', port: 80 }, '::1', 80],
  [{ host: '[::1]', port: 80 }, '::1', 80],
  [{ host: '2001:DB8::0', port: 80 }, '2001:db8::', 80],
])('%j', (choice, host, port) => {
  expect(parseTarget(choice, 'target')).toEqual({ host, port });
});

const shape = 'expected HOST:PORT or [IPv6]:PORT, got something else';
const port = 'expected a port from 1 to 65535, got another';
const brackets = 'expected an IPv6 address in the brackets, got something else';

it.each([
  ['', shape],
  ['example.com', shape],
  ['443', shape],
  ['::1', shape],
  ['::1:80', shape],
  ['http://example.com', 'expected HOST:PORT or [IPv6]:PORT, got a URL'],
  ['http://example.com:80/', 'expected HOST:PORT or [IPv6]:PORT, got a URL'],
  ['a:b:1', shape],
  [':443', 'expected a name of 1 to 253 bytes, got 0'],
  ['example.com:', port],
  ['example.com:0', port],
  ['example.com:65536', port],
  ['example.com:http', port],
  ['example.com:80 ', port],
  ['example.com:+80', port],
  ['example.com:0x50', port],
  ['user@example.com:80', 'expected letters, digits, - and _, got another character'],
  ['münchen.de:80', 'expected letters, digits, - and _, got another character'],
  ['a b:80', 'expected letters, digits, - and _, got another character'],
  ['a..b:80', 'expected labels of 1 to 63 bytes, got 0'],
  ['0x7f.1:80', 'expected a name or an IP address, got a number in its last label'],
  ['[::1%lo]:80', 'expected an IPv6 address without a zone, got one with a zone'],
  ['[example.com]:80', brackets],
  ['[192.0.2.1]:80', brackets],
  ['[]:80', brackets],
  [{ host: '', port: 80 }, 'expected a name of 1 to 253 bytes, got 0'],
  [{ host: 'example.com:80', port: 80 }, 'expected letters, digits, - and _, got another character'],
  [{ host: '[example.com]', port: 80 }, brackets],
  [{ host: 'fe80::1%eth0', port: 80 }, 'expected an IPv6 address without a zone, got one with a zone'],
  [{ host: 'a\0b', port: 80 }, 'expected letters, digits, - and _, got another character'],
  [{ host: 'a', port: 0 }, port],
  [{ host: 'a', port: -1 }, port],
  [{ host: 'a', port: 1.5 }, port],
  [{ host: 'a', port: 65_536 }, port],
  [{ host: 'a', port: Number.NaN }, port],
  [{ host: 'a', port: '' }, port],
])('%j is none', (choice, message) => {
  expect(messageOf(() => parseTarget(choice, 'target'))).toBe(`ConfigError: target: ${message}`);
});

it.each([[undefined], [null], [443], [{}], [{ port: 80 }], [{ host: 'a' }], [{ host: 'a', port: null }]])(
  'a caller without types says %j',
  (choice) => {
    expect(messageOf(() => Reflect.apply(parseTarget, undefined, [choice, 'target']))).toBe(
      'ConfigError: target: expected HOST:PORT as text, or host and port, got something else',
    );
  },
);

it('port 0 stands for any where that is asked for', () => {
  expect(parseTarget('0.0.0.0:0', 'from', { lowestPort: 0 })).toEqual({ host: '0.0.0.0', port: 0 });
  expect(messageOf(() => parseTarget('a:65536', 'from', { lowestPort: 0 }))).toBe(
    'ConfigError: from: expected a port from 0 to 65535, got another',
  );
});

it('reads back what it is written as', () => {
  const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
  fc.assert(
    fc.property(host, fc.integer({ min: 1, max: 65_535 }), (name, number) => {
      const target = parseTarget({ host: name, port: number }, 'target');
      expect(parseTarget(formatTarget(target), 'target')).toEqual(target);
    }),
  );
});

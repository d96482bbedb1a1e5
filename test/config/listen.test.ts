import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatListen, isLoopback, isWildcard, parseListen } from '../../shared/config/listen.js';
import { ConfigError } from '../../shared/errors.js';

describe('a listen address', () => {
  it.each([
    ['127.0.0.1:1080', '127.0.0.1', 1080],
    ['[::1]:1080', '::1', 1080],
    ['localhost:0', 'localhost', 0],
    ['vpn.example.com:65535', 'vpn.example.com', 65_535],
    [':8388', '', 8388],
    ['8388', '', 8388],
  ])('%s is read', (text, host, port) => {
    expect(parseListen(text)).toEqual({ host, port });
  });

  it('that is a port alone keeps the default host, and one with a colon in front means all addresses', () => {
    expect(parseListen('1081', '127.0.0.1')).toEqual({ host: '127.0.0.1', port: 1081 });
    expect(parseListen(':1081', '127.0.0.1')).toEqual({ host: '', port: 1081 });
  });

  it.each([
    ['', 'expected HOST:PORT'],
    ['example.com', 'expected HOST:PORT'],
    ['::1:1080', 'expected HOST:PORT'],
    ['[::1]', 'expected HOST:PORT'],
    ['[::1:1080', 'expected HOST:PORT'],
    ['127.0.0.1:', 'expected a port from 0 to 65535, got ""'],
    ['127.0.0.1:abc', 'expected a port from 0 to 65535, got "abc"'],
    ['127.0.0.1:65536', 'expected a port from 0 to 65535, got "65536"'],
    ['127.0.0.1:-1', 'expected a port from 0 to 65535'],
    ['127.0.0.1:1e3', 'expected a port from 0 to 65535'],
    ['65536', 'expected HOST:PORT'],
    ['127.1:80', 'expected a name or an IP address'],
    ['a b:80', 'expected letters'],
    ['[]:80', 'expected an IPv6 address in the brackets'],
    ['[127.0.0.1]:80', 'expected an IPv6 address in the brackets'],
    ['x'.repeat(100_000), 'got 100000 characters'],
  ])('%j is refused', (text, message) => {
    expect(() => parseListen(text)).toThrow(ConfigError);
    expect(() => parseListen(text)).toThrow(message);
  });

  it('is read back from what is written', () => {
    const host = fc.oneof(fc.constant(''), fc.domain(), fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(host, fc.integer({ min: 0, max: 65_535 }), (name, port) => {
        expect(parseListen(formatListen({ host: name, port }))).toEqual({ host: name, port });
      }),
    );
  });
});

describe('who can reach it', () => {
  it.each([
    '127.0.0.1',
    '127.255.255.255',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
    'localhost',
    'LOCALHOST',
  ])('%s is this machine alone', (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  it.each([
    '',
    '0.0.0.0',
    '::',
    '128.0.0.1',
    '192.168.1.1',
    '::2',
    '::ffff:10.0.0.1',
    'localhost.example.com',
  ])('%j is others too', (host) => {
    expect(isLoopback(host)).toBe(false);
  });

  it('is everybody when it is a wildcard', () => {
    expect(['', '0.0.0.0', '::', '0:0:0:0:0:0:0:0'].map(isWildcard)).toEqual([true, true, true, true]);
    expect(['127.0.0.1', '::1', 'localhost'].map(isWildcard)).toEqual([false, false, false]);
  });
});

import { describe, expect, it } from 'vitest';
import { readAbsolute, readAuthority, readRequestLine } from '../../shared/proxy/http-target.js';

describe('the target of a CONNECT', () => {
  it.each([
    ['example.com:443', { host: 'example.com', port: 443 }],
    ['example.com.:80', { host: 'example.com.', port: 80 }],
    ['EXAMPLE.com:1', { host: 'EXAMPLE.com', port: 1 }],
    ['192.0.2.1:65535', { host: '192.0.2.1', port: 65535 }],
    ['[::1]:443', { host: '::1', port: 443 }],
    ['[2001:DB8:0:0:0:0:0:1]:443', { host: '2001:db8::1', port: 443 }],
    ['[::ffff:7f00:1]:443', { host: '127.0.0.1', port: 443 }],
  ])('is %s', (text, target) => {
    expect(readAuthority(text)).toEqual(target);
  });

  it.each([
    'example.com',
    'example.com:',
    'example.com:0',
    'example.com:65536',
    'example.com:99999',
    'example.com:000080',
    'example.com:0x50',
    'example.com:+80',
    'example.com:80 ',
    'example.com: 80',
    'example.com:80:80',
    'user@example.com:443',
    'user:password@example.com:443',
    'http://example.com:443',
    'http://example.com:443/',
    'example.com:443/',
    '/example.com:443',
    ':443',
    '',
    '*',
    '[]:443',
    '[example.com]:443',
    '[127.0.0.1]:443',
    '[::1:443',
    '::1:443',
    '[fe80::1%25eth0]:443',
    '[v1.a:b]:443',
    '2130706433:80',
    '127.1:80',
    '0x7f000001:80',
    '0177.0.0.1:80',
    '256.0.0.1:80',
    'ex ample.com:80',
    'ex%61mple.com:80',
    'ex\u00e4mple.com:80',
    'example.com\u0000.net:80',
    '<img>:80',
    'a..b:80',
    `${'a'.repeat(64)}.com:80`,
  ])('is never %j, and what is said of it repeats none of it', (text) => {
    const read = readAuthority(text);
    expect(read).toHaveProperty('complaint', expect.stringMatching(/^[\w ]+: expected .+$/));
    expect(JSON.stringify(read)).not.toMatch(/example|password|img|::|0x/);
  });
});

describe('the target of a request in absolute form', () => {
  it.each([
    ['http://example.com/', 'example.com', 80, 'example.com', '/'],
    ['http://example.com', 'example.com', 80, 'example.com', ''],
    ['HTTP://Example.COM:8080/a', 'Example.COM', 8080, 'Example.COM:8080', '/a'],
    ['http://example.com:/a', 'example.com', 80, 'example.com:', '/a'],
    ['http://example.com?q=/:@', 'example.com', 80, 'example.com', '?q=/:@'],
    ['http://[::1]:81/a/../b/%2e%2E//c?d=%zz', '::1', 81, '[::1]:81', '/a/../b/%2e%2E//c?d=%zz'],
    ['http://192.0.2.1/a@b:c', '192.0.2.1', 80, '192.0.2.1', '/a@b:c'],
    ['http://example.com/caf\u00e9', 'example.com', 80, 'example.com', '/caf\u00e9'],
  ])('%s is taken apart and left as it is', (text, host, port, authority, path) => {
    expect(readAbsolute(text)).toEqual({ target: { host, port }, authority, path });
  });

  it.each([
    ['https://example.com/', /scheme: .* use CONNECT/],
    ['ftp://example.com/', /scheme: /],
    ['ws://example.com/', /scheme: /],
    ['http://user@example.com/', /a user/],
    ['http://user:password@example.com/', /a user/],
    ['http://@example.com/', /a user/],
    ['http:///path', /domain: /],
    ['http://', /domain: /],
    ['http://:80/', /domain: /],
    ['http:/example.com/', /URI: /],
    ['http:example.com', /URI: /],
    ['example.com:80', /URI: /],
    ['//example.com/', /URI: /],
    ['/path', /URI: /],
    ['http://example.com/#fragment', /fragment/],
    ['http://example.com#fragment', /fragment/],
    ['http://127.1/', /domain: /],
    ['http://0x7f.1/', /domain: /],
    ['http://exa\\mple.com/', /domain: /],
    ['http://example.com:0/', /port: /],
    ['http://example.com:65536/', /port: /],
    ['http://example.com:80x/', /target: /],
  ])('%s is none', (text, complaint) => {
    expect(readAbsolute(text)).toHaveProperty('complaint', expect.stringMatching(complaint));
  });
});

describe('the first line of a request', () => {
  const read = (text: string): unknown => readRequestLine(Buffer.from(text, 'latin1'));

  it('names method and target', () => {
    expect(read('CONNECT example.com:443 HTTP/1.1\r\n')).toEqual({
      method: 'CONNECT',
      target: { host: 'example.com', port: 443 },
    });
    expect(read('M-SEARCH http://example.com/ HTTP/1.0\r\n')).toEqual({
      method: 'M-SEARCH',
      target: { host: 'example.com', port: 80 },
    });
  });

  it.each([
    'GET /proxy.pac HTTP/1.1\r\n',
    'CONNECT http://example.com/ HTTP/1.1\r\n',
    'GET example.com:443 HTTP/1.1\r\n',
    'GET http://example.com/ HTTP/1.1\n',
    'GET http://example.com/ HTTP/1.1',
    'GET http://example.com/ HTTP/2.0\r\n',
    'GET  http://example.com/ HTTP/1.1\r\n',
    'get http://example.com/ HTTP/1.1\r\n',
    'GET http://example.com/\r\n',
    '\r\n',
  ])('%j is for nobody else', (line) => {
    expect(read(line)).toBeUndefined();
  });
});

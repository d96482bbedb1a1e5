import { describe, expect, it } from 'vitest';
import { environmentProxy, type ProxiedTarget } from '../../shared/config/proxy-environment.js';
import { parseHop } from '../../shared/config/proxy-uri.js';
import { proxyVariables } from '../../shared/config/proxy-variables.js';

const web: ProxiedTarget = { host: 'example.com', port: 80, protocol: 'http:' };
const secure: ProxiedTarget = { host: 'example.com', port: 443, protocol: 'https:' };
const other: ProxiedTarget = { host: 'example.com', port: 5432 };

describe('the proxy of the environment', () => {
  const all = { http_proxy: 'http://w:1', https_proxy: 'http://s:2', all_proxy: 'socks5://a:3' };

  it.each([
    ['http goes by http_proxy', web, all, 'http://w:1'],
    ['https goes by https_proxy', secure, all, 'http://s:2'],
    ['all else goes by all_proxy', other, all, 'socks5://a:3'],
    [
      'http goes by all_proxy where there is no http_proxy',
      web,
      { all_proxy: 'socks5://a:3' },
      'socks5://a:3',
    ],
    ['https goes by all_proxy as well', secure, { ALL_PROXY: 'socks5://a:3' }, 'socks5://a:3'],
    [
      'all else goes by https_proxy where there is no all_proxy',
      other,
      { https_proxy: 'http://s:2' },
      'http://s:2',
    ],
    ['nothing but http goes by http_proxy', secure, { http_proxy: 'http://w:1' }, 'direct:'],
    ['no, not even what nobody named', other, { http_proxy: 'http://w:1' }, 'direct:'],
    ['http does not go by https_proxy', web, { https_proxy: 'http://s:2' }, 'direct:'],
    ['there is none', web, {}, 'direct:'],
    ['capitals count', web, { HTTP_PROXY: 'http://w:1' }, 'http://w:1'],
    ['small letters count more', web, { http_proxy: 'http://w:1', HTTP_PROXY: 'http://x:2' }, 'http://w:1'],
    ['an empty one is none', web, { http_proxy: '', HTTP_PROXY: ' ', all_proxy: 'http://a:3' }, 'http://a:3'],
    ['blanks around it are no part of it', web, { http_proxy: ' http://w:1\n' }, 'http://w:1'],
    ['without a scheme it is HTTP', secure, { https_proxy: 'joe:pw@s:2' }, 'http://joe:pw@s:2'],
    ['it may be direct', secure, { https_proxy: 'direct:', all_proxy: 'http://a:3' }, 'direct:'],
    ['it may be direct, in capitals', secure, { https_proxy: 'DIRECT:' }, 'DIRECT:'],
    [
      'a header named Proxy is none (CVE-2016-5385)',
      web,
      { REQUEST_METHOD: 'GET', HTTP_PROXY: 'http://evil:1' },
      'direct:',
    ],
    [
      'a CGI program has http_proxy still',
      web,
      { REQUEST_METHOD: '', HTTP_PROXY: 'http://evil:1', http_proxy: 'http://w:1' },
      'http://w:1',
    ],
    ['HTTPS_PROXY is no header', secure, { REQUEST_METHOD: 'GET', HTTPS_PROXY: 'http://s:2' }, 'http://s:2'],
  ])('%s', (_what, target, variables, proxy) => {
    expect(environmentProxy(variables)(target)).toBe(proxy);
  });

  it('is read once: what changes later does not count', () => {
    const variables: Record<string, string> = { all_proxy: 'http://a:1' };
    const proxy = environmentProxy(variables);
    variables['all_proxy'] = 'http://b:2';
    variables['no_proxy'] = '*';
    expect(proxy(web)).toBe('http://a:1');
  });

  it('is the one that `halflight env` names', () => {
    const port = { host: '127.0.0.1', port: 1080 };
    const proxy = environmentProxy(
      Object.fromEntries(proxyVariables(port, { user: 'joe', password: 'p@:/' })),
    );
    expect(parseHop(proxy(web))).toMatchObject({ kind: 'http', at: port, credential: { password: 'p@:/' } });
    expect(parseHop(proxy(other))).toMatchObject({ kind: 'socks5', at: port, credential: { user: 'joe' } });
    expect(proxy({ ...web, host: 'localhost' })).toBe('direct:');
    expect(proxy({ ...web, host: '::1' })).toBe('direct:');
  });
});

describe('NO_PROXY', () => {
  it.each([
    ['*', 'anything.example', 1, true],
    ['a.example,*', 'b.example', 1, true],
    ['*:80', 'b.example', 80, true],
    ['*:80', 'b.example', 81, false],
    ['example.com', 'example.com', 80, true],
    ['example.com', 'a.b.example.com', 80, true],
    ['example.com', 'notexample.com', 80, false],
    ['example.com', 'example.com.evil.test', 80, false],
    ['example.com', 'com', 80, false],
    ['.example.com', 'example.com', 80, true],
    ['.example.com', 'a.example.com', 80, true],
    ['.example.com', 'notexample.com', 80, false],
    ['*.example.com', 'a.example.com', 80, true],
    ['*.example.com', 'notexample.com', 80, false],
    ['a.*.com', 'a.b.com', 80, false],
    ['EXAMPLE.Com', 'example.cOM', 80, true],
    ['example.com.', 'example.com', 80, true],
    ['example.com', 'example.com.', 80, true],
    ['example.com.', 'a.example.com.', 80, true],
    ['example.com:80', 'example.com', 80, true],
    ['example.com:80', 'a.example.com', 80, true],
    ['example.com:80', 'example.com', 443, false],
    ['.example.com:443', 'a.example.com', 443, true],
    ['example.com:', 'example.com', 443, false],
    ['example.com:http', 'example.com', 80, false],
    ['example.com:99999', 'example.com', 80, false],
    ['a.example b.example,c.example', 'a.example', 80, true],
    ['a.example b.example,c.example', 'b.example', 80, true],
    ['a.example b.example, \t c.example', 'c.example', 80, true],
    [',, ,', 'a.example', 80, false],
    ['.', 'a.example', 80, false],
    ['*.', 'a.example', 80, false],
    ['localhost', 'localhost', 80, true],
    ['localhost', '127.0.0.1', 80, false],
    ['127.0.0.1', 'localhost', 80, false],
    ['192.0.2.7', '192.0.2.7', 80, true],
    ['192.0.2.7', '192.0.2.70', 80, false],
    ['192.0.2.7:80', '192.0.2.7', 80, true],
    ['192.0.2.7:80', '192.0.2.7', 81, false],
    ['192.0.2.7', '::ffff:192.0.2.7', 80, true],
    ['::ffff:192.0.2.7', '192.0.2.7', 80, true],
    ['2.7', '192.0.2.7', 80, false],
    ['.7', '192.0.2.7', 80, false],
    ['::1', '::1', 80, true],
    ['::1', '0:0:0:0:0:0:0:1', 80, true],
    ['0:0::0001', '::1', 80, true],
    ['[::1]', '::1', 80, true],
    ['[::1]:80', '::1', 80, true],
    ['[::1]:80', '::1', 81, false],
    ['2001:DB8::80', '2001:db8::80', 80, true],
    ['2001:db8::80', '2001:db8::', 80, false],
    ['10.0.0.0/8', '10.1.2.3', 80, true],
    ['10.0.0.1/8', '10.1.2.3', 80, true],
    ['10.0.0.0/8', '11.1.2.3', 80, false],
    ['10.0.0.0/8', '::ffff:10.1.2.3', 80, true],
    ['10.0.0.0/8', '10.example', 80, false],
    ['10.0.0.0/33', '10.0.0.0', 80, false],
    ['fd00::/8', 'fd12::1', 80, true],
    ['fd00::/8', 'fe80::1', 80, false],
    ['::/0', '10.0.0.1', 80, false],
    ['http://example.com', 'example.com', 80, false],
  ])('%j and %s port %i: %s', (list, host, port, exempt) => {
    const proxy = environmentProxy({ all_proxy: 'http://a:1', NO_PROXY: list });
    for (const protocol of ['http:', 'https:', undefined] as const) {
      const target = { host, port, ...(protocol && { protocol }) };
      expect(proxy(target)).toBe(exempt ? 'direct:' : 'http://a:1');
    }
  });

  it('counts in small letters first, and not at all when it is empty', () => {
    const both = { all_proxy: 'http://a:1', no_proxy: 'a.example', NO_PROXY: 'b.example' };
    const names = ['a.example', 'b.example'].map((host) => environmentProxy(both)({ host, port: 1 }));
    expect(names).toEqual(['direct:', 'http://a:1']);
    const empty = { ...both, no_proxy: '' };
    expect(environmentProxy(empty)({ host: 'b.example', port: 1 })).toBe('direct:');
  });
});

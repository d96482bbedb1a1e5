import { describe, expect, it } from 'vitest';
import { parseHop, ProxySchemeError } from '../../shared/config/proxy-uri.js';
import { canaryKey, messageOf } from '../support/config.js';

const encoded = '(in a user or a password, / \\ ? # @ must be percent-encoded)';
const something = 'expected HOST:PORT or [IPv6]:PORT of the proxy, got something else';
const label = 'in the host: expected letters, digits, - and _, got another character';
const anotherKey = 'expected timeout, dns or rdns in the query, got another key';
const key = encodeURIComponent(canaryKey);
const remote = `halflight://2022-blake3-aes-256-gcm:${key}@h`;

describe('a proxy that cannot be used', () => {
  it.each([
    ['nothing', '', 'expected SCHEME://HOST:PORT or direct:, got no scheme'],
    ['a place alone', 'h:1080', 'expected SCHEME://HOST:PORT or direct:, got no scheme'],
    ['one slash', 'socks5:/h:1080', 'expected SCHEME://HOST:PORT or direct:, got no scheme'],
    ['a login and a place alone', 'joe:pw@h:1', 'expected SCHEME://HOST:PORT or direct:, got no scheme'],
    ['direct with a place', 'direct://h', 'expected nothing behind direct:, got more'],
    ['direct with a query', 'direct:?timeout=5s', 'expected nothing behind direct:, got more'],
    ['no place', 'socks5://', 'in the host: expected a name of 1 to 253 bytes, got 0'],
    ['no host', 'socks5://:1080', 'in the host: expected a name of 1 to 253 bytes, got 0'],
    ['no host behind the login', 'socks5://joe:pw@', 'in the host: expected a name of 1 to 253 bytes, got 0'],
    ['port 0', 'http://h:0', 'expected a port from 1 to 65535, got another number'],
    ['port 65536', 'http://h:65536', 'expected a port from 1 to 65535, got another number'],
    ['an empty port', 'http://h:', 'expected a port from 1 to 65535, got something else'],
    ['a path', 'http://h:80/path', 'expected a port from 1 to 65535, got something else'],
    ['a path and no port', 'http://h/path', label],
    ['two slashes', 'socks4://h//', label],
    ['a fragment', 'socks5://h:1#work', `expected no #, got one ${encoded}`],
    ['an empty fragment', 'socks5://h:1#', `expected no #, got one ${encoded}`],
    [
      'a space',
      'socks5://h:1 ',
      'expected no spaces, no control characters and only UTF-8, got another character',
    ],
    [
      'a line end',
      'socks5://h\n',
      'expected no spaces, no control characters and only UTF-8, got another character',
    ],
    [
      'a NUL',
      'socks5://h\0',
      'expected no spaces, no control characters and only UTF-8, got another character',
    ],
    ['5000 bytes', `socks5://${'h'.repeat(4991)}`, 'expected at most 4096 bytes, got 5000'],
    [
      'IPv6 without brackets',
      'socks5://::1',
      'expected HOST:PORT or [IPv6]:PORT of the proxy, got an IPv6 address without brackets: put it in brackets',
    ],
    [
      'IPv6 with a zone',
      'socks5://[fe80::1%25lo]:1',
      'in the host: expected an IPv6 address without a zone, got one with a zone',
    ],
    [
      'IPv4 in brackets',
      'socks5://[192.0.2.1]:1',
      'in the host: expected an IPv6 address in the brackets, got something else',
    ],
    ['a list of colons', 'socks5://192.0.2.1:1080:joe:pw', something],
    [
      'an address in disguise',
      'socks5://0x7f.1:1',
      'in the host: expected a name or an IP address, got a number in its last label',
    ],
    ['a name that is not ASCII', 'socks5://münchen.de:1', label],
    ['a percent-encoded host', 'socks5://%68:1', label],
    [
      'a backslash',
      'http://h\\@evil.test',
      `expected one user and password before the @, got another mark there ${encoded}`,
    ],
    [
      'a slash in the password',
      'http://joe:p/w@h',
      `expected one user and password before the @, got another mark there ${encoded}`,
    ],
    [
      'an @ in the password',
      'http://joe:p@w@h',
      `expected one user and password before the @, got another mark there ${encoded}`,
    ],
    [
      'a ? in the password',
      'http://joe:p?w@h',
      `expected the query behind the host, got an @ behind the ? ${encoded}`,
    ],
    ['a # in the password', 'http://joe:p#w@h', `expected no #, got one ${encoded}`],
    [
      'bad percent-encoding in the user',
      'http://j%ZZ:pw@h',
      'expected percent-encoded UTF-8 in the user, got something that does not decode',
    ],
    [
      'bad percent-encoding in the password',
      'http://joe:p%w@h',
      'expected percent-encoded UTF-8 in the password, got something that does not decode',
    ],
    [
      'a password that is no UTF-8',
      'socks5://joe:%ff@h',
      'expected percent-encoded UTF-8 in the password, got something that does not decode',
    ],
    [
      'a line end in the password',
      'http://joe:a%0d%0ab@h',
      'expected no control characters in the password, got one',
    ],
    ['a NUL in the user', 'socks4://a%00b@h', 'expected no control characters in the user, got one'],
    [
      'a redacted password',
      'socks5://joe:***@h',
      'expected a password, got ***: put the password where *** stands',
    ],
    ['an empty login', 'http://@h', 'expected USER:PASSWORD before the @, got nothing'],
    ['a login of two empty variables', 'http://:@h', 'expected USER:PASSWORD before the @, got nothing'],
    ['an empty user', 'socks4a://@h', 'expected USER before the @, got nothing'],
    [
      'a password for SOCKS4',
      'socks4://joe:pw@h',
      'expected USER alone before the @ (SOCKS4 has no passwords), got more',
    ],
    [
      'no password for SOCKS5',
      'socks5://joe@h',
      'expected a user and a password of 1 to 255 bytes for SOCKS5, got one of 0',
    ],
    [
      'no user for SOCKS5',
      'socks5://:pw@h',
      'expected a user and a password of 1 to 255 bytes for SOCKS5, got one of 0',
    ],
    [
      'a long user for SOCKS5',
      `socks5://${'j'.repeat(256)}:pw@h`,
      'expected a user and a password of 1 to 255 bytes for SOCKS5, got one of 256',
    ],
    [
      'a long password for SOCKS5',
      `socks5://joe:${'%C3%BC'.repeat(128)}@h`,
      'expected a user and a password of 1 to 255 bytes for SOCKS5, got one of 256',
    ],
    ['a colon in a user of HTTP', 'http://j%3Aoe:pw@h', 'expected no colon in a user of HTTP, got one'],
    ['another key', 'socks5://h?user=joe', anotherKey],
    ['a key with a mistake', 'socks5://h?timout=5s', `${anotherKey} (did you mean timeout?)`],
    ['a key in capitals', 'socks5://h?DNS=local', `${anotherKey} (did you mean dns?)`],
    [
      'a timeout without a number',
      'socks5://h?timeout=soon',
      'timeout: expected a duration such as 5s, 250ms or 5000 (ms), got something else',
    ],
    [
      'no timeout',
      'socks5://h?timeout=0',
      'timeout: expected a duration above 0 and up to 2147483647 ms, got 0',
    ],
    ['two timeouts', 'socks5://h?timeout=5s&timeout=5s', 'expected at most one timeout, got 2'],
    [
      'names looked up elsewhere',
      'socks5://h?dns=1.1.1.1',
      'expected dns to be remote or local, got something else',
    ],
    ['rdns of neither', 'socks5://h?rdns=', 'expected rdns to be true or false, got something else'],
    [
      'dns against rdns',
      'socks5://h?dns=local&rdns=true',
      'expected dns and rdns to say the same, got the contrary',
    ],
    [
      'SOCKS4 asked for names',
      'socks4://h?dns=remote',
      'expected names to be looked up here for socks4://, got dns=remote: socks4a:// can do that',
    ],
    [
      'SOCKS4 asked for names, again',
      'socks4://h?rdns=yes',
      'expected names to be looked up here for socks4://, got dns=remote: socks4a:// can do that',
    ],
    [
      'a remote behind a plugin',
      `${remote}?plugin=v2ray-plugin%3Bkey%3Dsecret`,
      'expected no plugin, got one: start a local with it (halflight local --plugin …) and dial through its port',
    ],
    [
      'a remote with a plugin that has no name',
      `${remote}?plugin=`,
      'plugin: expected NAME or NAME;OPTIONS, got no name',
    ],
    [
      'a remote with a query behind its name',
      `${remote}#vm?x&dns=local`,
      'expected the query before the #, got dns=… behind it',
    ],
    [
      'a remote with another kind of dns',
      `${remote}?dns=maybe`,
      'expected dns to be remote or local, got something else',
    ],
    [
      'a remote with a bad key',
      'ss://2022-blake3-aes-256-gcm:AAAA@h',
      'key for 2022-blake3-aes-256-gcm: expected base64 of 32 bytes, got 3',
    ],
  ])('%s', (_what, text, message) => {
    expect(messageOf(() => parseHop(text))).toBe(`ConfigError: URI: ${message}`);
    expect(() => parseHop(text)).not.toThrow(ProxySchemeError);
  });

  const known =
    'expected one of socks4, socks4a, socks5, socks5h, socks, http, https, ss, halflight, direct, got';

  it.each([
    ['sock5://h', `${known} sock5:// (did you mean socks5?)`],
    ['SOCKS6://h:1', `${known} socks6:// (did you mean socks4?)`],
    ['vmess://h', `${known} vmess://`],
    ['ftp://joe:pw@h', `${known} ftp://`],
    [`${'x'.repeat(17)}://h`, `${known} another scheme`],
    ['__proto__://h', undefined],
    ['constructor://h', `${known} constructor://`],
  ])('another kind of proxy: %s', (text, message) => {
    const wrong = message ?? 'expected SCHEME://HOST:PORT or direct:, got no scheme';
    expect(messageOf(() => parseHop(text))).toBe(`ConfigError: URI: ${wrong}`);
    if (message !== undefined) expect(() => parseHop(text)).toThrow(ProxySchemeError);
  });

  it.each([
    ['http://h:80', 'http://HOST:PORT'],
    ['http://h', 'http://HOST:PORT'],
    ['https://h:443', 'https://HOST:PORT'],
  ])('a URL that may have had a port or not: %s', (href, hint) => {
    expect(messageOf(() => parseHop(new URL(href)))).toBe(
      `ConfigError: URI: expected a port in the URL, got none (URL forgets the port of its scheme): pass ${hint} as text`,
    );
  });

  it('is no text and no URL', () => {
    expect(messageOf(() => Reflect.apply(parseHop, undefined, [{ href: 'socks5://h' }]))).toBe(
      'ConfigError: URI: expected a text or a URL, got something else',
    );
  });

  it('a caller who wants no name looked up here gets no SOCKS4', () => {
    expect(messageOf(() => parseHop('socks4://h', { dns: 'remote' }))).toContain('socks4a:// can do that');
  });
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { proxyVariableNames, proxyVariables, readLocalPort } from '../../shared/config/proxy-variables.js';
import { ConfigError } from '../../shared/errors.js';

const port = { host: '127.0.0.1', port: 1080 };

it('programs are told in both cases: HTTP for http and https, SOCKS5 with far names for all else', () => {
  const variables = Object.fromEntries(proxyVariables(port, undefined));
  expect(variables).toEqual({
    http_proxy: 'http://127.0.0.1:1080',
    HTTP_PROXY: 'http://127.0.0.1:1080',
    https_proxy: 'http://127.0.0.1:1080',
    HTTPS_PROXY: 'http://127.0.0.1:1080',
    all_proxy: 'socks5h://127.0.0.1:1080',
    ALL_PROXY: 'socks5h://127.0.0.1:1080',
    no_proxy: 'localhost,127.0.0.1,::1',
    NO_PROXY: 'localhost,127.0.0.1,::1',
  });
  expect(Object.keys(variables)).toEqual(proxyVariableNames);
});

it('a credential stands in the URLs so that URL parsers and shells read it back', () => {
  const text = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' });
  fc.assert(
    fc.property(text, text, (user, password) => {
      for (const [name, value] of proxyVariables({ host: '::1', port: 9 }, { user, password })) {
        if (name.toLowerCase() === 'no_proxy') continue;
        expect(value).toMatch(/^(http|socks5h):\/\/[\w.~%-]+:[\w.~%-]+@\[::1\]:9$/);
        const url = new URL(value);
        expect([decodeURIComponent(url.username), decodeURIComponent(url.password)]).toEqual([
          user,
          password,
        ]);
      }
    }),
  );
});

it.each([
  [undefined, '127.0.0.1', 1080],
  ['1081', '127.0.0.1', 1081],
  [':1081', '127.0.0.1', 1081],
  ['[::]:1081', '127.0.0.1', 1081],
  ['[::1]:1081', '::1', 1081],
  ['laptop.example:1', 'laptop.example', 1],
])('a local that listens on %s is found at %s port %i', (text, host, number) => {
  expect(readLocalPort(text)).toEqual({ host, port: number });
});

it.each(['0', '127.0.0.1:0', "x';rm:1", 'http://127.0.0.1:1080', ''])(
  'no local can be found at %j',
  (text) => {
    expect(() => readLocalPort(text)).toThrow(ConfigError);
  },
);

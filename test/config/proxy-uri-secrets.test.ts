import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseHop } from '../../shared/config/proxy-uri.js';
import { ConfigError } from '../../shared/errors.js';
import { escapeText } from '../../shared/config/uri-text.js';

/** All that a log could show of an error. */
function shown(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = Object.values(error).map((value) => (value instanceof Error ? '' : JSON.stringify(value)));
  return [error.message, error.stack, ...own, error.cause === undefined ? '' : shown(error.cause)].join('\n');
}

it('no password is in an error, wherever the mistake is', () => {
  const secret = 'canary4Canary';
  const digits = '91827364';
  const login = fc.constantFrom(
    `joe:${secret}`,
    `joe:${digits}`,
    `:${secret}`,
    `${secret}:`,
    `${secret}${digits}`,
    `joe:a${secret}%`,
    `aes-256-gcm:${secret}`,
    `2022-blake3-aes-256-gcm:${secret}`,
    Buffer.from(`aes-256-gcm:${secret}`).toString('base64'),
  );
  const mark = fc.constantFrom(
    '',
    '@',
    '/',
    '\\',
    '?',
    '#',
    ':',
    '[',
    ']',
    '%',
    '&',
    '=',
    ' ',
    '\u0007',
    '@@',
    '%00',
  );
  const scheme = fc.constantFrom(
    'socks4',
    'socks5',
    'http',
    'https',
    'ss',
    'halflight',
    'direct',
    'sock5',
    '',
  );
  const start = fc.constantFrom('://', ':', '', '://@', '://h:1@');
  const place = fc.constantFrom(
    'h',
    'h:1',
    'h:99999',
    '[::1',
    '::1',
    '',
    '-/',
    'h?timeout=x',
    'h?plugin=x',
    'h?x',
    'h#x',
  );
  const pieces = fc.tuple(scheme, start, mark, login, mark, place, mark);
  let refused = 0;
  fc.assert(
    fc.property(pieces, (chosen) => {
      try {
        parseHop(chosen.join(''));
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        const text = shown(error);
        const base64 = Buffer.from(secret).toString('base64').slice(0, 10);
        for (const part of [secret, secret.toLowerCase(), digits.slice(0, 6), base64]) {
          expect(text).not.toContain(part);
        }
        refused += 1;
      }
    }),
    { numRuns: 5000 },
  );
  expect(refused).toBeGreaterThan(1000);
});

it('every user and every password arrives as it is, and no name of a proxy tells the password', () => {
  const text = fc.string({ minLength: 12, maxLength: 60, unit: 'grapheme' });
  const scheme = fc.constantFrom('socks5', 'socks5h', 'http', 'https');
  fc.assert(
    fc.property(scheme, text, text, (kind, user, password) => {
      fc.pre(kind.startsWith('socks') || !user.includes(':'));
      fc.pre(!user.includes(password));
      const hop = parseHop(`${kind}://${escapeText(user)}:${escapeText(password)}@[::1]:9`);
      expect(hop).toMatchObject({ at: { host: '::1', port: 9 }, credential: { user, password } });
      expect(hop.name).toBe(`${kind}://${escapeText(user)}:***@[::1]:9`);
    }),
  );
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseServerUri } from '../../shared/config/uri.js';
import { ConfigError } from '../../shared/errors.js';
import { canaryKey, messageOf } from '../support/config.js';

const key = encodeURIComponent(canaryKey);
const good = `halflight://2022-blake3-aes-256-gcm:${key}@example.com:8388`;
const base64 = (text: string): string => Buffer.from(text).toString('base64url');

describe('a URI that cannot be used', () => {
  it.each([
    ['nothing', '', 'expected halflight:// or ss://, got another beginning'],
    ['another scheme', 'https://example.com', 'expected halflight:// or ss://, got https://'],
    ['a key alone', canaryKey, 'expected halflight:// or ss://, got another beginning'],
    [
      'where a link is kept',
      'ssconf://a.example/canary',
      'got ssconf://: that is where a link is kept, and goes behind --subscription',
    ],
    ['no @', 'ss://example.com:8388', 'expected METHOD:KEY@HOST:PORT, got no @'],
    ['an unescaped # in the password', 'ss://aes-256-gcm:pa#ss@h:1', 'got no @ (inside a key, / ? # must be'],
    ['no method', `ss://:${key}@h:1`, 'expected one of'],
    ['an unknown method', `ss://aes-257-gcm:${key}@h:1`, 'did you mean aes-256-gcm?'],
    ['a stream cipher', 'ss://aes-256-cfb:secret@h:1', 'a stream cipher without authentication'],
    ['no encryption', 'ss://none:secret@h:1', 'it does not encrypt'],
    ['method and key swapped', `ss://${key}:aes-256-gcm@h:1`, 'expected METHOD:KEY, got KEY:METHOD'],
    [
      'a method that may be a key',
      `ss://${key}:x@h:1`,
      'expected a method before the first colon, got something',
    ],
    ['no password', 'ss://aes-256-gcm:@h:1', 'expected a password, got none'],
    ['no key', 'ss://2022-blake3-aes-256-gcm:@h:1', 'expected a key, got none'],
    ['a short key', 'ss://2022-blake3-aes-256-gcm:AAAA@h:1', 'expected base64 of 32 bytes, got 3'],
    [
      'the key of another method',
      `ss://2022-blake3-aes-128-gcm:${key}@h:1`,
      'expected base64 of 16 bytes, got 32',
    ],
    [
      'a 2022 method in base64',
      `ss://${base64(`2022-blake3-aes-256-gcm:${canaryKey}`)}@h:1`,
      'forbids it for 2022',
    ],
    ['base64 with junk in it', 'ss://YWVz!LTI1Ni1nY206cHc@h:1', 'expected METHOD:KEY or its base64'],
    ['base64 that is cut off', 'ss://YWVzLTI1Ni1nY206c@h:1', 'expected METHOD:KEY or its base64'],
    ['base64 of no text', 'ss://YWVzOv__@h:1', 'expected METHOD:KEY or its base64'],
    [
      'base64 of a control character',
      `ss://${base64('aes-256-gcm:a\nb')}@h:1`,
      'no control characters in the password',
    ],
    ['bad percent-encoding in the key', 'ss://aes-256-gcm:p%ZZ@h:1', 'percent-encoded UTF-8 in the key'],
    [
      'percent-encoded bytes that are no UTF-8',
      'ss://aes-256-gcm:p%ff@h:1',
      'percent-encoded UTF-8 in the key',
    ],
    ['a NUL in the key', 'ss://aes-256-gcm:p%00@h:1', 'no control characters in the key'],
    ['bad percent-encoding in the tag', `${good}#%`, 'percent-encoded UTF-8 in the name'],
    ['a control character in the tag', `${good}#%1b[2J`, 'no control characters in the name'],
    ['a plugin', `${good}/?x=1&plugin=%2Fbin%2Fsh%3B-c`, 'expected no plugin, got plugin=…'],
    ['an empty plugin', `${good}?plugin=`, 'expected no plugin'],
    [
      'another way to ask for a password',
      `${good}?auth=none`,
      'expected auth=remote or no auth, got another',
    ],
    ['two ways to ask for a password', `${good}?auth=remote&auth=`, 'expected auth=remote or no auth'],
    [
      'a query behind the name',
      `${good}#vm?auth=remote`,
      'expected the query before the #, got auth=… behind',
    ],
    [
      'a plugin behind the name',
      `${good}#?a=b&plugin=x`,
      'expected the query before the #, got plugin=… behi',
    ],
    ['a raw space', `${good}#my server`, 'no spaces'],
    ['a line end', `${good}\n`, 'no control characters'],
    ['half a surrogate pair', `${good}#\ud83d`, 'only UTF-8'],
    ['what was not UTF-8', `${good}#\ufffd`, 'only UTF-8'],
    ['8 KiB', `${good}#${'x'.repeat(8192)}`, 'expected at most 4096 bytes, got'],
    ['a tag of 1 MiB', `${good}#${'x'.repeat(1 << 20)}`, 'expected at most 4096 bytes, got'],
  ])('%s', (_what, uri, message) => {
    expect(messageOf(() => parseServerUri(uri))).toMatch(/^ConfigError: URI: /);
    expect(messageOf(() => parseServerUri(uri))).toContain(message);
  });

  it.each([
    ['port 0', ':0', 'expected a port from 1 to 65535, got 0'],
    ['port 65536', ':65536', 'expected a port from 1 to 65535, got 65536'],
    ['an empty port', ':', 'expected a port from 1 to 65535, got something else'],
    ['a port with a letter', ':80x', 'expected a port from 1 to 65535, got something else'],
    ['a path', ':80/path', 'expected a port from 1 to 65535, got something else'],
  ])('%s', (_what, rest, message) => {
    expect(() => parseServerUri(`ss://aes-256-gcm:pw@h${rest}`)).toThrow(`URI: ${message}`);
  });

  it.each([
    ['no host', '', 'in the host: expected a name'],
    ['IPv6 without brackets', '2001:db8::1', 'expected HOST:PORT or [IPv6]:PORT'],
    ['IPv6 with a zone', '[fe80::1%25eth0]:1', 'in the host: expected an IPv6 address without a zone'],
    ['IPv4 in brackets', '[127.0.0.1]:1', 'expected an IPv6 address in the brackets'],
    ['a NUL in the name', 'host%00:1', 'expected letters, digits, - and _'],
    ['an address in disguise', '0x7f.1:1', 'got a number in its last label'],
    ['an address as one number', '2130706433:1', 'got a number in its last label'],
    ['a name of 300 bytes', `${'a.'.repeat(150)}:1`, 'expected a name of 1 to 253 bytes'],
    ['a name that is not ASCII', 'münchen.de:1', 'expected letters, digits, - and _'],
  ])('%s', (_what, host, message) => {
    expect(() => parseServerUri(`ss://aes-256-gcm:pw@${host}`)).toThrow(message);
  });

  it('never has the key in its message, wherever the mistake is', () => {
    const pieces = [
      canaryKey,
      key,
      'ss://',
      'halflight://',
      '2022-blake3-aes-256-gcm',
      'aes-256-gcm',
      ':',
      '@',
      '/',
      '?',
      '#',
    ];
    const text = fc.array(fc.constantFrom(...pieces, 'h', '[', ']', '%', ' ', '1'), { maxLength: 9 });
    fc.assert(
      fc.property(text, (chosen) => {
        try {
          parseServerUri(chosen.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
          const { message } = error as ConfigError;
          for (const secret of [canaryKey, key]) expect(message).not.toContain(secret.slice(0, 20));
          expect(message).not.toMatch(/\n/);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

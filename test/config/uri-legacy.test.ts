import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLegacyPaste, readPastedUri } from '../../shared/config/pasted.js';
import { formatLegacyUri, isLegacyUri } from '../../shared/config/uri-legacy.js';
import { formatServerUri, parseServerUri } from '../../shared/config/uri.js';
import { allMethods, canaryKey, messageOf, method } from '../support/config.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const inside = 'aes-256-gcm:pw?>?@vpn.example.com:443';
const methods2017 = allMethods.filter(({ edition }) => edition === 2017);

describe('the legacy form', () => {
  it.each([
    ['padded', `ss://${base64(inside)}`],
    ['unpadded', `ss://${base64(inside).replace(/=+$/, '')}`],
    ['URL-safe', `ss://${Buffer.from(inside).toString('base64url')}`],
    ['with its padding percent-encoded', `ss://${base64(inside).replaceAll('=', '%3D')}`],
    ['with a slash behind it', `ss://${base64(inside)}/`],
    ['with a scheme in capitals', `SS://${base64(inside)}`],
  ])('is read %s', (_what, uri) => {
    expect(parseServerUri(uri)).toEqual({
      wire: 'shadowsocks',
      method: method('aes-256-gcm'),
      secret: 'pw?>?',
      host: 'vpn.example.com',
      port: 443,
    });
  });

  it('may have slashes among the digits of its block', () => {
    const uri = `ss://${base64('aes-256-gcm:???>>>???@h:1')}`;
    expect(uri.slice(5)).toContain('/');
    expect(parseServerUri(uri).secret).toBe('???>>>???');
  });

  it('brings a prefix inside the block or behind it', () => {
    const prefix = '?prefix=POST%20';
    const prefixed = { secret: 'pw', host: 'h', port: 1, saltPrefix: new Uint8Array(Buffer.from('POST ')) };
    expect(parseServerUri(`ss://${base64(`aes-256-gcm:pw@h:1/${prefix}`)}#t`)).toMatchObject(prefixed);
    expect(parseServerUri(`ss://${base64('aes-256-gcm:pw@h:1')}${prefix}#t`)).toMatchObject(prefixed);
  });

  it('says the same as the text it is written from, whatever is in the password', () => {
    const parts = fc.record({
      method: fc.constantFrom(...methods2017),
      secret: fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }),
      host: fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()),
      port: fc.integer({ min: 1, max: 65_535 }),
    });
    fc.assert(
      fc.property(parts, fc.option(fc.string({ minLength: 1, maxLength: 20 })), (uri, tag) => {
        const whole = { wire: 'shadowsocks' as const, ...uri, ...(tag === null ? {} : { tag }) };
        expect(parseServerUri(formatLegacyUri(whole))).toEqual(whole);
        expect(isLegacyUri(formatLegacyUri(whole))).toBe(true);
        expect(isLegacyUri(formatServerUri(whole))).toBe(false);
      }),
    );
  });

  it('is known in what somebody has pasted with quotes around it', () => {
    const uri = `ss://${base64(inside)}#home`;
    expect(readPastedUri(` '${uri}' `)).toEqual(parseServerUri(uri));
    expect(isLegacyPaste(` '${uri}' `)).toBe(true);
    expect(isLegacyPaste(`"${formatServerUri(parseServerUri(uri))}"`)).toBe(false);
  });

  it.each([
    [
      'on the raw wire',
      `halflight://${base64(inside)}`,
      'got one base64 block (that form is for ss:// only)',
    ],
    [
      'for a 2022 method',
      `ss://${base64(`2022-blake3-aes-256-gcm:${canaryKey}@h:1`)}`,
      'forbids it for 2022',
    ],
    ['without a host', `ss://${base64('aes-256-gcm:pw@')}`, 'in the host: expected a name'],
    ['without a password', `ss://${base64('aes-256-gcm:@h:1')}`, 'expected a password, got none'],
    ['without an @', `ss://${base64('aes-256-gcm:pw')}`, 'got no @'],
    [
      'with a line end inside',
      `ss://${base64('aes-256-gcm:pw\n@h:1')}`,
      'no control characters in the password',
    ],
    ['with a plugin inside', `ss://${base64('aes-256-gcm:pw@h:1/?plugin=x')}`, 'expected no plugin'],
    ['that is cut off', `ss://${base64(inside).slice(0, 9)}`, 'got no @'],
  ])('is refused %s, without a word of the secret', (_what, uri, message) => {
    expect(() => parseServerUri(uri)).toThrow(message);
    expect(messageOf(() => parseServerUri(uri))).not.toMatch(/pw|canary|>\?/);
  });

  it('cannot be written for what it has no place for', () => {
    const uri = parseServerUri('ss://aes-256-gcm:pw@h:1?prefix=P');
    expect(() => formatLegacyUri(uri)).toThrow('legacy form: expected no prefix, got one');
    const dressed = parseServerUri('ss://aes-256-gcm:pw@h:1/?plugin=x', { plugins: 'any' });
    expect(() => formatLegacyUri(dressed)).toThrow('legacy form: expected no plugin, got one');
    const of2022 = parseServerUri(`ss://2022-blake3-aes-256-gcm:${encodeURIComponent(canaryKey)}@h:1`);
    expect(() => formatLegacyUri(of2022)).toThrow('legacy form: expected a 2017 method, got 2022-blake3');
  });
});

import { describe, expect, it } from 'vitest';
import { formatServerUri, parseServerUri, redactServerUri } from '../../shared/config/uri.js';
import { canaryKey } from '../support/config.js';

const uri = 'ss://Y2hhY2hhMjAtaWV0Zi1wb2x5MTMwNTpwdw@h:1';
const prefixOf = (query: string): string | undefined => {
  const { saltPrefix } = parseServerUri(`${uri}?${query}`);
  return saltPrefix === undefined ? undefined : Buffer.from(saltPrefix).toString('hex');
};

describe('?prefix=', () => {
  // Outline's documentation, "Connection Prefix Disguises".
  it.each([
    ['an HTTP request', 'POST%20', Buffer.from('POST ').toString('hex')],
    ['an HTTP response', 'HTTP%2F1.1%20', Buffer.from('HTTP/1.1 ').toString('hex')],
    ['DNS over TCP', '%05%C3%9C_%C3%A0%01%20', '05dc5fe00120'],
    ['a TLS ClientHello', '%16%03%01%00%C2%A8%01%01', '16030100a80101'],
    ['TLS application data', '%13%03%03%3F', '1303033f'],
    ['a TLS ServerHello', '%16%03%03%40%00%02', '160303400002'],
    ['SSH', 'SSH-2.0%0D%0A', Buffer.from('SSH-2.0\r\n').toString('hex')],
  ])('is %s', (_what, encoded, bytes) => {
    expect(prefixOf(`prefix=${encoded}`)).toBe(bytes);
    const read = parseServerUri(`${uri}/?prefix=${encoded}#t`);
    expect(parseServerUri(formatServerUri(read))).toEqual(read);
    expect(redactServerUri(read)).toContain('?prefix=');
  });

  it('is read on the raw wire, beside what else the query says', () => {
    const read = parseServerUri('halflight://aes-256-gcm:pw@h:1?auth=remote&prefix=%16%03%01#t');
    expect(read).toMatchObject({ remoteAuth: true, saltPrefix: Uint8Array.of(0x16, 3, 1) });
    expect(formatServerUri(read)).toBe('halflight://aes-256-gcm:pw@h:1?auth=remote&prefix=%16%03%01#t');
  });

  it('of nothing is none', () => {
    expect(prefixOf('prefix=')).toBeUndefined();
  });

  it.each([
    ['a character that is no byte', 'prefix=%E2%82%AC', 'expected characters U+0000 to U+00FF in the prefix'],
    ['bytes that are no UTF-8', 'prefix=%A8', 'expected characters U+0000 to U+00FF in the prefix'],
    ['more than half of the salt', `prefix=${'a'.repeat(17)}`, 'expected at most 16 bytes with chacha20'],
    ['a second one', 'prefix=a&prefix=b', 'expected one prefix, got 2'],
  ])('is refused with %s', (_what, query, message) => {
    expect(() => parseServerUri(`${uri}?${query}`)).toThrow(message);
  });

  it('is refused with a short salt when it leaves fewer than 10 random bytes', () => {
    expect(() => parseServerUri('ss://aes-128-gcm:pw@h:1?prefix=POST%20/')).not.toThrow();
    expect(() => parseServerUri('ss://aes-128-gcm:pw@h:1?prefix=POST%20/x')).toThrow(
      'URI: prefix: expected at most 6 bytes with aes-128-gcm, whose salts have 16, got 7',
    );
  });

  it('is refused with a 2022 method, and the reason is said', () => {
    const link = `ss://2022-blake3-aes-256-gcm:${encodeURIComponent(canaryKey)}@h:1?prefix=POST%20`;
    expect(() => parseServerUri(link)).toThrow('salts of the 2022 methods are random throughout (SIP022)');
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generateSecret } from '../../shared/codec/keys.js';
import { formatServerUri, parseServerUri, redactServerUri, type ServerUri } from '../../shared/config/uri.js';
import { allMethods, canaryKey, countingEnvironment, method } from '../support/config.js';

const key = encodeURIComponent(canaryKey);
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** The parts in one line, to compare with. */
function parts(text: string): string {
  const { wire, method: found, secret, host, port, tag } = parseServerUri(text);
  return [wire, found.name, secret, host, port, tag ?? '-'].join(' ');
}

describe('the samples of the specifications', () => {
  // SIP002 §"Examples" and SIP022 §"URL", as listed in the project's wire page §1.1.
  it('reads a 2017 URI with its user part in base64', () => {
    expect(parts('ss://YWVzLTEyOC1nY206dGVzdA@192.168.100.1:8888#Example1')).toBe(
      'shadowsocks aes-128-gcm test 192.168.100.1 8888 Example1',
    );
  });

  it('reads a 2022 URI with its user part percent-encoded', () => {
    const uri =
      'ss://2022-blake3-aes-256-gcm:YctPZ6U7xPPcU%2Bgp3u%2B0tx%2FtRizJN9K8y%2BuKlW2qjlI%3D@192.168.100.1:8888#Example3';
    expect(parts(uri)).toBe(
      'shadowsocks 2022-blake3-aes-256-gcm YctPZ6U7xPPcU+gp3u+0tx/tRizJN9K8y+uKlW2qjlI= 192.168.100.1 8888 Example3',
    );
    expect(formatServerUri(parseServerUri(uri))).toBe(uri);
  });

  it('refuses the one with a plugin, and says why', () => {
    const uri = 'ss://YWVzLTEyOC1nY206cGFzc3dk@192.168.100.1:8888/?plugin=obfs-local%3Bobfs%3Dhttp#Example2';
    expect(() => parseServerUri(uri)).toThrow(
      'URI: expected no plugin, got obfs-local: halflight runs no program',
    );
  });

  it('reads the one in the legacy form', () => {
    const uri = 'ss://Y2hhY2hhMjAtaWV0Zi1wb2x5MTMwNTp0ZXN0LyFAIzpAMTkyLjE2OC4xMDAuMTo4ODg4#example-server';
    expect(parts(uri)).toBe('shadowsocks chacha20-ietf-poly1305 test/!@#: 192.168.100.1 8888 example-server');
  });
});

describe('what is read', () => {
  it.each([
    ['a name', `halflight://2022-blake3-aes-256-gcm:${key}@vpn.example.com:443`, 'vpn.example.com 443 -'],
    ['an IPv6 address', `halflight://2022-blake3-aes-256-gcm:${key}@[2001:db8::1]:443`, '2001:db8::1 443 -'],
    [
      'no port, which is 8388',
      `halflight://2022-blake3-aes-256-gcm:${key}@example.com`,
      'example.com 8388 -',
    ],
    ['an IPv6 address without a port', `halflight://2022-blake3-aes-256-gcm:${key}@[::1]`, '::1 8388 -'],
    ['a slash at the end', `halflight://2022-blake3-aes-256-gcm:${key}@h:1/`, 'h 1 -'],
    [
      'unknown query keys, which are ignored',
      `halflight://2022-blake3-aes-256-gcm:${key}@h:1/?a=b&c#t`,
      'h 1 t',
    ],
    ['a query without a slash', `halflight://2022-blake3-aes-256-gcm:${key}@h:1?outline=1`, 'h 1 -'],
    ['an empty tag', `halflight://2022-blake3-aes-256-gcm:${key}@h:1#`, 'h 1 -'],
    [
      'a tag in which + is a plus',
      `halflight://2022-blake3-aes-256-gcm:${key}@h:1#a+b%20c%C3%A9`,
      'h 1 a+b cé',
    ],
    [
      'a tag with an escaped question',
      `halflight://2022-blake3-aes-256-gcm:${key}@h:1#%3Fauth=x`,
      'h 1 ?auth=x',
    ],
    ['a scheme in capitals', `HALFLIGHT://2022-blake3-aes-256-gcm:${key}@h:1`, 'h 1 -'],
    ['a key that is not percent-encoded', `halflight://2022-blake3-aes-256-gcm:${canaryKey}@h:1`, 'h 1 -'],
  ])('%s', (_what, uri, rest) => {
    expect(parts(uri)).toBe(`raw 2022-blake3-aes-256-gcm ${canaryKey} ${rest}`);
  });

  it.each([
    ['the URL-safe alphabet, unpadded', 'ss://YWVzLTI1Ni1nY206Pz4_@h:1'],
    ['the standard alphabet, unpadded, with a slash in it', 'ss://YWVzLTI1Ni1nY206Pz4/@h:1'],
    ['the same, percent-encoded', 'ss://YWVzLTI1Ni1nY206Pz4%2F@h:1'],
    ['percent-encoded instead of base64', 'ss://aes-256-gcm:%3F%3E%3F@h:1'],
    ['the raw wire', 'halflight://YWVzLTI1Ni1nY206Pz4_@h:1'],
  ])('a password of a 2017 method in %s', (_what, uri) => {
    expect(parseServerUri(uri).secret).toBe('?>?');
  });

  it('reads padded base64', () => {
    expect(parseServerUri('ss://YWVzLTI1Ni1nY206cHc=@h:1').secret).toBe('pw');
    expect(parseServerUri('ss://YWVzLTI1Ni1nY206cHc%3D@h:1').secret).toBe('pw');
    expect(parseServerUri('ss://YWVzLTI1Ni1nY206cA==@h:1').secret).toBe('p');
  });

  it('splits the user part at its first colon and its last @', () => {
    expect(parseServerUri('ss://aes-256-gcm:a:b@c@h:1').secret).toBe('a:b@c');
    expect(parseServerUri(`ss://${base64('aes-256-gcm:a:b@c')}@h:1`).secret).toBe('a:b@c');
  });
});

describe('what is written', () => {
  const serverUri: fc.Arbitrary<ServerUri> = fc
    .record({
      wire: fc.constantFrom('raw' as const, 'shadowsocks' as const),
      method: fc.constantFrom(...allMethods),
      password: fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme' }),
      host: fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()),
      port: fc.integer({ min: 1, max: 65_535 }),
      tag: fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }),
      tagged: fc.boolean(),
      asks: fc.boolean(),
      prefix: fc.uint8Array({ maxLength: 6 }),
    })
    .map(({ wire, method: chosen, password, host, port, tag, tagged, asks, prefix }) => ({
      wire,
      method: chosen,
      secret: chosen.edition === 2017 ? password : generateSecret(chosen, countingEnvironment()),
      host,
      port,
      ...(tagged ? { tag } : {}),
      ...(asks && wire === 'raw' ? { remoteAuth: true as const } : {}),
      ...(chosen.edition === 2017 && prefix.length > 0 ? { saltPrefix: prefix } : {}),
    }));

  it('is read back as it was, and survives the single quotes of a shell', () => {
    fc.assert(
      fc.property(serverUri, (uri) => {
        const text = formatServerUri(uri);
        expect(parseServerUri(text)).toEqual(uri);
        expect(text).toMatch(/^[!-&(-~]+$/);
      }),
    );
  });

  it('is in base64 for a 2017 method on the standard wire only', () => {
    const uri = {
      wire: 'shadowsocks',
      method: method('aes-256-gcm'),
      secret: 'pw',
      host: 'h',
      port: 1,
    } as const;
    expect(formatServerUri(uri)).toBe('ss://YWVzLTI1Ni1nY206cHc@h:1');
    expect(formatServerUri({ ...uri, wire: 'raw' })).toBe('halflight://aes-256-gcm:pw@h:1');
  });

  it('says on the raw wire alone that the remote asks for a password', () => {
    const base = `2022-blake3-aes-256-gcm:${key}@h:1`;
    const uri = parseServerUri(`halflight://${base}/?x=1&auth=remote#home`);
    expect(uri).toMatchObject({ remoteAuth: true, tag: 'home' });
    expect(formatServerUri(uri)).toBe(`halflight://${base}?auth=remote#home`);
    expect(formatServerUri({ ...uri, wire: 'shadowsocks' })).toBe(`ss://${base}#home`);
    expect(parseServerUri(`ss://${base}?auth=remote`)).not.toHaveProperty('remoteAuth');
  });

  it('has *** for the secret when it is to be shown', () => {
    fc.assert(
      fc.property(serverUri, (uri) => {
        expect(redactServerUri(uri)).toBe(redactServerUri({ ...uri, secret: 'another' }));
      }),
    );
    const uri = parseServerUri(`halflight://2022-blake3-aes-256-gcm:${key}@[::1]:443#home`);
    expect(redactServerUri(uri)).toBe('halflight://2022-blake3-aes-256-gcm:***@[::1]:443#home');
  });
});

import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat } from '../../shared/bytes.js';
import {
  decodeTarget,
  encodeTarget,
  formatTarget,
  isReserved,
  reservedTarget,
} from '../../shared/codec/address.js';
import { ProtocolError } from '../../shared/errors.js';
import { ascii, hex, toHex } from '../support/codec.js';

/** A SOCKS address with that text as its domain, whatever it is. */
function domain(name: string | Uint8Array, port = 443): Uint8Array {
  const bytes = typeof name === 'string' ? ascii(name) : name;
  return concat([Uint8Array.of(3, bytes.length), bytes, Uint8Array.of(port >>> 8, port & 0xff)]);
}

describe('encoding a target', () => {
  test.each([
    ['192.0.2.1', 80, '01c00002010050'],
    ['2001:db8::1', 443, '0420010db800000000000000000000000101bb'],
    ['::ffff:192.0.2.1', 80, '01c00002010050'],
    ['::FFFF:c000:0201', 80, '01c00002010050'],
    ['[::1]', 1, '04000000000000000000000000000000010001'],
    ['a.example', 65_535, '0309612e6578616d706c65ffff'],
    ['127.1', 0, '03053132372e310000'],
  ])('%s port %i', (host, port, expected) => {
    expect(toHex(encodeTarget({ host, port }))).toBe(expected);
  });

  test('a domain of 255 bytes is the longest', () => {
    expect(encodeTarget({ host: 'a'.repeat(255), port: 1 })).toHaveLength(259);
    expect(() => encodeTarget({ host: 'a'.repeat(256), port: 1 })).toThrow(ProtocolError);
    expect(() => encodeTarget({ host: 'é'.repeat(128), port: 1 })).toThrow(
      'expected 1 to 255 bytes, got 256',
    );
  });

  test.each([
    [{ host: '', port: 1 }],
    [{ host: '127.0.0.1\0.example.com', port: 1 }],
    [{ host: 'a.example', port: -1 }],
    [{ host: 'a.example', port: 65_536 }],
    [{ host: 'a.example', port: 1.5 }],
  ])('%j cannot be encoded', (target) => {
    expect(() => encodeTarget(target)).toThrow(ProtocolError);
  });
});

describe('decoding a target', () => {
  test.each([
    ['::ffff:192.0.2.1 as 16 bytes is IPv4', hex('0400000000000000000000ffffc00002010050'), '192.0.2.1'],
    ['an IPv4 address as a domain is that address', domain('192.0.2.1'), '192.0.2.1'],
    ['an IPv6 address as a domain is that address', domain('2001:DB8:0::1'), '2001:db8::1'],
    ['so it is in brackets', domain('[::1]'), '::1'],
    ['a mapped address as a domain is IPv4', domain('::ffff:127.0.0.1'), '127.0.0.1'],
    ['a mapped address in brackets is IPv4', domain('[::ffff:7f00:1]'), '127.0.0.1'],
    ['a short spelling stays a name', domain('127.1'), '127.1'],
    ['an octal spelling stays a name', domain('0177.0.0.1'), '0177.0.0.1'],
    ['a zone stays a name', domain('fe80::1%eth0'), 'fe80::1%eth0'],
    ['brackets around IPv4 stay a name', domain('[127.0.0.1]'), '[127.0.0.1]'],
    ['letters keep their case', domain('Example.COM'), 'Example.COM'],
    ['a byte order mark is not swallowed', domain('\uFEFFa.example'), '\uFEFFa.example'],
    ['what is not UTF-8 becomes what no name contains', domain(hex('61ff62')), 'a\uFFFDb'],
  ])('%s', (_, bytes, host) => {
    expect(decodeTarget(bytes, 0)?.target.host).toBe(host);
    expect(decodeTarget(bytes, 0)?.end).toBe(bytes.length);
  });

  test.each([
    ['ATYP 0', '00'],
    ['ATYP 2', '02'],
    ['ATYP 5', '05'],
    ['ATYP 3 with the bit of one-time authentication', '13'],
    ['a domain of no bytes', '0300'],
    ['a domain with a NUL', '03036100620050'],
  ])('%s is refused as soon as it is seen', (_, bytes) => {
    expect(() => decodeTarget(hex(bytes), 0)).toThrow(ProtocolError);
  });

  test('every proper prefix asks for more', () => {
    for (const host of ['192.0.2.1', '2001:db8::1', 'example.com']) {
      const bytes = encodeTarget({ host, port: 443 });
      for (let length = 0; length < bytes.length; length++) {
        expect(decodeTarget(bytes.subarray(0, length), 0)).toBeUndefined();
      }
    }
  });

  test('what stands before and behind is left alone', () => {
    const bytes = concat([hex('ffffff'), encodeTarget({ host: 'example.com', port: 443 }), hex('0000')]);
    expect(decodeTarget(bytes, 3)).toEqual({
      target: { host: 'example.com', port: 443 },
      end: bytes.length - 2,
    });
  });

  test('any bytes give a target, a wish for more, or a ProtocolError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(1, 3, 4, undefined), (bytes, type) => {
        if (type !== undefined && bytes.length > 0) bytes[0] = type;
        try {
          const decoded = decodeTarget(bytes, 0);
          if (decoded !== undefined) expect(decoded.end).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });

  test('a target comes back as it went', () => {
    const host = fc.oneof(
      fc.domain(),
      fc.ipV4(),
      fc.ipV6().map((ip) => decodeTarget(domain(ip), 0)?.target.host ?? ip),
    );
    fc.assert(
      fc.property(host, fc.nat(0xffff), (name, port) => {
        const bytes = encodeTarget({ host: name, port });
        expect(decodeTarget(bytes, 0)).toEqual({ target: { host: name, port }, end: bytes.length });
      }),
    );
  });
});

describe('IP addresses as text', () => {
  const canonical = (text: string): string | undefined => decodeTarget(domain(text), 0)?.target.host;

  test.each([
    // RFC 5952 §2 and §4
    ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:DB8::AAAA:0:0', '2001:db8::aaaa:0:0'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['1::', '1::'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['::13.1.68.3', '::d01:4403'],
  ])('%s is written %s', (text, expected) => {
    expect(canonical(text)).toBe(expected);
  });

  test('what counts as an address is what Node counts as one, zones apart', () => {
    const piece = fc.constantFrom('0', '1', 'ffff', '10000', '', '255', '256', '01', 'g', '1.2.3.4', '1.2.3');
    const joined = (glue: string) => fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join(glue));
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), joined(':'), joined('.')), (text) => {
        fc.pre(text !== '' && text.length < 256);
        const bytes = encodeTarget({ host: text, port: 0 });
        expect(bytes[0] !== 3, text).toBe(isIPv4(text) || isIPv6(text));
      }),
      { numRuns: 2000 },
    );
  });

  test('writing what was read changes nothing any more', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const once = canonical(text) ?? expect.fail('no address');
        expect(canonical(once)).toBe(once);
        expect(toHex(encodeTarget({ host: once, port: 1 }))).toBe(
          toHex(encodeTarget({ host: text, port: 1 })),
        );
      }),
    );
  });
});

test('a target is written as people write it', () => {
  expect(formatTarget({ host: 'example.com', port: 443 })).toBe('example.com:443');
  expect(formatTarget({ host: '192.0.2.1', port: 80 })).toBe('192.0.2.1:80');
  expect(formatTarget({ host: '::1', port: 80 })).toBe('[::1]:80');
});

test('the reserved target is known by its name, whatever the version', () => {
  expect(isReserved(reservedTarget)).toBe(true);
  expect(isReserved({ ...reservedTarget, port: 2 })).toBe(true);
  expect(isReserved({ host: 'halflight.invalid', port: 1 })).toBe(false);
});

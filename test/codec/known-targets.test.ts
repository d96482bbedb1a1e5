import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeTarget, encodeTarget } from '../../shared/codec/address.js';
import { KnownTargets } from '../../shared/codec/known-targets.js';
import { ascii, hex, toHex } from '../support/codec.js';

/** Few enough of each that they meet again, and meet others in their places. */
const target = fc.record({
  host: fc.constantFrom(
    '192.0.2.1',
    '192.0.2.2',
    '2001:db8::1',
    'a.example',
    'b.example',
    'x',
    '::ffff:192.0.2.1',
  ),
  port: fc.constantFrom(1, 53, 64, 65, 443, 65_535),
});

test('every target is written and read as without a memory, in any order', () => {
  fc.assert(
    fc.property(fc.array(target, { minLength: 1, maxLength: 60 }), fc.nat(3), (targets, offset) => {
      const known = new KnownTargets();
      for (const each of targets) {
        const address = encodeTarget(each);
        expect(toHex(known.encode(each))).toBe(toHex(address));
        const bytes = Uint8Array.from([...new Array<number>(offset).fill(9), ...address, 7]);
        expect(known.decode(bytes, offset)).toEqual(decodeTarget(bytes, offset));
      }
    }),
  );
});

test('a target that is read again is the same object, as long as no other took its place', () => {
  const known = new KnownTargets();
  const bytes = encodeTarget({ host: 'a.example', port: 443 });
  const first = known.decode(bytes, 0)?.target;
  expect(known.decode(bytes.slice(), 0)?.target).toBe(first);
});

test('an address that is cut off is none, also when the whole one is known', () => {
  const known = new KnownTargets();
  const bytes = encodeTarget({ host: '192.0.2.1', port: 443 });
  known.decode(bytes, 0);
  for (let length = 0; length < bytes.length; length += 1) {
    expect(known.decode(bytes.subarray(0, length), 0)).toBeUndefined();
  }
});

test('what is remembered does not change with the bytes that it was read from', () => {
  const known = new KnownTargets();
  const bytes = Buffer.from(encodeTarget({ host: '192.0.2.1', port: 443 }));
  known.decode(bytes, 0);
  bytes[1] = 10;
  expect(known.decode(bytes, 0)?.target.host).toBe('10.0.2.1');
});

test('what cannot be written or read is refused each time', () => {
  const known = new KnownTargets();
  for (let time = 0; time < 2; time += 1) {
    expect(() => known.encode({ host: '', port: 1 })).toThrow(/target domain/);
    expect(() => known.decode(hex('05'), 0)).toThrow(/ATYP/);
    expect(() => known.decode(ascii('\x03\x01\0ab'), 0)).toThrow(/NUL/);
  }
});

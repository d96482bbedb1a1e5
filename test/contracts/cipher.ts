import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat } from '../../shared/bytes.js';
import type { Aead, AeadFactory } from '../../shared/codec/aead.js';
import { methods } from '../../shared/codec/methods.js';
import type { AeadName } from '../../shared/codec/methods.js';
import { AuthError } from '../../shared/errors.js';
import { byteByByte, flipBit, hex, pattern, split, toHex } from '../support/codec.js';

export const aeadNames: readonly AeadName[] = [...new Set(Object.values(methods).map(({ aead }) => aead))];

export const keyLengths: Readonly<Record<AeadName, number>> = {
  'aes-128-gcm': 16,
  'aes-256-gcm': 32,
  'chacha20-poly1305': 32,
  'xchacha20-poly1305': 32,
};

/** Messages without additional data: McGrew and Viega, "The Galois/Counter Mode of Operation", cases 1, 2, 13, 14. */
const gcmVectors: readonly (readonly [AeadName, plaintext: string, body: string, tag: string])[] = [
  ['aes-128-gcm', '', '', '58e2fccefa7e3061367f1d57a4e7455a'],
  ['aes-128-gcm', '00'.repeat(16), '0388dace60b6a392f328c2b971b2fe78', 'ab6e47d42cec13bdf53a67b21257bddf'],
  ['aes-256-gcm', '', '', '530f8afbc74536b9a963b4f1c4cb738b'],
  ['aes-256-gcm', '00'.repeat(16), 'cea7403d4d606b6e074ec5d3baf39d18', 'd0d1c8a799996bf0265b98b5d48ab919'],
];

/** What every body of the `Aead` interface has to do. */
export function cipherContract(factory: AeadFactory): void {
  describe.each(aeadNames)('%s', (name) => {
    const key = pattern(keyLengths[name], 3);
    const aead = factory(name, key);
    const nonce = pattern(aead.nonceLength, 5);

    test('what was sealed is opened again', () => {
      for (const length of [0, 1, 2, 15, 16, 17, 64, 1000, 16_383, 65_535]) {
        const plaintext = pattern(length);
        const { body, tag } = aead.seal(nonce, plaintext);
        expect(body).toHaveLength(length);
        expect(tag).toHaveLength(16);
        expect(toHex(aead.open(nonce, body, tag))).toBe(toHex(plaintext));
      }
    });

    test('it is opened in parts, however these are cut', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(50)), (plaintext, sizes) => {
          const { body, tag } = aead.seal(nonce, plaintext);
          expect(toHex(openParts(aead, nonce, split(body, sizes), body.length, tag))).toBe(toHex(plaintext));
        }),
      );
    });

    test('parts are consumed before update returns', () => {
      const plaintext = pattern(100);
      const { body, tag } = aead.seal(nonce, plaintext);
      const opening = aead.opening(nonce, body.length);
      const lent = new Uint8Array(25);
      for (const part of split(body, [25, 25, 25])) {
        lent.set(part);
        opening.update(lent);
        lent.fill(0);
      }
      expect(toHex(concat(opening.finish(tag)))).toBe(toHex(plaintext));
    });

    test('a dribbled message comes back in few pieces', () => {
      const plaintext = pattern(5000);
      const { body, tag } = aead.seal(nonce, plaintext);
      for (const parts of [
        byteByByte(body),
        split(body, new Array<number>(64).fill(10)),
        split(body, [1, 2]),
      ]) {
        const opening = aead.opening(nonce, body.length);
        for (const part of parts) opening.update(part);
        const pieces = opening.finish(tag);
        expect(pieces.length).toBeLessThanOrEqual(64);
        expect(toHex(concat(pieces))).toBe(toHex(plaintext));
      }
    });

    test('any flipped bit of nonce, body or tag is an AuthError', () => {
      const { body, tag } = aead.seal(nonce, pattern(9));
      for (let bit = 0; bit < 8 * nonce.length; bit++) {
        expect(() => aead.open(flipBit(nonce, bit), body, tag)).toThrow(AuthError);
      }
      for (let bit = 0; bit < 8 * body.length; bit++) {
        expect(() => aead.open(nonce, flipBit(body, bit), tag)).toThrow(AuthError);
      }
      for (let bit = 0; bit < 8 * tag.length; bit++) {
        expect(() => aead.open(nonce, body, flipBit(tag, bit))).toThrow(AuthError);
        expect(() => openParts(aead, nonce, [body], body.length, flipBit(tag, bit))).toThrow(AuthError);
      }
    });

    test('another key is an AuthError', () => {
      const { body, tag } = aead.seal(nonce, pattern(9));
      expect(() => factory(name, flipBit(key, 0)).open(nonce, body, tag)).toThrow(AuthError);
    });

    test.each([0, 4, 8, 12, 13, 14, 15, 17, 32])('a tag of %i bytes is an AuthError', (length) => {
      const { body, tag } = aead.seal(nonce, pattern(9));
      const cut = concat([tag, new Uint8Array(16)]).subarray(0, length);
      expect(() => aead.open(nonce, body, cut)).toThrow(AuthError);
      expect(() => openParts(aead, nonce, [body], body.length, cut)).toThrow(AuthError);
    });

    test('a message cut short or with something added is an AuthError', () => {
      const { body, tag } = aead.seal(nonce, pattern(9));
      expect(() => aead.open(nonce, body.subarray(0, 8), tag)).toThrow(AuthError);
      expect(() => openParts(aead, nonce, [], body.length, tag)).toThrow(AuthError);
      expect(() => aead.open(nonce, concat([body, hex('00')]), tag)).toThrow(AuthError);
    });

    test('key, nonce and plaintext are lent', () => {
      const lentKey = Buffer.from(key);
      const lentNonce = Buffer.from(nonce);
      const lentPlaintext = Buffer.from(pattern(9));
      const lender = factory(name, lentKey);
      lentKey.fill(0);
      const { body, tag } = lender.seal(lentNonce, lentPlaintext);
      const opening = lender.opening(lentNonce, body.length);
      lentNonce.fill(0);
      lentPlaintext.fill(0);
      opening.update(body);
      expect(toHex(concat(opening.finish(tag)))).toBe(toHex(pattern(9)));
      expect(toHex(aead.open(nonce, body, tag))).toBe(toHex(pattern(9)));
    });
  });

  test.each(gcmVectors)('%s of the published message %j', (name, plaintext, body, tag) => {
    const aead = factory(name, new Uint8Array(keyLengths[name]));
    const sealed = aead.seal(new Uint8Array(12), hex(plaintext));
    expect(toHex(sealed.body)).toBe(body);
    expect(toHex(sealed.tag)).toBe(tag);
  });
}

function openParts(
  aead: Aead,
  nonce: Uint8Array,
  parts: readonly Uint8Array[],
  length: number,
  tag: Uint8Array,
): Uint8Array {
  const opening = aead.opening(nonce, length);
  for (const part of parts) opening.update(part);
  return concat(opening.finish(tag));
}

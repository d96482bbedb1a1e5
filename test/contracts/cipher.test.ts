import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blockCiphers, cipherBackends } from '../../shared/codec/aead.js';
import { backends, hex, pattern, toHex } from '../support/codec.js';
import { aeadNames, cipherContract, keyLengths } from './cipher.js';

describe.each(backends)('the contract of ciphers, %s', (backend) => {
  cipherContract(cipherBackends[backend]);
});

test.each(aeadNames)('%s: both backends make identical bytes', (name) => {
  const key = pattern(keyLengths[name], 11);
  const native = cipherBackends.native(name, key);
  const noble = cipherBackends.noble(name, key);
  expect(native.nonceLength).toBe(noble.nonceLength);
  const nonces = fc.uint8Array({ minLength: native.nonceLength, maxLength: native.nonceLength });
  fc.assert(
    fc.property(nonces, fc.uint8Array({ maxLength: 300 }), (nonce, plaintext) => {
      const one = native.seal(nonce, plaintext);
      const other = noble.seal(nonce, plaintext);
      expect(toHex(one.body)).toBe(toHex(other.body));
      expect(toHex(one.tag)).toBe(toHex(other.tag));
      expect(toHex(noble.open(nonce, one.body, one.tag))).toBe(toHex(plaintext));
    }),
  );
});

describe.each(backends)('AES a block at a time, %s', (backend) => {
  // FIPS 197, appendix C.1 and C.3.
  test.each([
    ['000102030405060708090a0b0c0d0e0f', '69c4e0d86a7b0430d8cdb78070b4c55a'],
    ['000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', '8ea2b7ca516745bfeafc49904b496089'],
  ])('key %s', (key, sealed) => {
    const plain = '00112233445566778899aabbccddeeff';
    const lent = Buffer.from(key, 'hex');
    const cipher = blockCiphers[backend](lent);
    lent.fill(0);
    // Again and again: one object serves every packet, and no block may depend on the one before.
    for (let times = 0; times < 3; times++) {
      expect(toHex(cipher.encrypt(hex(plain)))).toBe(sealed);
      expect(toHex(cipher.decrypt(hex(sealed)))).toBe(plain);
    }
  });
});

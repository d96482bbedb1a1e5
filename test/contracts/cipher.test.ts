import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cipherBackends } from '../../shared/codec/aead.js';
import { backends, pattern, toHex } from '../support/codec.js';
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

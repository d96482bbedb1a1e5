import { hkdf } from '@noble/hashes/hkdf.js';
import { md5, sha1 } from '@noble/hashes/legacy.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { masterKey, sessionSubkey } from '../../shared/codec/keys.js';
import { ascii, methods2017, toHex } from '../support/codec.js';

test.each(methods2017)('subkeys of $name are those that HKDF-SHA1 of @noble makes', (method) => {
  const { keyLength, saltLength } = method;
  const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
    fc.uint8Array({ minLength: length, maxLength: length });
  fc.assert(
    fc.property(bytes(keyLength), bytes(saltLength), (key, salt) => {
      const expected = hkdf(sha1, key, salt, ascii('ss-subkey'), keyLength);
      expect(toHex(sessionSubkey(method, key, salt))).toBe(toHex(expected));
    }),
  );
});

test.each(methods2017)('the first 16 bytes of the key of $name are the MD5 of the password', (method) => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (password) => {
      expect(toHex(masterKey(method, password).subarray(0, 16))).toBe(toHex(md5(ascii(password))));
    }),
  );
});

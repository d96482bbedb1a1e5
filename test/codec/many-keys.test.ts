import { describe, expect, it } from 'vitest';
import { nativeAead } from '../../shared/codec/aead-native.js';
import { nobleAead } from '../../shared/codec/aead-noble.js';

describe('a native cipher', () => {
  it('seals and opens as before when thousands of others have been used since', () => {
    const key = (seed: number): Uint8Array => new Uint8Array(32).fill(seed).fill(seed >> 8, 0, 2);
    const nonce = new Uint8Array(12);
    const words = Buffer.from('words');
    const ciphers = Array.from({ length: 2_500 }, (_, seed) => nativeAead('aes-256-gcm', key(seed)));
    for (let round = 0; round < 3; round++) {
      for (const [seed, cipher] of ciphers.entries()) {
        const { body, tag } = cipher.seal(nonce, words);
        if (seed % 500 === 0)
          expect({ body, tag }).toEqual(bytesOf(nobleAead('aes-256-gcm', key(seed)).seal(nonce, words)));
        expect(Buffer.from(cipher.open(nonce, body, tag)).toString()).toBe('words');
      }
    }
  });
});

function bytesOf({ body, tag }: { readonly body: Uint8Array; readonly tag: Uint8Array }): object {
  return { body: Buffer.from(body), tag: Buffer.from(tag) };
}

/** The one AEAD that OpenSSL lacks, on the one of its family that it has. */
import { hchacha } from '@noble/ciphers/chacha.js';
import type { Aead } from './aead.js';
import { nativeAead } from './aead-native.js';
import { PlainLengths } from './lengths.js';

/**
 * XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03 §2.3), which OpenSSL lacks: HChaCha20 of the key and the first 16
 * bytes of the nonce makes the key for ordinary ChaCha20-Poly1305, whose nonce is 4 zeros and the last 8 bytes. The
 * key is copied.
 */
export function extendedAead(key: Uint8Array): Aead {
  const keyWords = words(key);
  const under = (nonce: Uint8Array): Aead => {
    const subkey = new Uint32Array(8);
    hchacha(sigma, keyWords, words(nonce.subarray(0, 16)), subkey);
    return nativeAead('chacha20-poly1305', new Uint8Array(subkey.buffer));
  };
  const rest = (nonce: Uint8Array): Uint8Array => {
    const short = new Uint8Array(12);
    short.set(nonce.subarray(16), 4);
    return short;
  };
  const whole: Pick<Aead, 'seal' | 'open'> = {
    seal: (nonce, plaintext) => under(nonce).seal(rest(nonce), plaintext),
    open: (nonce, ciphertext, tag) => under(nonce).open(rest(nonce), ciphertext, tag),
  };
  return {
    ...whole,
    nonceLength: 24,
    lengths: () => new PlainLengths(whole),
    opening: (nonce, length) => under(nonce).opening(rest(nonce), length),
  };
}

const sigma = words(new TextEncoder().encode('expand 32-byte k'));

/** A copy as words in memory order, which is the order that hchacha takes on every machine. */
function words(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(new Uint8Array(bytes).buffer);
}

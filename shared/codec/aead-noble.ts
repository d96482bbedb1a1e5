/**
 * The AEADs in plain TypeScript (@noble/ciphers): the reference that the native ones are held against, and a way out
 * for a Node whose OpenSSL lacks a cipher.
 */
import { ecb, gcm } from '@noble/ciphers/aes.js';
import { chacha20poly1305, xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { concat } from '../bytes.js';
import { AuthError } from '../errors.js';
import type { Aead, BlockCipher, Opening, Sealed } from './aead.js';
import { type Lengths, PlainLengths } from './lengths.js';
import { tagLength } from './methods.js';
import type { AeadName } from './methods.js';

interface OneMessage {
  encrypt(plaintext: Uint8Array): Uint8Array;
  decrypt(sealed: Uint8Array): Uint8Array;
}

interface Row {
  readonly nonceLength: 12 | 24;
  readonly cipher: (key: Uint8Array, nonce: Uint8Array) => OneMessage;
}

const rows = {
  'aes-128-gcm': { nonceLength: 12, cipher: gcm },
  'aes-256-gcm': { nonceLength: 12, cipher: gcm },
  'chacha20-poly1305': { nonceLength: 12, cipher: chacha20poly1305 },
  'xchacha20-poly1305': { nonceLength: 24, cipher: xchacha20poly1305 },
} satisfies Record<AeadName, Row>;

/** The named cipher on @noble/ciphers. The key is copied. */
export function nobleAead(name: AeadName, key: Uint8Array): Aead {
  const { nonceLength, cipher } = rows[name];
  const ownKey = new Uint8Array(key);

  function open(nonce: Uint8Array, ciphertext: Uint8Array, tag: Uint8Array): Uint8Array {
    const message = cipher(ownKey, nonce);
    // Checked here because a joined message would hide where the ciphertext ends and a short tag begins.
    if (tag.length !== tagLength) throw new AuthError(`tag: expected ${tagLength} bytes, got ${tag.length}`);
    try {
      return message.decrypt(concat([ciphertext, tag]));
    } catch {
      throw new AuthError('tag: expected one made with our key, got another');
    }
  }

  function seal(nonce: Uint8Array, plaintext: Uint8Array): Sealed {
    const sealed = cipher(ownKey, nonce).encrypt(plaintext);
    return { body: sealed.subarray(0, plaintext.length), tag: sealed.subarray(plaintext.length) };
  }

  return {
    nonceLength,
    seal,
    open,
    lengths: (): Lengths => new PlainLengths({ seal, open }),
    opening(nonce, length) {
      const ownNonce = new Uint8Array(nonce);
      return gathering(length, (ciphertext, tag) => open(ownNonce, ciphertext, tag));
    },
  };
}

/** An opening for a cipher that wants its message whole. */
function gathering(length: number, open: (ciphertext: Uint8Array, tag: Uint8Array) => Uint8Array): Opening {
  const ciphertext = new Uint8Array(length);
  let filled = 0;
  return {
    update(part) {
      ciphertext.set(part, filled);
      filled += part.length;
    },
    finish: (tag) => [open(ciphertext.subarray(0, filled), tag)],
  };
}

/** AES on @noble/ciphers, a block at a time. The key is copied. */
export function nobleBlockCipher(key: Uint8Array): BlockCipher {
  const ownKey = new Uint8Array(key);
  const cipher = (): OneMessage => ecb(ownKey, { disablePadding: true });
  return {
    encrypt: (block) => cipher().encrypt(block),
    decrypt: (block) => cipher().decrypt(block),
  };
}

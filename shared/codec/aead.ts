/**
 * The one small interface behind which the ciphers sit, and the table of those who can play it.
 *
 * Additional data is always empty and a tag is always 16 bytes, in every edition; neither appears here. Nothing is
 * released before its tag has been checked: neither body has a way to ask for it.
 */
import { nativeAead, nativeBlockCipher } from './aead-native.js';
import type { Lengths } from './lengths.js';
import type { AeadName, Method } from './methods.js';

/** A sealed message in two parts, so that a large body need not be copied to stand next to its tag. Owned by the caller. */
export interface Sealed {
  /** As long as the plaintext. */
  readonly body: Uint8Array;
  /** 16 bytes. */
  readonly tag: Uint8Array;
}

/** A message that is opened while it arrives. */
export interface Opening {
  /** Takes the next part of the ciphertext. It is lent: consumed before this returns. */
  update(part: Uint8Array): void;
  /**
   * The plaintext, in order and in pieces that the caller owns, once all of the ciphertext has been seen.
   *
   * @throws AuthError when the tag does not match; the plaintext is gone then.
   */
  finish(tag: Uint8Array): readonly Uint8Array[];
}

/** One key of one cipher. All arguments are lent. The caller answers for never using a nonce twice. */
export interface Aead {
  /** In bytes. */
  readonly nonceLength: 12 | 24;
  seal(nonce: Uint8Array, plaintext: Uint8Array): Sealed;
  /**
   * The plaintext, owned by the caller.
   *
   * @throws AuthError when the tag does not match.
   */
  open(nonce: Uint8Array, ciphertext: Uint8Array, tag: Uint8Array): Uint8Array;
  /** Begins a message of `length` bytes (without the tag) that comes in parts. */
  opening(nonce: Uint8Array, length: number): Opening;
  /** For the lengths of the chunks of one stream, under the same key. */
  lengths(): Lengths;
}

/** Whose arithmetic is used. */
export type CipherBackend = 'native' | 'noble';

/** Makes the cipher of that name with that key; the key is lent. */
export type AeadFactory = (name: AeadName, key: Uint8Array) => Aead;

/** What most never need, and what takes a quarter of a start to load. */
const rarer: { noble?: typeof import('./aead-noble.js'); extended?: typeof import('./aead-extended.js') } =
  {};

/** Settles when the ciphers of a method can be made; whoever makes the first of a method and a backend has to wait for it. */
export async function loadCiphers(method: Method, backend: CipherBackend): Promise<void> {
  if (backend === 'noble') rarer.noble ??= await import('./aead-noble.js');
  // Packets of a 2022 method that has ChaCha20 in its name have its extended form (SIP022 §3.2.2).
  else if (method.aead.includes('chacha')) rarer.extended ??= await import('./aead-extended.js');
}

function loaded<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('ciphers: expected them to be loaded, got a call before that');
  return part;
}

/** OpenSSL through node:crypto, and the reference in plain TypeScript: identical bytes, one thirtieth of the speed. */
export const cipherBackends: Readonly<Record<CipherBackend, AeadFactory>> = {
  native: (name, key) =>
    name === 'xchacha20-poly1305' ? loaded(rarer.extended).extendedAead(key) : nativeAead(name, key),
  noble: (name, key) => loaded(rarer.noble).nobleAead(name, key),
};

/**
 * AES without a mode and without a tag, for the one block of a packet that needs neither: its separate header, which
 * no key ever meets twice and whose content the sealed body vouches for (SIP022 §3.2.2).
 */
export interface BlockCipher {
  /** 16 bytes of 16 bytes, owned by the caller. */
  encrypt(block: Uint8Array): Uint8Array;
  /** The same, backwards. */
  decrypt(block: Uint8Array): Uint8Array;
}

/** AES with that key of 16 or 32 bytes, which is lent. */
export const blockCiphers: Readonly<Record<CipherBackend, (key: Uint8Array) => BlockCipher>> = {
  native: nativeBlockCipher,
  noble: (key) => loaded(rarer.noble).nobleBlockCipher(key),
};

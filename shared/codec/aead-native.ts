/**
 * The AEADs on OpenSSL, and the only file that may touch `createCipheriv` and `createDecipheriv`.
 *
 * Both are given `authTagLength: 16` (without it GCM accepts a tag of 4 bytes) and, for the second message of a key and
 * all after it, a `KeyObject` (raw key bytes cost up to three times as much per call). `update()` hands out plaintext before the tag is known to be right, so what it
 * returns stays in here until `final()` has passed.
 */
import { createCipheriv, createDecipheriv, createSecretKey, KeyObject } from 'node:crypto';
import type { CipherGCMTypes, DecipherGCM } from 'node:crypto';
import { AuthError } from '../errors.js';
import type { Aead, BlockCipher, Opening, Sealed } from './aead.js';
import { type AesGcm, GcmLengths, type Lengths, PlainLengths } from './lengths.js';
import { tagLength } from './methods.js';
import type { AeadName } from './methods.js';

/**
 * Whether the bytes of a key that is used once cost less than making a `KeyObject` of them: a fifth of the time of a 2017
 * packet on Node 20, little on 22. Node 24 makes one of its own out of bytes each time, and takes half as long again;
 * it is known by a method that came with 23.
 */
const bytesAreCheap = !('toCryptoKey' in KeyObject.prototype);

/**
 * So many `KeyObject`s are kept, those made last: each takes 1 KiB, twice in a conversation, which may be one of ten
 * thousand that are idle, and making it again takes 2 µs.
 */
const mostObjects = 1024;
const keepers: NativeAead[] = [];
let oldest = 0;

const gcmOptions = { authTagLength: tagLength };

/**
 * A message that dribbles in is gathered from this many pieces on: each piece costs some hundred bytes beside its
 * own, and a peer that sends single bytes must not turn 64 KiB into 20 MiB.
 */
const maxPieces = 64;

/** The ciphers that OpenSSL has. */
export type NativeName = Exclude<AeadName, 'xchacha20-poly1305'>;

/** The named cipher on node:crypto. The key is copied. */
export function nativeAead(name: NativeName, key: Uint8Array): Aead {
  return new NativeAead(name, key);
}

class NativeAead implements Aead, AesGcm {
  readonly nonceLength = 12;
  readonly #algorithm: CipherGCMTypes;
  readonly #bytes: Uint8Array;
  /** From the second message on. */
  #object: KeyObject | undefined;
  #begun: boolean = !bytesAreCheap;

  constructor(algorithm: NativeName, key: Uint8Array) {
    // The typings give ChaCha20-Poly1305 overloads of its own; OpenSSL drives it through the same calls as GCM.
    this.#algorithm = algorithm as CipherGCMTypes;
    this.#bytes = new Uint8Array(key);
  }

  /** What the next message is sealed or opened with. */
  #key(): KeyObject | Uint8Array {
    if (this.#begun) return this.#object ?? this.#makeObject();
    this.#begun = true;
    return this.#bytes;
  }

  #makeObject(): KeyObject {
    const before = keepers[oldest];
    if (before !== undefined) before.#object = undefined;
    keepers[oldest] = this;
    oldest = (oldest + 1) % mostObjects;
    return (this.#object = createSecretKey(this.#bytes));
  }

  seal(nonce: Uint8Array, plaintext: Uint8Array): Sealed {
    const cipher = createCipheriv(this.#algorithm, this.#key(), nonce, gcmOptions);
    const body = cipher.update(plaintext);
    cipher.final();
    return { body, tag: cipher.getAuthTag() };
  }

  open(nonce: Uint8Array, ciphertext: Uint8Array, tag: Uint8Array): Uint8Array {
    const decipher = createDecipheriv(this.#algorithm, this.#key(), nonce, gcmOptions);
    const plaintext = decipher.update(ciphertext);
    checkTag(decipher, tag);
    return plaintext;
  }

  lengths(): Lengths {
    return this.#algorithm.endsWith('gcm') ? new GcmLengths(this) : new PlainLengths(this);
  }

  aes(): (blocks: Uint8Array) => Uint8Array {
    const bits = 8 * this.#bytes.length;
    const aes = createCipheriv(`aes-${bits}-ecb`, this.#key(), null).setAutoPadding(false);
    return (blocks) => aes.update(blocks);
  }

  opening(nonce: Uint8Array, length: number): Opening {
    return new NativeOpening(createDecipheriv(this.#algorithm, this.#key(), nonce, gcmOptions), length);
  }
}

class NativeOpening implements Opening {
  readonly #decipher: DecipherGCM;
  readonly #length: number;
  #pieces: Uint8Array[] = [];
  #gathered: Uint8Array | undefined;
  #filled = 0;

  constructor(decipher: DecipherGCM, length: number) {
    this.#decipher = decipher;
    this.#length = length;
  }

  update(part: Uint8Array): void {
    const piece = this.#decipher.update(part);
    if (this.#gathered === undefined && this.#pieces.length < maxPieces) this.#pieces.push(piece);
    else this.#gather(piece);
  }

  finish(tag: Uint8Array): readonly Uint8Array[] {
    checkTag(this.#decipher, tag);
    return this.#pieces;
  }

  #gather(piece: Uint8Array): void {
    if (this.#gathered === undefined) {
      this.#gathered = new Uint8Array(this.#length);
      for (const earlier of this.#pieces) this.#append(this.#gathered, earlier);
      this.#pieces = [this.#gathered];
    }
    this.#append(this.#gathered, piece);
  }

  #append(gathered: Uint8Array, piece: Uint8Array): void {
    gathered.set(piece, this.#filled);
    this.#filled += piece.length;
  }
}

/** The tag is set as late as this, so that one path serves messages whose tag arrives long after their beginning. */
function checkTag(decipher: DecipherGCM, tag: Uint8Array): void {
  try {
    decipher.setAuthTag(tag).final();
  } catch {
    throw new AuthError('tag: expected one made with our key, got another');
  }
}

/**
 * AES on node:crypto, a block at a time. In ECB no block depends on the one before, so one object of each direction
 * serves every packet, at a tenth of what making one costs.
 */
export function nativeBlockCipher(key: Uint8Array): BlockCipher {
  const algorithm = `aes-${8 * key.length}-ecb`;
  const secret = createSecretKey(key);
  const cipher = createCipheriv(algorithm, secret, null).setAutoPadding(false);
  const decipher = createDecipheriv(algorithm, secret, null).setAutoPadding(false);
  return {
    encrypt: (block) => cipher.update(block),
    decrypt: (block) => decipher.update(block),
  };
}

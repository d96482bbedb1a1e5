/**
 * How the lengths of chunks are sealed: two bytes and their tag, at every second nonce of a stream.
 *
 * A cipher of node:crypto has to be made anew for each message, which takes 3 µs: for two bytes that is nearly all of
 * it, and as much as sealing 12 KiB. Of AES-GCM (NIST SP 800-38D §7) two bytes need so little that it is done here, on
 * an AES that is made once for each stream: the nonces are known beforehand, so the masks of many lengths are one call,
 * and as all these messages have one length, their GHASH is a sum of at most 17 words known from the start.
 */
import { readU16, startsWith, writeU16 } from '../bytes.js';
import { AuthError } from '../errors.js';
import type { Aead } from './aead.js';
import { tagLength } from './methods.js';

/** Seals or opens the lengths of one stream, in order. All arguments are lent. */
export interface Lengths {
  /** Puts the sealed length, body and tag, 18 bytes, into `frame` from `at` on. */
  seal(nonce: Uint8Array, length: number, frame: Uint8Array, at: number): void;
  /**
   * The length in those 18 bytes.
   *
   * @throws AuthError when the tag does not match.
   */
  open(nonce: Uint8Array, sealed: Uint8Array): number;
}

/** Lengths as messages like any other. */
export class PlainLengths implements Lengths {
  readonly #aead: Pick<Aead, 'seal' | 'open'>;

  constructor(aead: Pick<Aead, 'seal' | 'open'>) {
    this.#aead = aead;
  }

  seal(nonce: Uint8Array, length: number, frame: Uint8Array, at: number): void {
    writeU16(plainLength, 0, length);
    const { body, tag } = this.#aead.seal(nonce, plainLength);
    frame.set(body, at);
    frame.set(tag, at + 2);
  }

  open(nonce: Uint8Array, sealed: Uint8Array): number {
    return readU16(this.#aead.open(nonce, sealed.subarray(0, 2), sealed.subarray(2)), 0);
  }
}

/** Where every sealer writes a length: it is sealed before anybody else can want the place. */
const plainLength = new Uint8Array(2);

/** An AES-GCM, and the AES in it. */
export interface AesGcm extends Pick<Aead, 'seal' | 'open'> {
  /** A new AES with the same key, without a mode: it encrypts whole blocks one behind the other, which the caller owns. */
  aes(): (blocks: Uint8Array) => Uint8Array;
}

/** Streams that are shorter need no AES of their own, nor the memory of it. */
const firstOnes = 16;

/** Lengths under AES-GCM. */
export class GcmLengths implements Lengths {
  readonly #aead: AesGcm;
  #now: Lengths;
  #left = firstOnes;

  constructor(aead: AesGcm) {
    this.#aead = aead;
    this.#now = new PlainLengths(aead);
  }

  seal(nonce: Uint8Array, length: number, frame: Uint8Array, at: number): void {
    this.#count();
    this.#now.seal(nonce, length, frame, at);
  }

  open(nonce: Uint8Array, sealed: Uint8Array): number {
    this.#count();
    return this.#now.open(nonce, sealed);
  }

  #count(): void {
    if (this.#left === 0) this.#now = new MaskedLengths(this.#aead.aes());
    this.#left -= 1;
  }
}

const block = 16;
const words = block / 4;
/** Lengths whose masks are made at once. */
const ahead = 32;
/** Of each length two blocks are encrypted: one hides its tag, the other itself. */
const maskWords = 2 * words;

/** What every element of the field is a sum of, to be shifted and added as words in memory order. */
type Element = Uint32Array;

class MaskedLengths implements Lengths {
  readonly #aes: ReturnType<AesGcm['aes']>;
  /** What each bit of the two sealed bytes adds to the tag: H² · xⁱ. */
  readonly #bits: Uint32Array = new Uint32Array(8 * 2 * words);
  /** What the block of lengths behind them adds: (no other data, 16 bits) · H. */
  readonly #sizes: Element;
  #masks: Uint32Array = new Uint32Array(0);
  #at = 0;
  /** Whose mask is the next one. */
  readonly #next: Uint8Array = new Uint8Array(12);

  constructor(aes: ReturnType<AesGcm['aes']>) {
    this.#aes = aes;
    const h = aes(new Uint8Array(block));
    const sizes = new Uint8Array(block);
    sizes[block - 1] = 8 * 2;
    this.#sizes = new Uint32Array(product(sizes, h).buffer);
    let power = product(h, h);
    for (let bit = 0; bit < 8 * 2; bit++) {
      this.#bits.set(new Uint32Array(power.buffer), bit * words);
      power = timesX(power);
    }
  }

  seal(nonce: Uint8Array, length: number, frame: Uint8Array, at: number): void {
    const mask = this.#maskOf(nonce);
    const sealed = length ^ this.#hides(mask);
    writeU16(frame, at, sealed);
    this.#putTag(mask, sealed);
    frame.set(tag, at + 2);
  }

  open(nonce: Uint8Array, sealed: Uint8Array): number {
    const mask = this.#maskOf(nonce);
    const hidden = readU16(sealed, 0);
    this.#putTag(mask, hidden);
    let differs = 0;
    for (let at = 0; at < tagLength; at++) differs |= (tag[at] ?? 0) ^ (sealed[2 + at] ?? 0);
    if (differs !== 0) throw new AuthError('tag: expected one made with our key, got another');
    return hidden ^ this.#hides(mask);
  }

  /** Where the masks of this nonce are. */
  #maskOf(nonce: Uint8Array): number {
    if (this.#at === this.#masks.length || !startsWith(nonce, 0, this.#next)) this.#foresee(nonce);
    const mask = this.#at;
    this.#at += maskWords;
    addTwo(this.#next);
    return mask;
  }

  /** Makes the masks of this nonce and of every second one that follows: between them are those of the payloads. */
  #foresee(nonce: Uint8Array): void {
    this.#next.set(nonce);
    const counter = Uint8Array.from(nonce);
    for (let start = 0; start < blocks.length; start += 2 * block) {
      for (const number of [1, 2]) {
        const at = start + (number - 1) * block;
        blocks.set(counter, at);
        blocks[at + block - 1] = number;
      }
      addTwo(counter);
    }
    // A copy, so that the words begin where words may begin.
    this.#masks = new Uint32Array(new Uint8Array(this.#aes(blocks)).buffer);
    this.#at = 0;
  }

  #hides(mask: number): number {
    maskBytes[0] = this.#masks[mask + words] ?? 0;
    return readU16(maskView, 0);
  }

  /** The tag of two sealed bytes C, C · H² ⊕ sizes · H (SP 800-38D §6.4), hidden by the first block. */
  #putTag(mask: number, sealed: number): void {
    for (let word = 0; word < words; word++) {
      tagWords[word] = (this.#masks[mask + word] ?? 0) ^ (this.#sizes[word] ?? 0);
    }
    for (let bit = 0; bit < 8 * 2; bit++) {
      if ((sealed & (0x8000 >>> bit)) === 0) continue;
      for (let word = 0; word < words; word++) {
        tagWords[word] = (tagWords[word] ?? 0) ^ (this.#bits[bit * words + word] ?? 0);
      }
    }
  }
}

/** What is encrypted at once: of each nonce the blocks 1 and 2. The bytes between are never written. */
const blocks = new Uint8Array(2 * ahead * block);
/** The one tag that is being made or compared. */
const tagWords = new Uint32Array(words);
const tag = new Uint8Array(tagWords.buffer);
const maskBytes = new Uint32Array(1);
const maskView = new Uint8Array(maskBytes.buffer);

/** Two further for the counter of a stream, which is little-endian. */
function addTwo(counter: Uint8Array): void {
  let carry = 2;
  for (let at = 0; at < counter.length && carry > 0; at++) {
    carry += counter[at] ?? 0;
    counter[at] = carry & 0xff;
    carry >>>= 8;
  }
}

/** An element times x: bits go from the left to the right (SP 800-38D §6.3). A new one. */
function timesX(element: Uint8Array): Uint8Array {
  const shifted = new Uint8Array(block);
  let carry = 0;
  for (let at = 0; at < block; at++) {
    const byte = element[at] ?? 0;
    shifted[at] = (carry << 7) | (byte >>> 1);
    carry = byte & 1;
  }
  shifted[0] = (shifted[0] ?? 0) ^ (0xe1 & -carry);
  return shifted;
}

/** The product in the field. It takes the same steps for all elements: they are secret. */
function product(one: Uint8Array, other: Uint8Array): Uint8Array {
  const sum = new Uint8Array(block);
  let power: Uint8Array = other;
  for (let bit = 0; bit < 8 * block; bit++) {
    const mask = -(((one[bit >>> 3] ?? 0) >>> (7 - (bit & 7))) & 1);
    for (let at = 0; at < block; at++) sum[at] = (sum[at] ?? 0) ^ ((power[at] ?? 0) & mask);
    power = timesX(power);
  }
  return sum;
}

/**
 * Chunks: the framing that both editions share (SIP004, SIP022 §3.1.3), and half of the hot path.
 *
 * ```
 *   ┌────────────────────────┬──────────────────────────────┐
 *   │ length chunk           │ payload chunk                │
 *   │ n, u16 big-endian │ tag│ payload                 │ tag│   each part sealed with the next nonce
 *   │ 2                   16 │ n                         16 │
 *   └────────────────────────┴──────────────────────────────┘
 * ```
 *
 * A large payload is sealed where it lies and opened as it arrives: its bytes are written once, by the cipher. Only
 * what is smaller than a system call is worth copying, so a small chunk becomes one piece.
 */
import { AuthError, ProtocolError } from '../errors.js';
import type { Aead, Opening, Sealed } from './aead.js';
import type { Lengths } from './lengths.js';
import { tagLength } from './methods.js';
import { NonceCounter } from './nonce.js';

/** Bytes of a length chunk. */
export const lengthChunk: number = 2 + tagLength;

/** A payload up to here is copied to stand in one piece with its framing. */
export const smallPayload = 2048;

/** Chunks stay this small until so many bytes have been sealed: on a slow link the first bytes reach the reader early. */
const earlyPayload = 0x4000;
const earlyBytes = 0x40000;

/** A chunk without payload means nothing on the standard wire; more of them than this in a row are an attack. */
export const maxEmptyChunks = 16;

/** Seals one direction of a stream. */
export class ChunkSealer {
  readonly #aead: Aead;
  readonly #lengths: Lengths;
  readonly #maxPayload: number;
  readonly #nonce: NonceCounter;
  #sealed = 0;

  /** `maxPayload` is the method's; `nonce` is that of a stream whose headers have taken some already. */
  constructor(aead: Aead, maxPayload: number, options: { readonly nonce?: NonceCounter } = {}) {
    this.#aead = aead;
    this.#lengths = aead.lengths();
    this.#maxPayload = maxPayload;
    this.#nonce = options.nonce ?? new NonceCounter(new Uint8Array(aead.nonceLength));
  }

  /**
   * Pushes the payload as chunks of nearly the same size, none for an empty one. The payload is lent; the pieces
   * pushed are the caller's: one for a small payload, otherwise framing and bodies by turns.
   */
  seal(payload: Uint8Array, out: Uint8Array[]): void {
    if (payload.length === 0) return;
    if (payload.length <= smallPayload) out.push(this.#sealWhole(payload));
    else this.#sealBulk(payload, out);
    this.#sealed += payload.length;
  }

  /** Pushes the end mark of the raw wire: a chunk without payload. */
  end(out: Uint8Array[]): void {
    out.push(this.#sealWhole(empty));
  }

  /**
   * Pushes a length that no payload follows, so that the end of the stream is seen to be a truncation even where
   * there are no end marks. Nothing may be sealed after it.
   */
  cut(out: Uint8Array[]): void {
    const frame = new Uint8Array(lengthChunk);
    this.#putLength(frame, 0, 1);
    out.push(frame);
  }

  /** A payload chunk alone, for a header that has told its length. */
  sealPayload(payload: Uint8Array): Sealed {
    return this.#aead.seal(this.#nonce.take(), payload);
  }

  /** How many of `length` bytes go into the next chunk, when all of them are to be split evenly. */
  share(length: number): number {
    const limit = this.#sealed < earlyBytes ? Math.min(earlyPayload, this.#maxPayload) : this.#maxPayload;
    return Math.ceil(length / Math.ceil(length / limit));
  }

  #sealBulk(payload: Uint8Array, out: Uint8Array[]): void {
    const share = this.share(payload.length);
    let frame = new Uint8Array(lengthChunk);
    for (let start = 0; start < payload.length; start += share) {
      const part = payload.subarray(start, start + share);
      this.#putLength(frame, frame.length - lengthChunk, part.length);
      const { body, tag } = this.sealPayload(part);
      out.push(frame, body);
      if (start + share >= payload.length) {
        out.push(tag);
      } else {
        frame = new Uint8Array(tagLength + lengthChunk);
        frame.set(tag);
      }
    }
  }

  #sealWhole(payload: Uint8Array): Uint8Array {
    const chunk = new Uint8Array(lengthChunk + payload.length + tagLength);
    this.#putLength(chunk, 0, payload.length);
    const { body, tag } = this.sealPayload(payload);
    chunk.set(body, lengthChunk);
    chunk.set(tag, lengthChunk + payload.length);
    return chunk;
  }

  #putLength(frame: Uint8Array, at: number, length: number): void {
    this.#lengths.seal(this.#nonce.take(), length, frame, at);
  }
}

const empty = new Uint8Array(0);
/** What a {@link ChunkOpener} has to know beyond its key. */
export interface ChunkOpenerOptions {
  /** A chunk without payload ends the conversation (raw wire); otherwise it is skipped. */
  readonly endMarks: boolean;
  /** The counter of a stream whose headers have taken some nonces already. */
  readonly nonce?: NonceCounter;
  /** The length of the first payload, when a header has told it. */
  readonly firstLength?: number;
}

/** Opens one direction of a stream, in whatever portions it arrives. */
export class ChunkOpener {
  readonly #aead: Aead;
  readonly #lengths: Lengths;
  readonly #maxPayload: number;
  readonly #endMarks: boolean;
  readonly #nonce: NonceCounter;
  /** The beginning of a length chunk or of a tag that came in parts; most streams never need it. */
  #stash: Uint8Array | undefined;
  #stashed = 0;
  /** The payload chunk that is being read, its length, and how much of it is still to come. */
  #opening: Opening | undefined;
  #length = 0;
  #missing = 0;
  #emptyChunks = 0;
  #ended = false;
  #failed = false;

  constructor(aead: Aead, maxPayload: number, options: ChunkOpenerOptions) {
    this.#aead = aead;
    this.#lengths = aead.lengths();
    this.#maxPayload = maxPayload;
    this.#endMarks = options.endMarks;
    this.#nonce = options.nonce ?? new NonceCounter(new Uint8Array(aead.nonceLength));
    if (options.firstLength !== undefined) this.#begin(options.firstLength);
  }

  /** An end mark has been met. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Nothing is pending: an EOF here cuts no chunk in two. */
  get atBoundary(): boolean {
    return this.#opening === undefined && this.#stashed === 0;
  }

  /** Goes on behind the end mark. */
  next(): void {
    this.#ended = false;
  }

  /**
   * Opens all chunks that `bytes` complete, pushes their payloads as pieces the caller owns, and returns how many
   * bytes that took: all of them, unless an end mark came, behind which it stops. `bytes` is lent.
   *
   * @throws AuthError for a tag that does not match, ProtocolError for an authentic length above the limit or too
   * many empty chunks in a row. Whole chunks before it stay in `out`; nothing can be opened afterwards.
   */
  open(bytes: Uint8Array, out: Uint8Array[]): number {
    if (this.#failed)
      throw new AuthError('stream: expected nothing more after a chunk that was refused, got bytes');
    // Left standing by every throw below: a counter that has passed a bad chunk must not be tried on what follows.
    this.#failed = true;
    let at = 0;
    while (at < bytes.length && !this.#ended) {
      at =
        this.#opening === undefined
          ? this.#readLength(bytes, at)
          : this.#readPayload(this.#opening, bytes, at, out);
    }
    this.#failed = false;
    return at;
  }

  #readLength(bytes: Uint8Array, at: number): number {
    const end = Math.min(at + lengthChunk - this.#stashed, bytes.length);
    const sealed = this.#complete(bytes.subarray(at, end), lengthChunk);
    if (sealed !== undefined) {
      this.#begin(this.#lengths.open(this.#nonce.take(), sealed));
    }
    return end;
  }

  #readPayload(opening: Opening, bytes: Uint8Array, at: number, out: Uint8Array[]): number {
    if (this.#missing > 0) {
      const end = Math.min(at + this.#missing, bytes.length);
      opening.update(bytes.subarray(at, end));
      this.#missing -= end - at;
      return end;
    }
    const end = Math.min(at + tagLength - this.#stashed, bytes.length);
    const tag = this.#complete(bytes.subarray(at, end), tagLength);
    if (tag !== undefined) this.#finish(opening.finish(tag), out);
    return end;
  }

  /** The `length` bytes that `part` completes, lent; undefined, and `part` put by, when some are still to come. */
  #complete(part: Uint8Array, length: number): Uint8Array | undefined {
    if (part.length === length) return part;
    this.#stash ??= new Uint8Array(lengthChunk);
    this.#stash.set(part, this.#stashed);
    this.#stashed += part.length;
    if (this.#stashed < length) return undefined;
    this.#stashed = 0;
    return this.#stash.subarray(0, length);
  }

  #begin(length: number): void {
    if (length > this.#maxPayload) {
      throw new ProtocolError(`chunk length: expected at most ${this.#maxPayload}, got ${length}`);
    }
    this.#length = length;
    this.#missing = length;
    this.#opening = this.#aead.opening(this.#nonce.take(), length);
  }

  #finish(pieces: readonly Uint8Array[], out: Uint8Array[]): void {
    this.#opening = undefined;
    if (this.#length > 0) {
      this.#emptyChunks = 0;
      for (const piece of pieces) out.push(piece);
    } else if (this.#endMarks) {
      this.#ended = true;
    } else if (++this.#emptyChunks > maxEmptyChunks) {
      throw new ProtocolError(`empty chunks: expected at most ${maxEmptyChunks} in a row, got more`);
    }
  }
}

/**
 * How a stream of the 2017 edition begins (SIP004): salt, then chunks. The target is the first plaintext of a request;
 * a response has no header but the length of its first chunk.
 *
 * ```
 *   request    salt │ chunk( SOCKS address │ payload … ) │ chunk …
 *   response   salt │ length chunk │ payload chunk │ chunk …
 * ```
 *
 * The whole address goes into the first chunk, because shadowsocks-libev looks for it nowhere else. When reading it
 * may be spread over several.
 */
import { concat, readU16, writeU16 } from '../bytes.js';
import { ProtocolError } from '../errors.js';
import { decodeTarget, encodeTarget } from './address.js';
import { lengthChunk, maxEmptyChunks } from './chunks.js';
import { tagLength } from './methods.js';
import { openMessage, sealMessage } from './session.js';
import type { Edition, RequestHeader, RequestReader, Session } from './session.js';

export const sip004: Edition = {
  sealRequest({ session, sealer, target }, payload) {
    const address = encodeTarget(target);
    const taken = Math.min(sealer.share(address.length + payload.length) - address.length, payload.length);
    const pieces = [session.salt];
    sealer.seal(concat([address, payload.subarray(0, taken)]), pieces);
    return { piece: concat(pieces), taken };
  },

  requestReader: (session, start) => new Reader(session, start),

  sealResponseHeader({ session }, firstLength) {
    const length = new Uint8Array(2);
    writeU16(length, 0, firstLength);
    return concat([session.salt, sealMessage(session, length)]);
  },

  responseHeaderLength: () => lengthChunk,

  openResponseHeader: (session, header) => readU16(openMessage(session, header), 0),
};

/** Opens chunks one at a time until they hold a whole address, and leaves the rest of the stream alone. */
class Reader implements RequestReader {
  readonly #session: Session;
  #at: number;
  #length: number | undefined;
  #plaintext: Uint8Array = new Uint8Array(0);
  #emptyChunks = 0;

  constructor(session: Session, start: number) {
    this.#session = session;
    this.#at = start;
  }

  read(bytes: Uint8Array): RequestHeader | undefined {
    for (;;) {
      const chunk = this.#nextChunk(bytes);
      if (chunk === undefined) return undefined;
      // Not reset by a chunk with payload: nobody needs empty ones here, and this bounds the bytes before the address.
      if (chunk.length === 0 && ++this.#emptyChunks > maxEmptyChunks) {
        throw new ProtocolError(
          `empty chunks: expected at most ${maxEmptyChunks} before the target, got more`,
        );
      }
      this.#plaintext = concat([this.#plaintext, chunk]);
      const address = decodeTarget(this.#plaintext, 0);
      if (address !== undefined) {
        const payload = this.#plaintext.subarray(address.end);
        return { timestamp: undefined, target: address.target, payload, consumed: this.#at };
      }
    }
  }

  #nextChunk(bytes: Uint8Array): Uint8Array | undefined {
    this.#length ??= this.#nextLength(bytes);
    if (this.#length === undefined) return undefined;
    const end = this.#at + this.#length + tagLength;
    if (bytes.length < end) return undefined;
    const payload = openMessage(this.#session, bytes.subarray(this.#at, end));
    this.#at = end;
    this.#length = undefined;
    return payload;
  }

  #nextLength(bytes: Uint8Array): number | undefined {
    const end = this.#at + lengthChunk;
    if (bytes.length < end) return undefined;
    const length = readU16(openMessage(this.#session, bytes.subarray(this.#at, end)), 0);
    if (length > this.#session.method.maxPayload) {
      throw new ProtocolError(
        `chunk length: expected at most ${this.#session.method.maxPayload}, got ${length}`,
      );
    }
    this.#at = end;
    return length;
  }
}

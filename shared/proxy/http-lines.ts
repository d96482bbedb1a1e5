import { concat } from '../bytes.js';
import { type Handshake, readUntil } from './handshake.js';

const lineFeed = 0x0a;
/** The longest head of a request or an answer, bytes. */
export const longestHead: number = 16 * 1024;

/** The first line of a head, its end included; the longest head without one when it has none. */
export function readLine(): Handshake<Uint8Array> {
  return readUntil(lineFeed, longestHead);
}

/** What follows the first line of a head. */
export interface HeadRest {
  /** Each with its end, the empty one that ends the head included. */
  readonly lines: readonly string[];
  readonly bytes: Uint8Array;
  /** The empty line is among them: the head was no longer than it may be. */
  readonly whole: boolean;
}

/** The lines behind the first one, whose length counts as well, up to the empty line (RFC 9112 §2.1). */
export function* readRest(first: Uint8Array): Handshake<HeadRest> {
  const pieces: Uint8Array[] = [];
  const lines: string[] = [];
  for (let room = longestHead - first.length; room > 0;) {
    const piece = yield* readUntil(lineFeed, room);
    room -= piece.length;
    pieces.push(piece);
    const line = String.fromCharCode(...piece);
    lines.push(line);
    if (line === '\r\n' || line === '\n') return { lines, bytes: concat(pieces), whole: true };
  }
  return { lines, bytes: concat(pieces), whole: false };
}

/** What is sent through the tunnel: made while it is sent, digested while it arrives, never held. */
import { createHash, randomBytes } from 'node:crypto';

/** How many bytes came, and their SHA-256 in hex. */
export interface Receipt {
  readonly bytes: number;
  readonly sha256: string;
}

const pieceLength = 0x40000;
const quarry = randomBytes(4 * pieceLength);

/**
 * `length` bytes, the same in this process for the same `seed`, none of them copied. No two neighbouring pieces are
 * alike, so that one which is lost, repeated or late changes the digest.
 */
export function* content(length: number, seed: number): Generator<Uint8Array> {
  for (let at = 0, piece = 0; at < length; at += pieceLength, piece++) {
    const start = (seed * 7919 + piece * 4093) % (quarry.length - pieceLength);
    yield quarry.subarray(start, start + Math.min(pieceLength, length - at));
  }
}

/** Reads to the end. Rejects when there is none. */
export async function digest(pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Receipt> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of pieces) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

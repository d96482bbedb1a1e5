/**
 * Room for what is written once and then given away: packets and their bodies. Memory of its own for each of them costs
 * more than filling it does, so many are cut from one block. Not for what is kept: it would keep the whole block.
 */
const blockSize = 1 << 16;
/** Longer pieces would leave too much of a block unused. */
const longest = blockSize >>> 3;

let block = new Uint8Array(0);
let used = 0;

/** That many zeros, owned by the caller: nobody else is ever given the same bytes. */
export function roomFor(length: number): Uint8Array {
  if (length > longest) return new Uint8Array(length);
  if (used + length > block.length) {
    block = new Uint8Array(blockSize);
    used = 0;
  }
  const start = used;
  used += length;
  return block.subarray(start, used);
}

/** The pieces one behind the other, owned by the caller. */
export function joined(...pieces: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const whole = roomFor(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

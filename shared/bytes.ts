/** Joins pieces into one owned array; a lone piece is handed back as it is. */
export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1 && pieces[0] !== undefined) return pieces[0];
  const joined = new Uint8Array(lengthOf(pieces));
  let offset = 0;
  for (const piece of pieces) {
    joined.set(piece, offset);
    offset += piece.length;
  }
  return joined;
}

/** How many bytes the pieces have together. */
export function lengthOf(pieces: readonly Uint8Array[]): number {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  return length;
}

/** The unsigned 16-bit big-endian number at `offset`. The caller has checked that both bytes are there. */
export function readU16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

/** Writes `value` (0..65535) big-endian at `offset`. */
export function writeU16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8;
  bytes[offset + 1] = value & 0xff;
}

/** The unsigned 32-bit big-endian number at `offset`. The caller has checked that all four bytes are there. */
export function readU32(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset) * 2 ** 16 + readU16(bytes, offset + 2);
}

/** Writes the lower 32 bits of a whole number big-endian at `offset`. */
export function writeU32(bytes: Uint8Array, offset: number, value: number): void {
  writeU16(bytes, offset, value >>> 16);
  writeU16(bytes, offset + 2, value);
}

/** The unsigned 64-bit big-endian number at `offset`. The caller has checked that all eight bytes are there. */
export function readU64(bytes: Uint8Array, offset: number): bigint {
  return (BigInt(readU32(bytes, offset)) << 32n) | BigInt(readU32(bytes, offset + 4));
}

/** Writes `value` (0..2⁶⁴ - 1) big-endian at `offset`. */
export function writeU64(bytes: Uint8Array, offset: number, value: bigint): void {
  writeU32(bytes, offset, Number(value >> 32n));
  writeU32(bytes, offset + 4, Number(value & 0xffff_ffffn));
}

/** Whether `beginning` stands at `offset`. */
export function startsWith(bytes: Uint8Array, offset: number, beginning: Uint8Array): boolean {
  const { length } = beginning;
  if (bytes.length - offset < length) return false;
  for (let at = 0; at < length; at += 1) {
    if (bytes[offset + at] !== beginning[at]) return false;
  }
  return true;
}

/** Bytes on their way through filters: the flow's own, or lent until the call that brought them returns. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly owned: boolean;
}

export function ours(bytes: Uint8Array): Piece {
  return { bytes, owned: true };
}

/** None of nothing. */
export function pieceOf(bytes: Uint8Array): readonly Piece[] {
  return bytes.length === 0 ? [] : [ours(bytes)];
}

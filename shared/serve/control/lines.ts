/** Lines of what comes in pieces. */
const lineFeed = 0x0a;

/** Each line, without its end. An Error when one has more than `mostBytes`; what is behind the last end is no line. */
export async function* linesOf(
  source: AsyncIterable<Uint8Array>,
  mostBytes: number,
): AsyncGenerator<string, void> {
  let pieces: Uint8Array[] = [];
  let length = 0;
  const take = (piece: Uint8Array): void => {
    length += piece.length;
    if (length > mostBytes) throw new Error(`line: expected at most ${mostBytes} bytes, got more`);
    pieces.push(piece);
  };
  for await (const piece of source) {
    let from = 0;
    for (let end = piece.indexOf(lineFeed); end >= 0; end = piece.indexOf(lineFeed, from)) {
      take(piece.subarray(from, end));
      yield Buffer.concat(pieces).toString();
      pieces = [];
      length = 0;
      from = end + 1;
    }
    take(piece.subarray(from));
  }
}

/** Lines and columns, as editors count them. */

/** Where something stands in a text. */
export interface Place {
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
}

/**
 * A function from an offset in `text`, in UTF-16 units, to its place. Whoever wrote the text may be a stranger, and have
 * filled one line with mistakes: columns are counted on from the last one that was asked for.
 */
export function placesIn(text: string): (offset: number) => Place {
  let starts: readonly number[] | undefined;
  let last = { offset: 0, line: 1, column: 1 };
  return (offset) => {
    starts ??= lineStarts(text);
    const line = linesUntil(starts, offset);
    const counted = last.line === line && last.offset <= offset;
    const start = counted ? last : { offset: starts[line - 1] ?? 0, column: 1 };
    const column = start.column + charactersIn(text, start.offset, offset);
    last = { offset, line, column };
    return { line, column };
  };
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  const end = /\r\n|\r|\n/g;
  while (end.exec(text) !== null) starts.push(end.lastIndex);
  return starts;
}

/** How many of `starts`, which ascend, are not behind `offset`. */
function linesUntil(starts: readonly number[], offset: number): number {
  let before = 0;
  let behind = starts.length;
  while (before < behind) {
    const middle = (before + behind) >>> 1;
    if ((starts[middle] ?? Infinity) <= offset) before = middle + 1;
    else behind = middle;
  }
  return before;
}

/** The second half of a pair is no character of its own. */
function charactersIn(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at += 1) {
    if ((text.charCodeAt(at) & 0xfc00) !== 0xdc00) count += 1;
  }
  return count;
}

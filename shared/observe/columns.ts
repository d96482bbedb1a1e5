/** Text in columns of a terminal: how wide it is there, and what of it fits. */

/** What stands on the letter before it, or takes no room at all. */
const narrow = /^[\p{Mn}\p{Me}\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff]$/u;
/** What takes two columns nearly everywhere: the wide scripts of East Asia, and pictures (Unicode UAX #11, W and F). */
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u;

/** Columns that `text` takes, which has no control characters. */
export function widthOf(text: string): number {
  let columns = 0;
  for (const letter of text) columns += widthOfLetter(letter);
  return columns;
}

function widthOfLetter(letter: string): number {
  if (letter < '\u0300') return 1;
  if (narrow.test(letter)) return 0;
  return wide.test(letter) ? 2 : 1;
}

/** `text`, or as much of its beginning as fits into `columns` with `…` behind it. */
export function clip(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  return columns < 1 ? '' : `${beginning(text, columns - 1)}…`;
}

/** The same without its middle: the end of a host name says whose it is, and that of an address the port. */
export function clipMiddle(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  const room = Math.max(0, columns - 1);
  const front = Math.floor(room / 3);
  const letters = Array.from(text).reverse();
  const back = Array.from(beginning(letters, room - front))
    .reverse()
    .join('');
  return columns < 1 ? '' : `${beginning(text, front)}…${back}`;
}

/** `text` and as many blanks as make it `columns` wide; those come first where it is to stand at the right. */
export function pad(text: string, columns: number, side: 'left' | 'right' = 'left'): string {
  const blanks = ' '.repeat(Math.max(0, columns - widthOf(text)));
  return side === 'left' ? text + blanks : blanks + text;
}

/** What each of two gets of a room that may be too small for both: the shorter one first, up to half of it. */
export function shares(first: number, second: number, room: number): readonly [number, number] {
  if (first + second <= room) return [first, second];
  const half = Math.floor(room / 2);
  if (first <= half) return [first, room - first];
  return second <= half ? [room - second, second] : [half, room - half];
}

function beginning(letters: Iterable<string>, columns: number): string {
  let room = columns;
  let kept = '';
  for (const letter of letters) {
    room -= widthOfLetter(letter);
    if (room < 0) break;
    kept += letter;
  }
  return kept;
}

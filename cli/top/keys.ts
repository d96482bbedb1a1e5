/** What was typed, of the bytes that a terminal sends for it (xterm's control sequences). */

const sequences: ReadonlyMap<string, string> = new Map([
  ['\u001b[A', 'up'],
  ['\u001b[B', 'down'],
  ['\u001bOA', 'up'],
  ['\u001bOB', 'down'],
  ['\u001b[5~', 'page-up'],
  ['\u001b[6~', 'page-down'],
  ['\u001b[H', 'home'],
  ['\u001b[F', 'end'],
  ['\u001bOH', 'home'],
  ['\u001bOF', 'end'],
  ['\u001b[1~', 'home'],
  ['\u001b[4~', 'end'],
  ['\u001b', 'escape'],
  ['\r', 'enter'],
  ['\n', 'enter'],
  ['\u007f', 'backspace'],
  ['\b', 'backspace'],
  ['\u0003', 'interrupt'],
  ['\u0004', 'interrupt'],
]);

/** A sequence that begins with escape, or one letter. */
const oneKey = /\u001b(?:\[[0-?]*[ -/]*[@-~]|O[@-~])?|[^\u001b]/gu;

/** The keys of `text`: names for those that have none of their own letter; sequences of other keys are left out. */
export function keysOf(text: string): readonly string[] {
  return Array.from(text.matchAll(oneKey), ([key]) => sequences.get(key) ?? key).filter(
    (key) => !/^[\u0000-\u001f\u0080-\u009f]/.test(key),
  );
}

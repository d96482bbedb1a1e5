/**
 * Text from strangers on one harmless line. A host name may hold what moves a cursor, recolours a terminal, reverses
 * the reading direction or begins a second log line; none of it leaves this file raw (docs/probes.md T-34).
 */

/** C0 and C1 controls, DEL, line and paragraph separators, direction marks, and halves of surrogate pairs. */
const unsafe = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Surrogate}/gu;

/** `text` with every unsafe character written as `\uXXXX`. */
export function escapeControls(text: string): string {
  return text.replace(unsafe, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** `value` as one line of JSON that any parser reads back, without the line end. */
export function jsonLine(value: object): string {
  return escapeControls(JSON.stringify(value));
}

/** Runs a handshake in memory: what the peer sends is known beforehand, in the pieces it arrives in. */
import { concat } from '../../shared/bytes.js';
import type { Handshake, Step } from '../../shared/proxy/handshake.js';

export interface Outcome<T> {
  /** What the handshake returned; undefined when it threw or still waits for bytes. */
  readonly result: T | undefined;
  /** What it threw. */
  readonly error: unknown;
  /** All it wrote. */
  readonly written: Uint8Array;
  /** What it left unread, and so belongs to whoever comes next. */
  readonly rest: Uint8Array;
  /** True when the bytes ran out before it was done. */
  readonly waiting: boolean;
}

/** Drives `handshake` with the peer's `pieces`, which are joined only as far as a step asks for. */
export function converse<T>(handshake: Handshake<T>, pieces: readonly Uint8Array[]): Outcome<T> {
  const coming = [...pieces];
  const written: Uint8Array[] = [];
  let held: Uint8Array = new Uint8Array(0);
  const outcome = (end: Partial<Outcome<T>>): Outcome<T> => ({
    result: undefined,
    error: undefined,
    waiting: false,
    written: concat(written),
    rest: concat([held, ...coming]),
    ...end,
  });
  try {
    let turn = handshake.next();
    while (turn.done !== true) {
      const step = turn.value;
      if ('write' in step) {
        written.push(step.write);
        turn = handshake.next(new Uint8Array(0));
        continue;
      }
      let size = wanted(step, held);
      while (size === undefined) {
        const piece = coming.shift();
        if (piece === undefined) return outcome({ waiting: true });
        held = concat([held, piece]);
        size = wanted(step, held);
      }
      const asked = held.slice(0, size);
      if (!('peek' in step)) held = held.slice(size);
      turn = handshake.next(asked);
    }
    return outcome({ result: turn.value });
  } catch (error) {
    return outcome({ error });
  }
}

/** How many of the bytes at hand a step is given; undefined while it needs more of them. */
function wanted(step: Exclude<Step, { write: unknown }>, held: Uint8Array): number | undefined {
  if ('until' in step) {
    const found = held.subarray(0, step.atMost).indexOf(step.until);
    if (found >= 0) return found + 1;
    return held.length >= step.atMost ? step.atMost : undefined;
  }
  const size = 'peek' in step ? step.peek : step.read;
  return held.length >= size ? size : undefined;
}

/** `bytes` cut at the given places, wherever they lie. */
export function cutAt(bytes: Uint8Array, places: readonly number[]): readonly Uint8Array[] {
  const edges = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
}

/** Bytes written as hex, with spaces where they help the eye. */
export function spacedHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
}

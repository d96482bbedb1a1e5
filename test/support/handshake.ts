/** Runs a handshake in memory: what the peer sends is known beforehand, in the pieces it arrives in. */
import { concat } from '../../shared/bytes.js';
import type { Handshake } from '../../shared/proxy/handshake.js';

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
      while (held.length < step.read) {
        const piece = coming.shift();
        if (piece === undefined) return outcome({ waiting: true });
        held = concat([held, piece]);
      }
      const asked = held.slice(0, step.read);
      held = held.slice(step.read);
      turn = handshake.next(asked);
    }
    return outcome({ result: turn.value });
  } catch (error) {
    return outcome({ error });
  }
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

import type { Environment } from '../environment.js';

/**
 * What separates the two wires above the seal. On the raw wire each direction opens with padding and ends with an
 * authenticated end mark (docs/raw-wire.md §2); on the standard wire a direction ends with the FIN of its TCP connection.
 */
export type Wire = 'raw' | 'shadowsocks';

/** What a direction opens with: one length byte N and N random bytes (docs/raw-wire.md §2); nothing on the standard wire. */
export function paddingOn(wire: Wire, environment: Environment): Uint8Array[] {
  if (wire === 'shadowsocks') return [];
  const length = environment.randomBytes(1);
  return [length, environment.randomBytes(length[0] ?? 0)];
}

/** What a direction that comes in opens with, to be skipped. Nothing on the standard wire. */
export class Padding {
  /** Bytes still to come, or undefined before the length byte has. */
  #left: number | undefined;

  constructor(wire: Wire) {
    this.#left = wire === 'raw' ? undefined : 0;
  }

  /** Whether all of it has come. */
  get gone(): boolean {
    return this.#left === 0;
  }

  /** Whether not a byte of it has come. */
  get untouched(): boolean {
    return this.#left === undefined;
  }

  /** What is left of the pieces without it. */
  strip(pieces: readonly Uint8Array[]): Uint8Array[] {
    const rest: Uint8Array[] = [];
    for (let piece of pieces) {
      if (this.#left === undefined) {
        this.#left = piece[0] ?? 0;
        piece = piece.subarray(1);
      }
      const padding = Math.min(this.#left, piece.length);
      this.#left -= padding;
      if (padding < piece.length) rest.push(piece.subarray(padding));
    }
    return rest;
  }
}

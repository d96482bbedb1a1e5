import type { TcpStream } from '../net/tcp.js';
import { sourceOf } from './authenticate.js';

/** An opening comes with the connection; whoever has not proved anything after this may have to make room, ms. */
const youngMs = 1_000;

/** A connection, as far as it matters here. */
export type Stranger = Pick<TcpStream, 'peer' | 'onClosed' | 'drop'>;

/** The connections of a remote whose peers have not proved to hold the key. Each takes a descriptor for up to 59 s. */
export class Unproven {
  /** When each was accepted, oldest first, by source. */
  readonly #sources = new Map<string, Map<Stranger, number>>();
  readonly #sourceOf = new Map<Stranger, string>();

  add(stranger: Stranger): void {
    const source = sourceOf(stranger.peer);
    const neighbours = this.#sources.get(source) ?? new Map<Stranger, number>();
    this.#sources.set(source, neighbours.set(stranger, performance.now()));
    this.#sourceOf.set(stranger, source);
    stranger.onClosed(() => {
      this.remove(stranger);
    });
  }

  /** It has proved itself, or is gone. False when it was gone before: what it has proved then comes too late. */
  remove(stranger: Stranger): boolean {
    const source = this.#sourceOf.get(stranger);
    if (source === undefined) return false;
    this.#sourceOf.delete(stranger);
    const neighbours = this.#sources.get(source);
    neighbours?.delete(stranger);
    if (neighbours?.size === 0) this.#sources.delete(source);
    return true;
  }

  /**
   * Lets go of one with a FIN: of the oldest of the source that has most, so that nobody can keep others out by
   * saying nothing. One that has only just come may still be honest, and stays. False when there is nobody to let go of.
   */
  makeRoom(): boolean {
    let most: Map<Stranger, number> | undefined;
    for (const neighbours of this.#sources.values()) {
      if (neighbours.size > (most?.size ?? 0)) most = neighbours;
    }
    const [oldest] = most ?? [];
    if (oldest === undefined) return false;
    const [stranger, since] = oldest;
    if (performance.now() - since < youngMs) return false;
    this.remove(stranger);
    stranger.drop();
    return true;
  }

  /** Lets go of all at once; a prober must not be shown a reset. */
  drop(): void {
    for (const stranger of this.#sourceOf.keys()) {
      this.remove(stranger);
      stranger.drop();
    }
  }
}

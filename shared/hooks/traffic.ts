/** What has gone through one stream, and who ended it. */
import type { PushStream } from '../net/stream.js';
import type { Direction, FlowCounts } from './hook.js';

/** Who ends a connection. */
export type Party = 'client' | 'target' | 'halflight';

interface Counted {
  received: number;
  /** Handed to the stream at the other side. */
  delivered: number;
  /** Of those, what waited there when that was last looked at. */
  waiting: number;
  unsent: number;
}

/** Which part of the bytes of a direction waits, in filters. */
export type Waiting = (direction: Direction) => number;

const destinations = { up: 'far', down: 'client' } as const satisfies Record<Direction, 'far' | 'client'>;

export class Traffic {
  readonly #ends: { readonly far: PushStream; readonly client: PushStream | undefined };
  readonly #began: (direction: Direction) => void;
  readonly #counts: Readonly<Record<Direction, Counted>> = { up: none(), down: none() };
  #first: Party | undefined;
  #broke: Party | undefined;

  /** `began` is told of the first byte that comes from either side. */
  constructor(
    ends: { readonly far: PushStream; readonly client: PushStream | undefined },
    began: (direction: Direction) => void,
  ) {
    this.#ends = ends;
    this.#began = began;
  }

  received(direction: Direction, size: number): void {
    const counts = this.#counts[direction];
    const first = counts.received === 0 && size > 0;
    counts.received += size;
    if (first) this.#began(direction);
  }

  delivered(direction: Direction, size: number): void {
    const counts = this.#counts[direction];
    counts.delivered += size;
    counts.waiting = this.#queue(direction);
  }

  /** Bytes that have come down are given back, and come again. */
  returned(size: number): void {
    this.#counts.down.received -= size;
    this.#counts.down.delivered -= size;
  }

  /** All that waited at the destination of a direction has left. */
  emptied(direction: Direction): void {
    this.#counts[direction].waiting = 0;
  }

  ended(by: Party): void {
    this.#first ??= by;
  }

  /** It broke, and what waits is lost where it leads to `lost`. */
  broke(by: Party, filtering: Waiting): void {
    if (this.#broke !== undefined) return;
    this.#broke = by;
    const { up, down } = this.#counts;
    // What a client has coming it still gets when the target breaks.
    if (by === 'target') up.unsent = up.waiting + filtering('up');
    else {
      up.unsent = this.#queue('up') + filtering('up');
      down.unsent = down.waiting + filtering('down');
    }
  }

  /** Who ended it first, or broke it. */
  get by(): Party | undefined {
    return this.#broke ?? this.#first;
  }

  get bytes(): { readonly up: number; readonly down: number } {
    return { up: this.#counts.up.received, down: this.#counts.down.received };
  }

  countsOf(direction: Direction): FlowCounts {
    const { received, delivered, unsent } = this.#counts[direction];
    return { received, sent: Math.max(0, delivered - unsent), unsent };
  }

  /** What waits to be sent now. It may be sealed, and more than it was. */
  #queue(direction: Direction): number {
    const waiting = this.#ends[destinations[direction]]?.system?.writableLength ?? 0;
    return Math.min(waiting, this.#counts[direction].delivered);
  }
}

function none(): Counted {
  return { received: 0, delivered: 0, waiting: 0, unsent: 0 };
}

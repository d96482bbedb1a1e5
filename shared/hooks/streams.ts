/** The streams of one connection, one after the other where it has several, as hooks count and end them. */
import type { PushStream } from '../net/stream.js';
import type { Direction, FlowCounts } from './hook.js';
import type { Party, Traffic } from './traffic.js';

/** A stream to a target, with hooks around it. */
export interface WrappedStream extends PushStream {
  readonly traffic: Traffic;
  /** Nothing goes through it any more. */
  readonly isOver: boolean;
  /** Filters have failed and are out: what they kept goes on. */
  lapse(): void;
  /** Ends it at once, both ways, and says why; what filters have goes nowhere. */
  break(reason: Error): void;
  /** Calls back when nothing waits for a filter any more, of a stream of which both directions have ended. */
  whenSettled(settled: () => void): void;
}

const nothing: FlowCounts = { received: 0, sent: 0, unsent: 0 };

export class WrappedStreams {
  /** Those that go on, and the last one. */
  #streams: readonly WrappedStream[] = [];
  /** Of those before. One that is over is let go of: a client may have a hundred thousand of them. */
  #past: Readonly<Record<Direction, FlowCounts>> = { up: nothing, down: nothing };

  add(stream: WrappedStream): void {
    const past = this.#streams.filter(({ isOver }) => isOver);
    for (const { traffic } of past) {
      const { up, down } = this.#past;
      this.#past = { up: sum(up, traffic.countsOf('up')), down: sum(down, traffic.countsOf('down')) };
    }
    this.#streams = [...this.#streams.filter((each) => !past.includes(each)), stream];
  }

  /** Bytes that came from either side. */
  get bytes(): { readonly up: number; readonly down: number } {
    let { up, down } = { up: this.#past.up.received, down: this.#past.down.received };
    for (const { traffic } of this.#streams) {
      up += traffic.bytes.up;
      down += traffic.bytes.down;
    }
    return { up, down };
  }

  countsOf(direction: Direction): FlowCounts {
    return this.#streams.reduce(
      (counts, { traffic }) => sum(counts, traffic.countsOf(direction)),
      this.#past[direction],
    );
  }

  /** Who ended or broke the last one. */
  get by(): Party | undefined {
    return this.#streams.at(-1)?.traffic.by;
  }

  lapse(): void {
    for (const stream of this.#streams) stream.lapse();
  }

  break(reason: Error): void {
    for (const stream of this.#streams) stream.break(reason);
  }

  whenSettled(settled: () => void): void {
    let waiting = this.#streams.length;
    if (waiting === 0) settled();
    for (const stream of this.#streams) {
      stream.whenSettled(() => {
        waiting -= 1;
        if (waiting === 0) settled();
      });
    }
  }
}

function sum(one: FlowCounts, other: FlowCounts): FlowCounts {
  return {
    received: one.received + other.received,
    sent: one.sent + other.sent,
    unsent: one.unsent + other.unsent,
  };
}

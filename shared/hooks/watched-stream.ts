import { lengthOf } from '../bytes.js';
import type { SystemSocket } from '../net/sockets.js';
import { deaf, type PushStream, type Sink } from '../net/stream.js';
import type { WrappedStream } from './streams.js';
import type { Traffic } from './traffic.js';

const nothingWaits = (): number => 0;

/** A stream to a target whose bytes are counted, and nothing else. */
export class WatchedStream implements WrappedStream, Sink {
  readonly lends: boolean;
  readonly keeps: boolean;
  readonly traffic: Traffic;
  readonly #far: PushStream;
  #sink: Sink = deaf;
  #clientEnded = false;
  #farEnded = false;
  #broken = false;

  constructor(far: PushStream, traffic: Traffic) {
    this.lends = far.lends;
    this.keeps = far.keeps;
    this.#far = far;
    this.traffic = traffic;
  }

  get system(): SystemSocket | undefined {
    return this.#far.system;
  }

  get isOver(): boolean {
    return this.#broken || (this.#clientEnded && this.#farEnded);
  }

  /** There is no filter. */
  lapse(): void {
    // Nothing was kept.
  }

  break(reason: Error): void {
    if (this.isOver) return;
    this.#broken = true;
    this.traffic.broke('halflight', nothingWaits);
    this.#far.abort();
    this.#sink.failed(reason);
  }

  whenSettled(settled: () => void): void {
    settled();
  }

  attach(sink: Sink): void {
    this.#sink = sink;
    this.#far.attach(this);
  }

  giveBack(bytes: Uint8Array): void {
    this.traffic.returned(bytes.length);
    this.#far.giveBack(bytes);
  }

  pause(): void {
    this.#far.pause();
  }

  resume(): void {
    this.traffic.emptied('down');
    this.#far.resume();
  }

  limitIdle(ms: number): void {
    this.#far.limitIdle?.(ms);
  }

  write(pieces: readonly Uint8Array[]): boolean {
    const size = lengthOf(pieces);
    this.traffic.received('up', size);
    if (this.#broken) return true;
    const room = this.#far.write(pieces);
    this.traffic.delivered('up', size);
    return room;
  }

  spend(pieces: readonly Uint8Array[]): boolean {
    const size = lengthOf(pieces);
    this.traffic.received('up', size);
    if (this.#broken) return true;
    const room = this.#far.spend(pieces);
    this.traffic.delivered('up', size);
    return room;
  }

  gather(): void {
    this.#far.gather?.();
  }

  end(): void {
    this.#clientEnded = true;
    this.traffic.ended('client');
    this.#far.end();
  }

  truncate(): void {
    this.#broken = true;
    this.#far.truncate();
  }

  abort(): void {
    this.#broken = true;
    this.traffic.broke('client', nothingWaits);
    this.#far.abort();
  }

  // What the target says.

  receive(pieces: readonly Uint8Array[]): void {
    const size = lengthOf(pieces);
    this.traffic.received('down', size);
    if (this.#broken) return;
    this.#sink.receive(pieces);
    this.traffic.delivered('down', size);
  }

  ended(): void {
    this.#farEnded = true;
    this.traffic.ended('target');
    this.#sink.ended();
  }

  failed(error: Error): void {
    this.#broken = true;
    this.traffic.broke('target', nothingWaits);
    this.#sink.failed(error);
  }

  writable(): void {
    this.traffic.emptied('up');
    this.#sink.writable();
  }
}

import { lengthOf } from '../bytes.js';
import type { SystemSocket } from '../net/sockets.js';
import { deaf, type PushStream, type Sink } from '../net/stream.js';
import type { Traffic } from './traffic.js';

const nothingWaits = (): number => 0;

/** A stream to a target whose bytes are counted, and nothing else. */
export class WatchedStream implements PushStream, Sink {
  readonly lends: boolean;
  readonly keeps: boolean;
  readonly #far: PushStream;
  readonly #traffic: Traffic;
  #sink: Sink = deaf;

  constructor(far: PushStream, traffic: Traffic) {
    this.lends = far.lends;
    this.keeps = far.keeps;
    this.#far = far;
    this.#traffic = traffic;
  }

  get system(): SystemSocket | undefined {
    return this.#far.system;
  }

  attach(sink: Sink): void {
    this.#sink = sink;
    this.#far.attach(this);
  }

  giveBack(bytes: Uint8Array): void {
    this.#far.giveBack(bytes);
  }

  pause(): void {
    this.#far.pause();
  }

  resume(): void {
    this.#traffic.emptied('down');
    this.#far.resume();
  }

  limitIdle(ms: number): void {
    this.#far.limitIdle?.(ms);
  }

  write(pieces: readonly Uint8Array[]): boolean {
    const size = lengthOf(pieces);
    this.#traffic.received('up', size);
    const room = this.#far.write(pieces);
    this.#traffic.delivered('up', size);
    return room;
  }

  spend(pieces: readonly Uint8Array[]): boolean {
    const size = lengthOf(pieces);
    this.#traffic.received('up', size);
    const room = this.#far.spend(pieces);
    this.#traffic.delivered('up', size);
    return room;
  }

  gather(): void {
    this.#far.gather?.();
  }

  end(): void {
    this.#traffic.ended('client');
    this.#far.end();
  }

  truncate(): void {
    this.#far.truncate();
  }

  abort(): void {
    this.#traffic.broke('client', nothingWaits);
    this.#far.abort();
  }

  // What the target says.

  receive(pieces: readonly Uint8Array[]): void {
    const size = lengthOf(pieces);
    this.#traffic.received('down', size);
    this.#sink.receive(pieces);
    this.#traffic.delivered('down', size);
  }

  ended(): void {
    this.#traffic.ended('target');
    this.#sink.ended();
  }

  failed(error: Error): void {
    this.#traffic.broke('target', nothingWaits);
    this.#sink.failed(error);
  }

  writable(): void {
    this.#traffic.emptied('up');
    this.#sink.writable();
  }
}

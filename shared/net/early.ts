/** Streams that are used before the peer has answered. */
import type { HandshakeDriver } from './drive.js';
import type { SystemSocket } from './sockets.js';
import type { PushStream, Sink } from './stream.js';

/**
 * A stream on which bytes already go out while `driver` waits for the peer's answer. That goes no further; what comes
 * behind it is for the sink.
 */
export class EarlyStream implements PushStream {
  readonly lends: boolean;
  readonly keeps: boolean;
  readonly #stream: PushStream;
  readonly #driver: HandshakeDriver;
  readonly #aborting = new AbortController();
  #sink: Sink | undefined;
  #answered = false;
  #paused = false;
  #failure: Error | undefined;

  constructor(stream: PushStream, driver: HandshakeDriver) {
    this.lends = stream.lends;
    this.keeps = stream.keeps;
    this.#stream = stream;
    this.#driver = driver;
    driver.whenWritable(() => {
      this.#sink?.writable();
    });
  }

  get system(): SystemSocket | undefined {
    return this.#stream.system;
  }

  /** Fires when nobody waits for an answer any more. */
  get signal(): AbortSignal {
    return this.#aborting.signal;
  }

  /** The peer has agreed. */
  open(): void {
    this.#answered = true;
    this.#driver.handOver();
    if (this.#sink !== undefined) this.#attach(this.#sink);
  }

  /** It has not, and whoever used the stream hears of that as of one that broke. */
  fail(error: Error): void {
    if (this.signal.aborted) return;
    this.#failure = error;
    this.#sink?.failed(error);
  }

  attach(sink: Sink): void {
    this.#sink = sink;
    this.#paused = false;
    if (this.#failure !== undefined) sink.failed(this.#failure);
    else if (this.#answered) this.#stream.attach(sink);
  }

  giveBack(bytes: Uint8Array): void {
    this.#stream.giveBack(bytes);
  }

  pause(): void {
    this.#paused = true;
    if (this.#answered) this.#stream.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#answered) this.#stream.resume();
  }

  write(pieces: readonly Uint8Array[]): boolean {
    return this.#failure !== undefined || this.#stream.write(pieces);
  }

  spend(pieces: readonly Uint8Array[]): boolean {
    return this.#failure !== undefined || this.#stream.spend(pieces);
  }

  end(): void {
    if (this.#failure === undefined) this.#stream.end();
  }

  truncate(): void {
    if (this.#failure === undefined) this.#stream.truncate();
  }

  abort(): void {
    this.#aborting.abort();
    this.#stream.abort();
  }

  #attach(sink: Sink): void {
    const paused = this.#paused;
    this.#stream.attach(sink);
    if (paused) this.#stream.pause();
  }
}

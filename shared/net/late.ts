/** Streams that are used before they are there. */
import type { SystemSocket } from './sockets.js';
import type { PushStream, Sink } from './stream.js';

/**
 * A stream that somebody else is still opening. Who is to hear of it may be said before it is there, nothing else: who
 * writes waits for `whenOpen`. Whoever aborts it before that ends the opening.
 */
export class LateStream implements PushStream {
  readonly #giving = new AbortController();
  #stream: PushStream | undefined;
  #sink: Sink | undefined;
  #failure: Error | undefined;
  #whenOpen: (() => void) | undefined;
  /** The stream has its sink: until then whoever had it before would hear what comes. */
  #joined = false;

  /** Fires when nobody waits for it any more. */
  get signal(): AbortSignal {
    return this.#giving.signal;
  }

  get isOpen(): boolean {
    return this.#stream !== undefined;
  }

  get keeps(): boolean {
    return this.#there.keeps;
  }

  get lends(): boolean {
    return this.#there.lends;
  }

  get system(): SystemSocket | undefined {
    return this.#stream?.system;
  }

  /** Calls back when it is there, before anything comes out of it. */
  whenOpen(action: () => void): void {
    this.#whenOpen = action;
  }

  /** It is there. */
  opened(stream: PushStream): void {
    if (this.signal.aborted || this.#failure !== undefined) {
      stream.abort();
      return;
    }
    this.#stream = stream;
    this.#whenOpen?.();
    // Whoever was told may have let go of it.
    if (this.#sink === undefined) return;
    this.#joined = true;
    stream.attach(this.#sink);
  }

  /** It will not be there. */
  failed(error: Error): void {
    if (this.signal.aborted || this.isOpen || this.#failure !== undefined) return;
    this.#failure = error;
    this.#sink?.failed(error);
  }

  /** What it has become, for somebody else. */
  release(): PushStream {
    this.#sink = undefined;
    return this.#there;
  }

  attach(sink: Sink): void {
    this.#sink = sink;
    if (this.#joined) this.#there.attach(sink);
    else if (this.#failure !== undefined) sink.failed(this.#failure);
  }

  giveBack(bytes: Uint8Array): void {
    this.#there.giveBack(bytes);
  }

  pause(): void {
    this.#there.pause();
  }

  resume(): void {
    if (this.#joined) this.#there.resume();
  }

  write(pieces: readonly Uint8Array[]): boolean {
    return this.#there.write(pieces);
  }

  spend(pieces: readonly Uint8Array[]): boolean {
    return this.#there.spend(pieces);
  }

  gather(): void {
    this.#there.gather?.();
  }

  end(): void {
    this.#there.end();
  }

  truncate(): void {
    this.#there.truncate();
  }

  abort(): void {
    this.#sink = undefined;
    if (this.#stream === undefined) this.#giving.abort();
    else this.#stream.abort();
  }

  get #there(): PushStream {
    if (this.#stream === undefined) throw new Error('stream: expected one that is open, got one that opens');
    return this.#stream;
  }
}

/** Streams that are used before they are there. */
import type { SystemSocket } from './sockets.js';
import type { PushStream, Sink } from './stream.js';

/** What may be said to a stream that is not there yet, bytes. */
const highWater = 64 * 1024;

/**
 * A stream that somebody else is still opening. What is written to it waits, and leaves when it is there; whoever aborts
 * it before that ends the opening.
 */
export class LateStream implements PushStream {
  readonly #giving = new AbortController();
  #stream: PushStream | undefined;
  #sink: Sink | undefined;
  #failure: Error | undefined;
  #whenOpen: (() => void) | undefined;
  #words: Uint8Array[] = [];
  #length = 0;
  #full = false;
  #paused = false;
  #last: 'end' | 'truncate' | undefined;

  /** Fires when nobody waits for it any more. */
  get signal(): AbortSignal {
    return this.#giving.signal;
  }

  get isOpen(): boolean {
    return this.#stream !== undefined;
  }

  /** What it has become. */
  get itself(): PushStream {
    return this.#stream ?? this;
  }

  get keeps(): boolean {
    return this.#stream?.keeps ?? true;
  }

  /** Until it is known, lent: whoever counts on that copies once too often. */
  get lends(): boolean {
    return this.#stream?.lends ?? true;
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
    const room = this.#words.length === 0 || stream.write(this.#words);
    this.#words = [];
    if (this.#last !== undefined) stream[this.#last]();
    this.#whenOpen?.();
    // What waited for room goes on by itself when the stream has some.
    if (this.#sink !== undefined) this.#join(stream, this.#sink);
    if (room && this.#full) this.#sink?.writable();
  }

  /** It will not be there. */
  failed(error: Error): void {
    if (this.signal.aborted || this.isOpen || this.#failure !== undefined) return;
    this.#failure = error;
    this.#words = [];
    this.#sink?.failed(error);
  }

  attach(sink: Sink): void {
    this.#sink = sink;
    this.#paused = false;
    if (this.#stream !== undefined) this.#stream.attach(sink);
    else if (this.#failure !== undefined) sink.failed(this.#failure);
  }

  /** Nothing can have been read of one that is not there. */
  giveBack(bytes: Uint8Array): void {
    this.#stream?.giveBack(bytes);
  }

  pause(): void {
    this.#paused = true;
    this.#stream?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#stream?.resume();
  }

  write(pieces: readonly Uint8Array[]): boolean {
    return this.#stream?.write(pieces) ?? this.#keep(pieces);
  }

  spend(pieces: readonly Uint8Array[]): boolean {
    return this.#stream?.spend(pieces) ?? this.#keep(pieces);
  }

  gather(): void {
    this.#stream?.gather?.();
  }

  end(): void {
    this.#close('end');
  }

  truncate(): void {
    this.#close('truncate');
  }

  abort(): void {
    this.#sink = undefined;
    this.#words = [];
    if (this.#stream === undefined) this.#giving.abort();
    else this.#stream.abort();
  }

  #keep(pieces: readonly Uint8Array[]): boolean {
    if (this.#failure !== undefined || this.signal.aborted || this.#last !== undefined) return true;
    for (const piece of pieces) {
      this.#words.push(piece);
      this.#length += piece.length;
    }
    this.#full = this.#length > highWater;
    return !this.#full;
  }

  #close(last: 'end' | 'truncate'): void {
    if (this.#stream !== undefined) this.#stream[last]();
    else this.#last = last;
  }

  #join(stream: PushStream, sink: Sink): void {
    const paused = this.#paused;
    stream.attach(sink);
    if (paused) stream.pause();
  }
}

/** Both sides of the narrow interface in the hands of a test: a stream that says what it is told, a sink that listens. */
import { concat } from '../../shared/bytes.js';
import type { PushStream, Sink } from '../../shared/net/stream.js';

const nothing = new Uint8Array(0);

/**
 * A stream in memory. It keeps the contract to the letter: nothing is pushed while it is paused or has no sink, lent
 * pieces are overwritten once `receive` has returned, and pieces that `write` keeps are looked at only at the end.
 */
export class ScriptedStream implements PushStream {
  readonly lends: boolean;
  readonly keeps: boolean;
  /** What was asked of it beside writing, in order. */
  readonly calls: string[] = [];
  /** The pieces written so far, as they are now. */
  readonly written: Uint8Array[] = [];
  /** What `write` answers. */
  room = true;
  /** Runs inside each write, after it. */
  onWrite: () => void = () => undefined;
  #sink: Sink | undefined;
  #front: Uint8Array | undefined;
  #paused = false;
  readonly #waiting: ((sink: Sink) => void)[] = [];

  constructor(nature: { readonly lends?: boolean; readonly keeps?: boolean } = {}) {
    this.lends = nature.lends ?? false;
    this.keeps = nature.keeps ?? true;
  }

  /** All that was written to it, as text. */
  get said(): string {
    return Buffer.concat(this.written).toString('latin1');
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** How much the peer has said that could not be pushed yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** The peer says something. */
  push(...words: readonly string[]): void {
    this.pushBytes(...words.map((word) => Buffer.from(word, 'latin1')));
  }

  pushBytes(...pieces: readonly Uint8Array[]): void {
    this.#tell((sink) => {
      sink.receive(pieces);
      if (this.lends) for (const piece of pieces) piece.fill(0xee);
    });
  }

  /** The peer ends its direction. */
  finish(): void {
    this.#tell((sink) => {
      sink.ended();
    });
  }

  /** The stream breaks. No pause keeps that back. */
  break(error: Error): void {
    this.#sink?.failed(error);
  }

  /** What was waiting has been sent. */
  drain(): void {
    this.room = true;
    this.#sink?.writable();
  }

  attach(sink: Sink): void {
    this.calls.push('attach');
    this.#sink = sink;
    this.#paused = false;
    const front = this.#front;
    this.#front = undefined;
    if (front !== undefined) sink.receive([front]);
    this.#flow();
  }

  giveBack(bytes: Uint8Array): void {
    this.calls.push(`giveBack ${Buffer.from(bytes).toString('latin1')}`);
    if (bytes.length > 0) this.#front = bytes;
  }

  pause(): void {
    this.calls.push('pause');
    this.#paused = true;
  }

  resume(): void {
    this.calls.push('resume');
    this.#paused = false;
    this.#flow();
  }

  write(pieces: readonly Uint8Array[]): boolean {
    for (const piece of pieces) this.written.push(this.keeps ? piece : Uint8Array.from(piece));
    this.onWrite();
    return this.room;
  }

  /** Whoever looks at pieces that were spent finds nothing, unless this stream keeps them until they are sent. */
  spend(pieces: readonly Uint8Array[]): boolean {
    const room = this.write(pieces);
    if (!this.keeps) for (const piece of pieces) piece.fill(0xdd);
    return room;
  }

  gather(): void {
    this.calls.push('gather');
  }

  end(): void {
    this.calls.push('end');
  }

  truncate(): void {
    this.calls.push('truncate');
  }

  abort(): void {
    this.calls.push('abort');
    this.#sink = undefined;
  }

  #tell(word: (sink: Sink) => void): void {
    this.#waiting.push(word);
    this.#flow();
  }

  #flow(): void {
    while (!this.#paused && this.#sink !== undefined) {
      const word = this.#waiting.shift();
      if (word === undefined) return;
      word(this.#sink);
    }
  }
}

/** A sink that remembers. What was lent to it is copied while it is still there. */
export class RecordingSink implements Sink {
  /** What it was told, in order; bytes in a row are one word. */
  readonly log: ('bytes' | 'ended' | 'failed' | 'writable')[] = [];
  /** The pieces themselves, uncopied, to see what becomes of them. */
  readonly pieces: Uint8Array[] = [];
  /** Runs inside each `receive`, after it. */
  onReceive: () => void = () => undefined;
  error: Error | undefined;
  readonly #copies: Uint8Array[] = [];
  #length = 0;
  #wakers: (() => void)[] = [];

  /** All bytes that were received. */
  get bytes(): Uint8Array {
    return concat([...this.#copies, nothing]);
  }

  get text(): string {
    return Buffer.from(this.bytes).toString('latin1');
  }

  get length(): number {
    return this.#length;
  }

  /** Settles when it has heard at least `length` bytes. */
  async heard(length: number): Promise<void> {
    await this.until(() => this.#length >= length);
  }

  /** Settles when nothing more can come, and says how that was. */
  async over(): Promise<'ended' | 'failed'> {
    await this.until(() => this.log.includes('ended') || this.log.includes('failed'));
    return this.log.includes('failed') ? 'failed' : 'ended';
  }

  /** Settles when something it was told makes `condition` true. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wakers.push(resolve);
      });
    }
  }

  receive(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      this.pieces.push(piece);
      this.#copies.push(Uint8Array.from(piece));
      this.#length += piece.length;
    }
    this.onReceive();
    this.#note('bytes');
  }

  ended(): void {
    this.#note('ended');
  }

  failed(error: Error): void {
    this.error = error;
    this.#note('failed');
  }

  writable(): void {
    this.#note('writable');
  }

  #note(word: 'bytes' | 'ended' | 'failed' | 'writable'): void {
    if (word !== 'bytes' || this.log.at(-1) !== 'bytes') this.log.push(word);
    for (const waker of this.#wakers.splice(0)) waker();
  }
}

import { Duplex } from 'node:stream';
import { concat, lengthOf } from '../bytes.js';
import type { PushStream } from './stream.js';

export interface DuplexOptions {
  /** What came before the stream broke is read before anybody hears of the break. */
  readonly hearsOut?: true;
  /** What becomes of the stream when the duplex is destroyed before both directions have ended; by default it is reset. */
  readonly leave?: (error: Error | null) => void;
  /** What is written may be changed by its writer once it has been taken: what the stream keeps is copied. */
  readonly borrows?: true;
  /** Whoever made it emits `close`. */
  readonly closesItself?: true;
  /** What it is destroyed with when the stream breaks; by default the stream's own error. */
  readonly told?: (error: Error) => Error;
}

/** Is told that what Node asked for has been done, or why it was not. */
export type Written = (error?: Error | null) => void;

/** What may wait on either side before the other is held back, bytes. */
const highWater = 64 * 1024;

/**
 * A push stream as a Node `Duplex`, for what only speaks to those: Node's own HTTP. Each direction ends by itself. A
 * stream that breaks destroys it with the stream's error; destroying it resets the stream, unless both have ended.
 */
export class PushDuplex extends Duplex {
  readonly #stream: PushStream;
  readonly #hearsOut: boolean;
  readonly #borrows: boolean;
  readonly #leave: (error: Error | null) => void;
  readonly #told: (error: Error) => Error;
  #released = false;
  #truncating = false;
  #failure: Error | undefined;
  /** Lets the write go on that found no room. */
  #room: Written | undefined;
  #quiet: NodeJS.Timeout | undefined;
  #received = 0;
  #sent = 0;
  /** Of those sent, the ones in the write that found no room. */
  #unplaced = 0;

  /** Receives from `stream` from now on. */
  constructor(stream: PushStream, options: DuplexOptions = {}) {
    // Node writes a head that it flushes early without naming an encoding; the bytes of a header are Latin-1 to it.
    super({ highWaterMark: highWater, defaultEncoding: 'latin1', emitClose: options.closesItself !== true });
    this.#stream = stream;
    this.#hearsOut = options.hearsOut === true;
    this.#borrows = options.borrows === true;
    this.#told = options.told ?? ((error): Error => error);
    this.#leave =
      options.leave ??
      ((): void => {
        stream.abort();
      });
    stream.attach({
      receive: (pieces) => {
        this.#receive(pieces);
      },
      ended: () => {
        if (this.#released) return;
        this.push(null);
        // Nobody may ever read what is not there, and the end is told to readers: without this it would never close.
        this.read(0);
      },
      failed: (error) => {
        this.#fail(error);
      },
      writable: () => {
        this.#goOn();
      },
    });
  }

  /**
   * The stream, for another sink, with all in front that was read but not consumed. This duplex is dead from now on:
   * it neither hears nor says anything. Attach the other sink at once.
   */
  release(): PushStream {
    this.removeAllListeners('data');
    // From Node 26 on each call brings one piece only.
    const unread: Buffer[] = [];
    for (let piece = this.read(); piece !== null; piece = this.read()) unread.push(piece as Buffer);
    this.#released = true;
    this.destroy();
    if (unread.length > 0) this.#stream.giveBack(concat(unread));
    return this.#stream;
  }

  /** Delivers all that was written, then lets the peer see an end that is not clean. */
  truncate(): void {
    if (this.#truncating) return;
    this.#truncating = true;
    if (this.writableFinished) this.#stream.truncate();
    else this.end();
  }

  /** Bytes that came out of the stream, and bytes written to it or waiting to be. */
  get bytesRead(): number {
    return this.#received;
  }

  get bytesWritten(): number {
    return this.#sent - this.#unplaced + this.writableLength;
  }

  /** Emits `timeout`, once, when no byte has moved in either direction for `ms`; 0 stops that. As sockets do. */
  setTimeout(ms: number): this {
    clearTimeout(this.#quiet);
    const off = ms === 0 || this.destroyed || this.#released;
    this.#quiet = off ? undefined : setTimeout(() => this.emit('timeout'), ms).unref();
    return this;
  }

  /** What Node's agent asks of a connection that has rested. It means nothing to a push stream. */
  ref(): this {
    return this;
  }

  override read(size?: number): unknown {
    const piece: unknown = super.read(size);
    if (this.#failure !== undefined && this.readableLength === 0) this.destroy(this.#failure);
    return piece;
  }

  override _read(): void {
    if (!this.#released) this.#stream.resume();
  }

  override _write(piece: Buffer, _encoding: BufferEncoding, done: Written): void {
    this.#send([piece], done);
  }

  override _writev(pieces: readonly { readonly chunk: Buffer }[], done: Written): void {
    this.#send(
      pieces.map(({ chunk }) => chunk),
      done,
    );
  }

  override _final(done: Written): void {
    if (!this.#released) {
      if (this.#truncating) this.#stream.truncate();
      else this.#stream.end();
    }
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#quiet);
    const over = this.readableEnded && this.writableFinished;
    if (!this.#released && this.#failure === undefined && !over) this.#leave(error);
    const unplaced = this.#room;
    this.#room = undefined;
    this.once('close', () => {
      unplaced?.(error ?? lostWords('ERR_STREAM_DESTROYED'));
    });
    done(error);
  }

  #receive(pieces: readonly Uint8Array[]): void {
    if (this.#released) return;
    this.#quiet?.refresh();
    for (const piece of pieces) {
      this.#received += piece.length;
      // Not slice(): of a Buffer that is only a view.
      if (!this.push(this.#stream.lends ? new Uint8Array(piece) : piece)) this.#stream.pause();
    }
  }

  #send(pieces: readonly Uint8Array[], done: Written): void {
    this.#quiet?.refresh();
    const size = lengthOf(pieces);
    this.#sent += size;
    // Nothing is something to a stream that seals what it is given.
    if (size === 0 || this.#released || this.#failure !== undefined || this.#write(pieces)) done();
    else {
      this.#room = done;
      this.#unplaced = size;
    }
  }

  #write(pieces: readonly Uint8Array[]): boolean {
    const copied = this.#borrows && this.#stream.keeps;
    return this.#stream.write(copied ? pieces.map((piece) => Buffer.from(piece)) : pieces);
  }

  #goOn(): void {
    this.#quiet?.refresh();
    const done = this.#room;
    this.#room = undefined;
    this.#unplaced = 0;
    done?.();
  }

  #fail(error: Error): void {
    if (this.#released) return;
    const told = this.#told(error);
    this.#failure = told;
    if (!this.#hearsOut || this.readableLength === 0) this.destroy(told);
    else this.#goOn();
  }
}

/** What is said of words that went nowhere, with a code of Node's. */
export function lostWords(code: string): Error {
  return Object.assign(new Error('write: expected a stream, got one that is closed'), { code });
}

import { concat } from '../bytes.js';
import { ProtocolError } from '../errors.js';
import type { Handshake, Step } from '../proxy/handshake.js';
import { after } from './patience.js';
import type { PushStream, Sink } from './stream.js';

/** What a peer may send ahead of an answer before its stream is paused, bytes. */
const aheadLimit = 64 * 1024;

/**
 * Runs handshakes over a stream: feeds them the bytes they ask for, in whatever pieces those arrive, and sends what
 * they write. Afterwards `handOver` gives the stream to somebody else, with every byte that was read too far.
 *
 * Words are kept back until the handshake waits for the peer, so that a method reply and the reply to the request
 * behind it leave in one write when both were asked for at once.
 */
export class HandshakeDriver implements Sink {
  readonly #stream: PushStream;
  #ahead: Uint8Array[] = [];
  #length = 0;
  #words: Uint8Array[] = [];
  #end: Error | undefined;
  #failure: Error | undefined;
  #failing: AbortController | undefined;
  #ended = false;
  #whenDeaf: (() => void) | undefined;
  #whenWritable: (() => void) | undefined;
  #wake: (() => void) | undefined;

  constructor(stream: PushStream) {
    this.#stream = stream;
    stream.attach(this);
  }

  /**
   * What the handshake returns. Throws what it throws, a ProtocolError when the peer ends or takes longer than
   * `deadlineMs`, if that ends, the stream's own error, or the reason of `signal`. What the handshake had written by then has been
   * sent.
   */
  async run<T>(
    handshake: Handshake<T>,
    deadlineMs: number,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<T> {
    const aborted = (): void => {
      this.#stop(signal?.reason as Error);
    };
    if (signal?.aborted === true) aborted();
    signal?.addEventListener('abort', aborted);
    const late = after(deadlineMs, () => {
      this.#stop(
        new ProtocolError(
          `handshake: expected it to be complete within ${deadlineMs / 1000} s, got silence`,
          'silence',
        ),
      );
    });
    try {
      let step = handshake.next();
      while (step.done !== true) {
        const asked = this.#answer(step.value);
        if (asked === undefined) await this.#more();
        else step = handshake.next(asked);
      }
      return step.value;
    } catch (error) {
      this.#flush();
      throw error;
    } finally {
      clearTimeout(late);
      signal?.removeEventListener('abort', aborted);
    }
  }

  /**
   * Aborts `controller` with the stream's own error when that breaks before it is handed over. A peer that merely
   * ends its direction breaks nothing: it may well wait for an answer.
   */
  abortOnFailure(controller: AbortController): void {
    this.#failing = controller;
    if (this.#failure !== undefined) controller.abort(this.#failure);
  }

  /**
   * Calls back when the peer ends its direction before the stream is handed over, or sends so much that it has to be
   * paused, and nobody hears any more whether it is there; at once when it has already.
   */
  whenDeaf(action: () => void): void {
    this.#whenDeaf = action;
    if (this.#ended || this.#length > aheadLimit) action();
  }

  /** Calls back when writing may go on, for whoever writes beside the handshake. */
  whenWritable(action: () => void): void {
    this.#whenWritable = action;
  }

  /** The bytes that arrived behind the handshake so far. They are the caller's now. */
  takeAhead(): Uint8Array {
    return this.#cut(this.#length);
  }

  /** Puts bytes in front again: they are for whoever comes next. */
  putBack(bytes: Uint8Array): void {
    this.#ahead.unshift(bytes);
    this.#length += bytes.length;
  }

  /** Goes on with a stream that was handed over and has come back, `ahead` of it read too far. */
  takeBack(ahead: Uint8Array): void {
    this.#stream.giveBack(ahead);
    this.#stream.attach(this);
  }

  /** Says something to the peer, together with anything kept back. */
  say(words: Uint8Array): void {
    if (words.length > 0) this.#words.push(words);
    this.#flush();
  }

  /** The stream itself, ready for another sink; what was read too far comes first. */
  handOver(): PushStream {
    this.#flush();
    this.#stream.giveBack(this.takeAhead());
    return this.#stream;
  }

  receive(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      // Not slice(): of a Buffer that is only a view.
      this.#ahead.push(this.#stream.lends ? new Uint8Array(piece) : piece);
      this.#length += piece.length;
    }
    if (this.#length > aheadLimit) {
      this.#stream.pause();
      this.#whenDeaf?.();
    }
    this.#wake?.();
  }

  ended(): void {
    this.#ended = true;
    this.#whenDeaf?.();
    this.#stop(new ProtocolError('handshake: expected more bytes, got the end of the stream', 'truncated'));
  }

  failed(error: Error): void {
    this.#failure ??= error;
    this.#stop(error);
    this.#failing?.abort(this.#failure);
  }

  writable(): void {
    // Handshakes are far smaller than what a socket takes at once.
    this.#whenWritable?.();
  }

  #stop(reason: Error): void {
    this.#end ??= reason;
    this.#wake?.();
  }

  async #more(): Promise<void> {
    if (this.#end !== undefined) throw this.#end;
    this.#flush();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }

  #flush(): void {
    if (this.#words.length === 0) return;
    const words = concat(this.#words);
    this.#words = [];
    this.#stream.write([words]);
  }

  /** What a step asks for; undefined while it needs more bytes than are here. */
  #answer(step: Step): Uint8Array | undefined {
    if ('write' in step) {
      this.#words.push(step.write);
      return new Uint8Array(0);
    }
    if ('read' in step) return this.#length < step.read ? undefined : this.#cut(step.read);
    if ('peek' in step) return this.#length < step.peek ? undefined : this.#whole().subarray(0, step.peek);
    const found = this.#whole().subarray(0, step.atMost).indexOf(step.until);
    if (found >= 0) return this.#cut(found + 1);
    return this.#length < step.atMost ? undefined : this.#cut(step.atMost);
  }

  #whole(): Uint8Array {
    const all = concat(this.#ahead);
    this.#ahead = [all];
    return all;
  }

  #cut(size: number): Uint8Array {
    if (size === 0) return new Uint8Array(0);
    const all = this.#whole();
    this.#ahead = size < all.length ? [all.subarray(size)] : [];
    this.#length = all.length - size;
    return all.subarray(0, size);
  }
}

/** Push streams as what libraries expect where they expect a `net.Socket`. */
import type { AddressInfo } from 'node:net';
import { AuthError, codeOf, ProtocolError } from '../errors.js';
import { lostWords, PushDuplex, type Written } from './duplex.js';
import { LateStream } from './late.js';
import { longestMs } from './patience.js';
import { letGo } from './relay.js';
import type { SocketLike, SystemSocket } from './sockets.js';
import type { PushStream } from './stream.js';
import { TcpStream } from './tcp.js';

export interface StreamSocketOptions {
  /** Our direction goes on when the peer has ended its own; by default it ends then, as that of sockets does. */
  readonly allowHalfOpen?: boolean;
}

/**
 * A stream as a socket: the same methods, properties and events, as far as they mean anything to one that is not the
 * system's. Made from a late stream it emits `connect` and `ready` when that is there, and destroying it before ends
 * the opening. Destroyed without an error it ends cleanly; with one, or with words that wait, it is reset.
 */
export class StreamSocket extends PushDuplex implements SocketLike {
  /** What `setTimeout` was told last, ms. */
  timeout: number | undefined;
  /** Nothing of the target is tried here: whoever dials it does. */
  readonly autoSelectFamilyAttemptedAddresses: string[] = [];
  readonly #stream: PushStream;
  /** What Node asked for while the stream was not there; it asks for one thing at a time. */
  #early: (() => void) | undefined;
  #held = true;
  #resets = false;

  constructor(stream: PushStream, { allowHalfOpen = false }: StreamSocketOptions = {}) {
    super(stream, {
      borrows: true,
      closesItself: true,
      told: asSystemError,
      leave: (error) => {
        const abrupt = this.#resets || error !== null || this.writableLength > 0;
        if (abrupt || isOpening(stream)) stream.abort();
        else letGo(stream instanceof LateStream ? stream.release() : stream);
      },
    });
    this.#stream = stream;
    this.allowHalfOpen = allowHalfOpen;
    this.setDefaultEncoding('utf8');
    if (!isOpening(stream)) return;
    stream.whenOpen(() => {
      if (!this.#held) this.system?.unref();
      this.emit('connect');
      this.emit('ready');
      if (!this.destroyed) this.#early?.();
    });
  }

  /** The socket of the system that all of it travels in: where that leads is the first proxy, if there is one. */
  get system(): SystemSocket | undefined {
    return this.#stream.system;
  }

  /** Whether the stream is still being opened. */
  get connecting(): boolean {
    return !this.destroyed && isOpening(this.#stream);
  }

  get pending(): boolean {
    return this.connecting;
  }

  /** An older name of `writableLength`. */
  get bufferSize(): number {
    return this.writableLength;
  }

  get readyState(): 'opening' | 'open' | 'readOnly' | 'writeOnly' | 'closed' {
    if (this.connecting) return 'opening';
    if (this.readable) return this.writable ? 'open' : 'readOnly';
    return this.writable ? 'writeOnly' : 'closed';
  }

  get localAddress(): string | undefined {
    return this.system?.localAddress;
  }

  get localPort(): number | undefined {
    return this.system?.localPort;
  }

  get localFamily(): string | undefined {
    return this.system?.localFamily;
  }

  get remoteAddress(): string | undefined {
    return this.system?.remoteAddress;
  }

  get remotePort(): number | undefined {
    return this.system?.remotePort;
  }

  get remoteFamily(): string | undefined {
    return this.system?.remoteFamily;
  }

  /** The near address; empty while there is none. */
  address(): AddressInfo | Record<string, never> {
    const { localAddress: address, localPort: port, localFamily: family } = this;
    return address === undefined || port === undefined || family === undefined
      ? {}
      : { address, port, family };
  }

  /** Emits `timeout` when no byte has moved in either direction for `ms`; 0 stops that. */
  override setTimeout(ms: number, timedOut?: () => void): this {
    if (!(ms >= 0 && ms < Infinity)) {
      const message = `timeout: expected a number of milliseconds from 0 on, got ${ms}`;
      throw Object.assign(new RangeError(message), { code: 'ERR_OUT_OF_RANGE' });
    }
    this.timeout = ms;
    if (timedOut !== undefined) this[ms === 0 ? 'off' : 'once']('timeout', timedOut);
    return super.setTimeout(Math.min(ms, longestMs));
  }

  /** It never waits for company anyhow. */
  setNoDelay(): this {
    return this;
  }

  /** Peers that are silent are asked after anyhow. */
  setKeepAlive(): this {
    return this;
  }

  override ref(): this {
    this.#held = true;
    this.system?.ref();
    return this;
  }

  /** It is no reason for the process to go on. */
  unref(): this {
    this.#held = false;
    this.system?.unref();
    return this;
  }

  /** Resets the stream, whatever waits in it. */
  resetAndDestroy(): this {
    this.#resets = true;
    return this.destroy();
  }

  override _write(piece: Buffer, encoding: BufferEncoding, done: Written): void {
    this.#onceOpen(done, () => {
      super._write(piece, encoding, done);
    });
  }

  override _writev(pieces: readonly { readonly chunk: Buffer }[], done: Written): void {
    this.#onceOpen(done, () => {
      super._writev(pieces, done);
    });
  }

  override _final(done: Written): void {
    this.#onceOpen(done, () => {
      super._final(done);
    });
  }

  /** `close` says whether it broke, as that of sockets does. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    super._destroy(error, (broken) => {
      done(broken);
      process.nextTick(() => this.emit('close', broken !== null));
    });
  }

  /** Destroys it once all that was written has left. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  /** Words have not been said before there is anybody to say them to: what says so now could not be taken back. */
  #onceOpen(done: Written, go: () => void): void {
    if (!isOpening(this.#stream)) {
      go();
      return;
    }
    const closed = (): void => {
      done(lostWords('ERR_SOCKET_CLOSED_BEFORE_CONNECTION'));
    };
    this.once('close', closed);
    this.#early = (): void => {
      this.off('close', closed);
      go();
    };
  }
}

/** The same bytes for those that want a socket of the system: `stream` itself where it is one. */
export function asTcp(stream: PushStream): TcpStream {
  return stream instanceof TcpStream
    ? stream
    : new TcpStream(new StreamSocket(stream, { allowHalfOpen: true }));
}

/** What the halves call by names of their own, in the words that those know who use sockets. */
function asSystemError(error: Error): Error {
  const silent = ['silence', 'timed-out'].includes(codeOf(error) ?? '');
  if (!silent && !(error instanceof ProtocolError || error instanceof AuthError)) return error;
  const code = silent ? 'ETIMEDOUT' : 'ECONNRESET';
  return Object.assign(new Error(error.message, { cause: error }), { code, syscall: 'read' });
}

function isOpening(stream: PushStream): stream is LateStream {
  return stream instanceof LateStream && !stream.isOpen;
}

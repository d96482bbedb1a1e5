import type { Target } from '../codec/address.js';
import { codeOf, ProtocolError } from '../errors.js';
import { gatherForTurn } from './gather.js';
import { LendingSocket, type Reader } from './lending.js';
import { free } from './spent.js';
import type { SocketLike, SystemSocket } from './sockets.js';
import { deaf, type PushStream, type Sink } from './stream.js';

/** How much may wait in one socket's queue before its source is paused, bytes. Above every Node's own mark. */
const highWater = 128 * 1024;
/** After the last byte of a broken stream has left, the peer has this long to read it before the reset, ms. */
const resetGraceMs = 50;
/** The same, on top, for a peer that is busy sending. */
const busyResetGraceMs = 1_000;
/** A peer that took t to read our queue gets this many times t for what the kernel holds, up to a minute. */
const slownessFactor = 16;
const longestResetGraceMs = 60_000;
/** A peer that neither reads nor sends while a broken stream is emptied is given up after this, ms. */
const stalledResetMs = 30_000;
/** A peer that reads nothing of what is left after a clean end: a paused download must survive a long pause, ms. */
const stalledCloseMs = 600_000;
/** How long a peer that has been sent everything may take to close its side, ms. */
const closeMs = 5_000;

const nothing = new Uint8Array(0);

/** A connected TCP socket, or what behaves like one, as a push stream. It owns the socket from now on. */
export class TcpStream implements PushStream, Reader {
  readonly lends: boolean;
  readonly keeps = true;
  readonly #socket: SocketLike;
  /** What a socket that is not the system's has taken may wait below it. */
  readonly #frees: boolean;
  #sink: Sink | undefined;
  #front: Uint8Array | undefined;
  #ended = false;
  #failure: Error | undefined;
  #paused = true;
  #truncating = false;
  #quiet: (() => void) | undefined;
  /** Pieces to be freed when the queue is empty again; they are in it, or were. */
  #leaving: Uint8Array[] = [];

  constructor(socket: SocketLike) {
    this.#socket = socket;
    this.#frees = !('system' in socket);
    this.lends = socket instanceof LendingSocket;
    if (socket instanceof LendingSocket) socket.reader = this;
    else socket.on('data', (piece) => this.#sink?.receive([piece]));
    socket.pause();
    socket.on('end', () => {
      this.#confirmEnd();
    });
    socket.on('error', (error) => {
      // EPIPE: the reset came behind a FIN, so everything the peer had to say is here.
      if (codeOf(error) === 'EPIPE') this.#end();
      this.#fail(error);
    });
    socket.on('drain', () => {
      this.#freeLeft([]);
      this.#sink?.writable();
    });
  }

  get system(): SystemSocket {
    return this.#socket.system ?? this.#socket;
  }

  lent(bytes: Uint8Array): void {
    this.#sink?.receive([bytes]);
  }

  /** Bytes that came from the peer, and bytes handed to it. */
  get received(): number {
    return this.#socket.bytesRead;
  }
  get sent(): number {
    return this.#socket.bytesWritten;
  }

  /** Our own address on this connection, as the kernel gave it. Port 0 when the socket is gone already. */
  get bound(): Target {
    return { host: this.#socket.localAddress ?? '0.0.0.0', port: this.#socket.localPort ?? 0 };
  }

  /** The peer's IP address; empty when the socket is gone already. */
  get peer(): string {
    return this.#socket.remoteAddress ?? '';
  }

  /** Calls back once, when the socket is gone for whatever reason. */
  onClosed(closed: () => void): void {
    if (this.#socket.destroyed) closed();
    else this.#socket.on('close', closed);
  }

  /** Breaks the stream when no byte has moved in either direction for `ms`. */
  limitIdle(ms: number): void {
    this.#whenQuiet(ms, () => {
      this.interrupt(new ProtocolError(`idle: expected a byte within ${ms / 1000} s, got none`, 'silence'));
    });
  }

  /** Calls back each time that bytes have waited to be sent and none has left, nor come, for `ms`. */
  whenStalled(ms: number, stalled: () => void): void {
    this.#whenQuiet(ms, () => {
      this.#socket.setTimeout(ms);
      if (this.#socket.writableLength > 0) stalled();
    });
  }

  /** Resets at once, and tells whoever uses the stream, as `abort` does not: what it was joined to has to go too. */
  interrupt(reason: Error): void {
    this.#fail(reason);
    this.#reset();
  }

  /** Lets go as the kernel does for a process that dies: a FIN behind what waits, when all that came has been read. */
  drop(): void {
    this.#sink = deaf;
    if (this.#socket.writableLength === 0) this.#socket.destroy();
    else this.close();
  }

  attach(sink: Sink): void {
    this.#sink = sink;
    this.#paused = false;
    const front = this.#front;
    this.#front = undefined;
    if (front !== undefined) sink.receive([front]);
    // The sink may have handed the stream on, or paused it, while it took the first bytes.
    if (this.#sink !== sink) return;
    if (this.#failure !== undefined) sink.failed(this.#failure);
    else if (this.#ended) sink.ended();
    else this.#read();
  }

  giveBack(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#front = bytes;
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }

  write(pieces: readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    const only = pieces.length === 1 ? pieces[0] : undefined;
    if (only !== undefined) socket.write(only);
    else {
      socket.cork();
      for (const piece of pieces) socket.write(piece);
      socket.uncork();
    }
    // Not write()'s own answer: on Node 20 it is false for every large piece, even one the kernel took whole.
    return socket.writableLength <= highWater;
  }

  spend(pieces: readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    const room = this.write(pieces);
    if (!this.#frees) return room;
    if (socket.writableLength === 0) this.#freeLeft(pieces);
    // Of a little that waits nobody is told when it has left, and it must not be held until then: the collector has it.
    else if (socket.writableNeedDrain) this.#leaving.push(...pieces);
    return room;
  }

  gather(): void {
    if (this.#socket.writableLength === 0) gatherForTurn(this.#socket);
  }

  /** When the peer has ended as well, closing says the same in one system call: the kernel sends what it holds. */
  end(): void {
    const socket = this.#socket;
    if (this.lends && this.#ended && socket.writableLength === 0) socket.destroy();
    else socket.end();
  }

  /**
   * Sends what waits, goes on reading so that no unread byte turns the end into an early reset, then resets. A FIN of
   * ours may have gone before: the peer has heard all there was, and now hears that nobody listens any more.
   */
  truncate(): void {
    const socket = this.#socket;
    if (this.#truncating || socket.destroyed) return;
    this.#truncating = true;
    this.attach(deaf);
    this.limitIdle(stalledResetMs);
    const startedAt = performance.now();
    const flushed = (): void => {
      const heard = socket.bytesRead;
      // The reset throws away what the kernel still holds, some ten times our own queue: a slow reader gets the time.
      const slow = slownessFactor * (performance.now() - startedAt);
      this.#after(Math.min(longestResetGraceMs, Math.max(resetGraceMs, slow)), () => {
        // A peer in the middle of an upload has its hands full: it needs longer to find what we said.
        this.#after(socket.bytesRead > heard ? busyResetGraceMs : 0, () => {
          this.#reset();
        });
      });
    };
    if (!socket.writableEnded) socket.write(nothing, flushed);
    else if (socket.writableFinished) flushed();
    else socket.once('finish', flushed);
  }

  abort(): void {
    this.#sink = deaf;
    this.#reset();
  }

  /**
   * Ends our direction and discards what still comes, so that no unread byte can turn the FIN into a reset. Once all has
   * been sent the peer has 5 s to close as well; while it still reads, it is waited for.
   */
  close(): void {
    const socket = this.#socket;
    if (socket.destroyed) return;
    this.attach(deaf);
    this.limitIdle(stalledCloseMs);
    socket.end(() => {
      this.#after(closeMs, () => socket.destroy());
    });
  }

  /** While a FIN is under way libuv refuses a reset, and Node then never closes the descriptor: it has to wait. */
  #reset(): void {
    const socket = this.#socket;
    if (socket.destroyed) return;
    const ending = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
    if (ending) socket.once('finish', () => socket.resetAndDestroy());
    else socket.resetAndDestroy();
  }

  /** A socket has one such clock; who sets it last is meant. */
  #whenQuiet(ms: number, quiet: () => void): void {
    if (this.#quiet === undefined) this.#socket.on('timeout', () => this.#quiet?.());
    this.#quiet = quiet;
    this.#socket.setTimeout(ms);
  }

  #after(ms: number, action: () => void): void {
    const socket = this.#socket;
    if (socket.destroyed) return;
    const timer = setTimeout(action, ms);
    socket.once('close', () => {
      clearTimeout(timer);
    });
  }

  /**
   * libuv takes a reset that arrives together with the last bytes for the end of file (it stops at POLLHUP after a short
   * read). After a reset the kernel knows no peer any more; where it cannot be asked, writing nothing tells: that sends no
   * packet, and fails when there was a reset. Bytes that wait to be sent ask the same by themselves, right behind this.
   */
  #confirmEnd(): void {
    const socket = this.#socket;
    const end = (): void => {
      this.#end();
    };
    if (socket.writableEnded || (socket instanceof LendingSocket && socket.hasPeer())) end();
    else if (socket.writableLength > 0) setImmediate(end);
    else {
      socket.write(nothing, (error) => {
        if (error == null) end();
      });
    }
  }

  #end(): void {
    if (this.#ended || this.#failure !== undefined) return;
    this.#ended = true;
    this.#sink?.ended();
  }

  /** The queue is empty: what waited in it has left, too. */
  #freeLeft(pieces: readonly Uint8Array[]): void {
    free(pieces);
    if (this.#leaving.length === 0) return;
    free(this.#leaving);
    this.#leaving = [];
  }

  #read(): void {
    if (!this.#paused) this.#socket.resume();
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#sink?.failed(error);
  }
}

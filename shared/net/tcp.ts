import net from 'node:net';
import type { Target } from '../codec/address.js';
import type { PushStream, Sink } from './stream.js';

/** How much may wait in one socket's queue before its source is paused, bytes. Above every Node's own mark. */
const highWater = 128 * 1024;
/** One read of a dialled socket, bytes. Reads past 64 KiB cost a third of the CPU time of Node's own 64 KiB. */
const readSize = 256 * 1024;
/** After the last byte of a broken stream has left, the peer has this long to read it before the reset, ms. */
const resetGraceMs = 50;
/** The same for a peer that was seen to read slowly: the reset throws away what the kernel still holds. */
const slowResetGraceMs = 2_000;
/** A peer that reads nothing of a broken stream is waited for no longer than this, ms. */
const stalledResetMs = 30_000;
/** A peer that reads nothing of what is left after a clean end: a paused download must survive a long pause, ms. */
const stalledCloseMs = 600_000;
/** How long a peer that has been sent everything may take to close its side, ms. */
const closeMs = 5_000;

const keepAliveDelayMs = 15_000;

/** How every accepted socket is made, for `net.createServer`. It stays paused until a sink is attached. */
export const acceptedSocketOptions: net.ServerOpts = {
  allowHalfOpen: true,
  pauseOnConnect: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: keepAliveDelayMs,
};

/**
 * The buffer that all dialled sockets read into. On Linux and macOS libuv calls back right after each read, and
 * every sink is done with lent pieces when it returns, so one is enough for the process. Windows reads ahead into
 * the buffer it was given, so there each socket has its own.
 */
let sharedBuffer: Uint8Array | undefined;

function readBuffer(): Uint8Array {
  if (process.platform === 'win32') return new Uint8Array(64 * 1024);
  return (sharedBuffer ??= new Uint8Array(readSize));
}

/** A socket that can no longer be written to is read until nothing has come for this long, ms. */
const lastWordsMs = 20;

type Arrival = (size: number, buffer: Uint8Array) => boolean;
const arrivals = new WeakMap<net.Socket, { deliver: Arrival }>();

/**
 * Begins a connection to an IP address. The socket is paused; hand it to `TcpStream` once it is connected.
 * Its reads go to the shared buffer, so it must be read through a `TcpStream` and nothing else.
 */
export function connectSocket(ip: string, port: number): net.Socket {
  const arrival: { deliver: Arrival } = { deliver: () => false };
  const socket = net.connect({
    host: ip,
    port,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveDelayMs,
    onread: { buffer: readBuffer(), callback: (size, buffer) => arrival.deliver(size, buffer) },
  });
  socket.pause();
  arrivals.set(socket, arrival);
  return socket;
}

const discard: Sink = {
  receive: () => undefined,
  ended: () => undefined,
  failed: () => undefined,
  writable: () => undefined,
};

/** A connected TCP socket as a push stream. It owns the socket from now on. */
export class TcpStream implements PushStream {
  readonly lends: boolean;
  readonly keeps = true;
  readonly #socket: net.Socket;
  #sink: Sink | undefined;
  #front: Uint8Array | undefined;
  #ended = false;
  #failure: Error | undefined;
  #paused = true;
  #truncating = false;

  constructor(socket: net.Socket) {
    this.#socket = socket;
    const arrival = arrivals.get(socket);
    this.lends = arrival !== undefined;
    if (arrival !== undefined) {
      arrival.deliver = (size, buffer) => {
        this.#sink?.receive([buffer.subarray(0, size)]);
        return true;
      };
      this.#hearLastWords();
    } else {
      socket.on('data', (piece) => this.#sink?.receive([piece]));
      socket.pause();
    }
    socket.on('end', () => {
      this.#ended = true;
      this.#sink?.ended();
    });
    socket.on('error', (error) => {
      this.#fail(error);
    });
    socket.on('drain', () => this.#sink?.writable());
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

  /** Calls back once, when the socket is gone for whatever reason. */
  onClosed(closed: () => void): void {
    if (this.#socket.destroyed) closed();
    else this.#socket.once('close', closed);
  }

  /** Breaks the stream when no byte has moved in either direction for `ms`. */
  limitIdle(ms: number): void {
    this.#socket.setTimeout(ms, () => {
      this.#fail(new Error(`idle: no byte in either direction for ${ms / 1000} s`));
      this.#socket.resetAndDestroy();
    });
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

  end(): void {
    this.#socket.end();
  }

  /** Sends what waits, goes on reading so that no unread byte turns the end into an early reset, then resets. */
  truncate(): void {
    if (this.#truncating || this.#socket.destroyed) return;
    this.#truncating = true;
    const socket = this.#socket;
    this.attach(discard);
    const slow = socket.writableLength > 0;
    let timer = setTimeout(() => socket.resetAndDestroy(), stalledResetMs);
    socket.once('close', () => {
      clearTimeout(timer);
    });
    socket.write(new Uint8Array(0), () => {
      clearTimeout(timer);
      if (socket.destroyed) return;
      timer = setTimeout(() => socket.resetAndDestroy(), slow ? slowResetGraceMs : resetGraceMs);
    });
  }

  abort(): void {
    this.#sink = discard;
    if (!this.#socket.destroyed) this.#socket.resetAndDestroy();
  }

  /**
   * Ends our direction and discards whatever still comes, so that no unread byte can turn the FIN into a reset.
   * Once everything has been sent the peer has 5 s to close as well; while it still reads, it is waited for.
   */
  close(): void {
    const socket = this.#socket;
    if (socket.destroyed) return;
    this.attach(discard);
    socket.setTimeout(stalledCloseMs, () => socket.destroy());
    socket.end(() => {
      const timer = setTimeout(() => socket.destroy(), closeMs);
      socket.once('close', () => {
        clearTimeout(timer);
      });
    });
  }

  /**
   * A target that answers early and closes resets what we still send it, and Node destroys a socket whose write
   * fails, with the whole answer unread in the kernel: 19 of 20 early answers were lost. So a failed write does not
   * destroy yet. Nothing new can arrive behind a reset, so what is there has been read once it is quiet.
   */
  #hearLastWords(): void {
    const socket = this.#socket;
    const destroy = socket.destroy.bind(socket);
    let failure: Error | undefined;
    const listen = (heard: number): void => {
      setTimeout(() => {
        if (socket.destroyed) return;
        if (this.#paused || socket.bytesRead > heard) listen(socket.bytesRead);
        else destroy(failure);
      }, lastWordsMs);
    };
    socket.destroy = (error?: Error) => {
      const writing = error !== undefined && 'syscall' in error && error.syscall === 'write';
      if (!writing || this.#ended) return destroy(error);
      if (failure === undefined) listen(socket.bytesRead);
      failure = error;
      return socket;
    };
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

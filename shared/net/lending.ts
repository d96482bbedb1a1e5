import net from 'node:net';

/**
 * One read, bytes: just under 256 KiB, which takes a quarter less CPU time than Node's own 64 KiB. A full read makes whole
 * chunks of both editions, 16 of 16,383 bytes or 4 of nearly 65,535.
 */
const readSize = 16 * 0x3fff;
/** A socket that can no longer be written to is read until nothing has come for this long, ms. */
const lastWordsMs = 20;
const keepAliveDelayMs = 15_000;

/** How both kinds of socket behave: each direction ends by itself, nothing waits for company, a dead peer is noticed. */
export const relayedSocketOptions: net.SocketConstructorOpts & net.ServerOpts = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: keepAliveDelayMs,
};

/**
 * The buffer that all sockets read into. On Linux and macOS libuv calls back right after each read, and
 * every sink is done with lent pieces when it returns, so one is enough for the process. Windows reads ahead into
 * the buffer it was given, so there each socket has its own.
 */
let sharedBuffer: Uint8Array | undefined;

function readBuffer(): Uint8Array {
  if (process.platform === 'win32') return new Uint8Array(64 * 1024);
  if (sharedBuffer === undefined) {
    keepFreedMemory();
    sharedBuffer = new Uint8Array(readSize);
  }
  return sharedBuffer;
}

/**
 * Node's ciphers write into new memory each time, and a collection frees megabytes of it at once. glibc hands what
 * lies at the top of its heap back to the system from 128 KiB on, so the next chunks meet a page fault every 4 KiB:
 * 12,000 for each GiB, and a quarter of the throughput. But when a large block is freed it takes twice its size for
 * the new limit (mallopt(3), M_TRIM_THRESHOLD). This one is never touched and costs nothing; elsewhere it does nothing.
 * A larger one helps no flow, and leaves what a crowd of conversations needed with a process that is idle again.
 */
function keepFreedMemory(): void {
  Buffer.allocUnsafeSlow(2 * 1024 * 1024);
}

/** Who takes what a lending socket reads. The bytes are lent. */
export interface Reader {
  lent(bytes: Uint8Array): void;
}

/**
 * Begins a connection to an IP address. The socket is paused; hand it to a `TcpStream` once it is connected. Its
 * reads go to the shared buffer, so nothing else can read it.
 */
export function connectSocket(ip: string, port: number): LendingSocket {
  const socket = lendingSocket(relayedSocketOptions);
  socket.connect(port, ip);
  socket.pause();
  return socket;
}

/** The same to a unix socket. */
export function connectPath(path: string): LendingSocket {
  const socket = lendingSocket({ allowHalfOpen: true });
  socket.connect(path);
  socket.pause();
  return atPath(socket, path);
}

/** A connection at a unix socket has no addresses; whoever asks for them gets the path, and the port 0. */
export function atPath<S extends net.Socket>(socket: S, path: string): S {
  const [address, port] = [{ value: path }, { value: 0 }];
  return Object.defineProperties(socket, {
    localAddress: address,
    localPort: port,
    remoteAddress: address,
    remotePort: port,
  });
}

/**
 * The accepted connection as a lending socket, paused; the one given is gone. `onread` is for sockets that we make, so
 * one is made around the connection's handle, which is Node's inside: where it does not look as expected, the
 * accepted socket comes back as it is. An upload costs a quarter less CPU time so (bench/README.md).
 */
export function adoptSocket(accepted: net.Socket): net.Socket {
  const inside = accepted as unknown as { _handle?: object | null };
  const handle = inside._handle;
  if (handle == null || process.platform === 'win32') return accepted;
  const socket = lendingSocket({ allowHalfOpen: true, handle, pauseOnCreate: true });
  if ((socket as unknown as typeof inside)._handle !== handle) return accepted;
  inside._handle = null;
  accepted.destroy();
  socket.pause();
  return socket;
}

/** What is inside a listening server of Node and a connection's handle, as far as it is used here. */
interface ListeningHandle {
  onconnection?: (this: unknown, status: number, connection?: object) => void;
  setNoDelay?: (on: boolean) => number;
  setKeepAlive?: (on: boolean, delaySeconds: number) => number;
}

/**
 * Calls back with each connection of `server`, which listens already and was given no options for its sockets, as a
 * lending socket, paused. Node would make a socket of its own first, and set its options by five system calls, all of
 * which Linux lets a connection inherit from its listener. Where the inside of Node does not look as expected (or the
 * listener is that of another process) it goes the long way.
 */
export function acceptSockets(server: net.Server, accept: (socket: net.Socket) => void): void {
  const handle = (server as unknown as { readonly _handle?: ListeningHandle | null })._handle;
  const inherited =
    process.platform === 'linux' &&
    handle?.setNoDelay?.(true) === 0 &&
    handle.setKeepAlive?.(true, keepAliveDelayMs / 1000) === 0;
  const come = (socket: net.Socket): void => {
    if (!inherited) socket.setNoDelay(true).setKeepAlive(true, keepAliveDelayMs);
    accept(socket);
  };
  server.on('connection', (socket) => {
    come(adoptSocket(socket));
  });
  const received = handle?.onconnection;
  if (handle == null || typeof received !== 'function' || process.platform === 'win32') return;
  handle.onconnection = function (status, connection) {
    if (status !== 0 || connection === undefined) received.call(this, status, connection);
    else come(lendingSocket({ allowHalfOpen: true, handle: connection, pauseOnCreate: true }));
  };
}

/** What is inside a connected socket of Node; `getpeername` returns 0, or the error of the system. That of a unix socket has neither. */
interface PeerHandle {
  getpeername?: (peer: object) => number;
  reset?: unknown;
}

function lendingSocket(
  kind: net.SocketConstructorOpts & { handle?: object; pauseOnCreate?: true },
): LendingSocket {
  const arrival: { socket?: LendingSocket } = {};
  const callback = (size: number, buffer: Uint8Array): boolean => {
    const { socket } = arrival;
    socket?.reader?.lent(buffer.subarray(0, size));
    return socket?.readsOn() ?? true;
  };
  // The typings know `onread` for connect() only; the constructor is what reads it.
  const options: net.SocketConstructorOpts & net.ConnectOpts = {
    ...kind,
    onread: { buffer: readBuffer(), callback },
  };
  const socket = new LendingSocket(options);
  arrival.socket = socket;
  return socket;
}

/**
 * A socket that hears its peer out. A target that answers early and closes resets what we still send it, and Node
 * destroys a socket whose write fails, with the whole answer unread in the kernel: 19 of 20 early answers were lost.
 * So a failed write does not destroy yet. Nothing new can arrive behind a reset, so what is there has been read once
 * it is quiet.
 */
export class LendingSocket extends net.Socket {
  reader: Reader | undefined;
  #writeFailure: Error | undefined;

  override destroy(error?: Error): this {
    const writing = error !== undefined && 'syscall' in error && error.syscall === 'write';
    if (!writing || this.readableEnded) return super.destroy(error);
    if (this.#writeFailure === undefined) this.#hearOut(this.bytesRead);
    this.#writeFailure = error;
    return this;
  }

  /** A unix socket knows no reset: its peer hears that it is closed. */
  override resetAndDestroy(): this {
    const handle = (this as unknown as { readonly _handle?: PeerHandle | null })._handle;
    return handle != null && handle.reset === undefined ? this.destroy() : super.resetAndDestroy();
  }

  /**
   * Whether to go on reading at once. While it reads, libuv takes a reset that arrives together with bytes for an end;
   * as long as we can write, a write still tells the two apart. Afterwards each read has to stand alone.
   */
  readsOn(): boolean {
    if (!this.writableEnded || this.isPaused()) return true;
    setImmediate(() => {
      if (!this.isPaused()) this.resume();
    });
    return false;
  }

  /** Whether the connection still stands as far as the kernel knows; false, too, where it is not said. */
  hasPeer(): boolean {
    const handle = (this as unknown as { readonly _handle?: PeerHandle | null })._handle;
    return process.platform === 'linux' && handle?.getpeername?.({}) === 0;
  }

  #hearOut(heard: number): void {
    const listened = (): void => {
      if (this.destroyed) return;
      if (this.isPaused() || this.bytesRead > heard) this.#hearOut(this.bytesRead);
      else super.destroy(this.#writeFailure);
    };
    // A loop that was late runs its timers before it looks at its sockets: what came meanwhile is heard first.
    setTimeout(() => setImmediate(listened), lastWordsMs);
  }
}

/** One end of a TCP connection in the hands of a test: it keeps what came, and knows how that ended. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

/** How the other side ended its direction: cleanly, or by a reset. */
export type Ending = 'fin' | 'reset';

/** What went through a connection, without keeping it. */
export interface Digest {
  readonly length: number;
  readonly sha256: string;
}

const blockSize = 64 * 1024;

export class Peer {
  readonly socket: net.Socket;
  #pieces: Buffer[] = [];
  #length = 0;
  #ending: Ending | undefined;
  #wakers: (() => void)[] = [];

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('data', (piece: Buffer) => {
      this.#pieces.push(piece);
      this.#length += piece.length;
      this.#wake();
    });
    socket.on('end', () => {
      this.#judge();
    });
    socket.on('error', () => {
      this.#ended('reset');
    });
    socket.on('close', () => {
      this.#ended('reset');
    });
    onTestFinished(() => {
      socket.destroy();
    });
  }

  /** How many bytes came that nobody has taken yet. */
  get waiting(): number {
    return this.#length;
  }

  /** Undefined while the other side may still say something. */
  get ending(): Ending | undefined {
    return this.#ending;
  }

  /** Exactly `length` bytes. Rejects when the other side ends before. */
  async read(length: number): Promise<Buffer> {
    while (this.#length < length) {
      if (this.#ending !== undefined) {
        throw new Error(`peer: expected ${length} bytes, got ${this.#length} and then ${this.#ending}`);
      }
      await this.#news();
    }
    return this.#take(length);
  }

  /** Settles when the other side has ended its direction. */
  async ended(): Promise<Ending> {
    while (this.#ending === undefined) await this.#news();
    return this.#ending;
  }

  /** All that came and will come, however it ends. */
  async rest(): Promise<Buffer> {
    await this.ended();
    return this.#take(this.#length);
  }

  /** The same, counted and hashed instead of kept. */
  async digest(): Promise<Digest> {
    const hash = createHash('sha256');
    let length = 0;
    for (;;) {
      const piece = this.#take(this.#length);
      hash.update(piece);
      length += piece.length;
      if (this.#ending !== undefined) return { length, sha256: hash.digest('hex') };
      if (this.#length === 0) await this.#news();
    }
  }

  /** Settles when the kernel has taken the bytes, or the connection is gone. */
  send(bytes: Uint8Array | string): Promise<void> {
    return new Promise((resolve) => {
      this.socket.write(bytes, () => {
        resolve();
      });
    });
  }

  /** Sends `total` bytes of which no two blocks are alike, at the pace of the reader; stops when the peer is gone. */
  async pour(total: number): Promise<Digest> {
    const hash = createHash('sha256');
    const dice = randomBytes(blockSize);
    let length = 0;
    while (length < total && this.socket.writable) {
      const block = Buffer.from(dice.subarray(0, Math.min(blockSize, total - length)));
      if (block.length >= 8) block.writeDoubleBE(length, 0);
      hash.update(block);
      length += block.length;
      if (!this.socket.write(block)) await this.#writable();
    }
    return { length, sha256: hash.digest('hex') };
  }

  end(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  /**
   * libuv calls a reset that arrives together with bytes a clean end. A write still tells the two apart; one that
   * waits already fails within this turn.
   */
  #judge(): void {
    const { socket } = this;
    const fin = (): void => {
      this.#ended('fin');
    };
    if (!socket.writable) fin();
    else if (socket.writableLength > 0) setImmediate(fin);
    else {
      socket.write(Buffer.alloc(0), (error) => {
        this.#ended(error ? 'reset' : 'fin');
      });
    }
  }

  #ended(ending: Ending): void {
    this.#ending ??= ending;
    this.#wake();
  }

  /** Settles when more may be written, or nothing ever again. */
  #writable(): Promise<void> {
    const { socket } = this;
    return new Promise((resolve) => {
      const settle = (): void => {
        socket.off('drain', settle).off('close', settle);
        resolve();
      };
      if (socket.destroyed) resolve();
      else socket.on('drain', settle).on('close', settle);
    });
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakers.push(resolve);
    });
  }

  #wake(): void {
    for (const waker of this.#wakers.splice(0)) waker();
  }

  #take(length: number): Buffer {
    const all = this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces);
    const taken = (all ?? Buffer.alloc(0)).subarray(0, length);
    const left = (all ?? Buffer.alloc(0)).subarray(length);
    this.#pieces = left.length > 0 ? [left] : [];
    this.#length = left.length;
    return taken;
  }
}

/** A connection to a port of this host, gone after the test. Rejects when it is refused. */
export async function connect(port: number, host = '127.0.0.1'): Promise<Peer> {
  const socket = net.connect({ port, host, allowHalfOpen: true, noDelay: true });
  await once(socket, 'connect');
  return new Peer(socket);
}

/** Settles when the kernels between it and a reader that has stopped are full: nothing has left for 300 ms. */
export async function stalled({ socket }: Peer): Promise<void> {
  for (let before = -1; before !== socket.bytesWritten - socket.writableLength;) {
    before = socket.bytesWritten - socket.writableLength;
    await pause(300);
  }
}

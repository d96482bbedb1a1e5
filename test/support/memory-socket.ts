/** A TCP connection that never leaves this process, and cuts its bytes where the test says. */
import type net from 'node:net';
import { Duplex } from 'node:stream';
import { split } from './codec.js';

/** Stands in for a `net.Socket` as far as a `TcpStream` uses one. */
class MemorySocket extends Duplex {
  readonly #cuts: readonly number[];
  other: MemorySocket | undefined;
  bytesRead = 0;
  bytesWritten = 0;
  /** What is to be done once the other side wants to read again. */
  #blocked: (() => void) | undefined;

  constructor(cuts: readonly number[]) {
    super({ allowHalfOpen: true });
    this.#cuts = cuts;
  }

  setTimeout(): this {
    return this;
  }

  resetAndDestroy(): this {
    this.other?.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
    return this.destroy();
  }

  override _read(): void {
    const go = this.#blocked;
    this.#blocked = undefined;
    go?.();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, sent: () => void): void {
    this.bytesWritten += bytes.length;
    if (this.other === undefined || this.other.destroyed) sent();
    else this.other.#arrive(bytes, this.#cuts, sent);
  }

  override _final(sent: () => void): void {
    this.other?.push(null);
    sent();
  }

  #arrive(bytes: Buffer, cuts: readonly number[], taken: () => void): void {
    let room = true;
    for (const portion of split(bytes, cuts)) {
      this.bytesRead += portion.length;
      room = this.push(Buffer.from(portion));
    }
    if (room) taken();
    else this.#blocked = taken;
  }
}

/** Both ends of a connection; every write arrives in portions of these sizes, and one more for the rest. */
export function memoryConnection(cuts: readonly number[]): readonly [net.Socket, net.Socket] {
  const [one, other] = [new MemorySocket(cuts), new MemorySocket(cuts)];
  one.other = other;
  other.other = one;
  return [one as unknown as net.Socket, other as unknown as net.Socket];
}

/** Sockets as far as others than Node have to know them. */
import type { Duplex } from 'node:stream';

/** A socket of the system: where it leads, and whether it is a reason for the process to go on. */
export interface SystemSocket {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly localFamily?: string | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly remoteFamily?: string | undefined;
  /** Bytes that wait to be sent. */
  readonly writableLength?: number | undefined;
  destroy(error?: Error): unknown;
  ref(): unknown;
  unref(): unknown;
}

/** A `net.Socket`, or what behaves like one. */
export interface SocketLike extends Duplex, Omit<SystemSocket, 'destroy' | 'writableLength'> {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** The socket of the system below one that is none. */
  readonly system?: SystemSocket | undefined;
  setTimeout(ms: number): unknown;
  resetAndDestroy(): unknown;
}

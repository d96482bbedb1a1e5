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
  ref(): unknown;
  unref(): unknown;
}

/** A `net.Socket`, or what behaves like one. */
export interface SocketLike extends Duplex, SystemSocket {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** The socket of the system below one that is none. */
  readonly system?: SystemSocket | undefined;
  setTimeout(ms: number): unknown;
  resetAndDestroy(): unknown;
}

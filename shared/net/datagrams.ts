/**
 * UDP sockets, as thin as they can be: datagrams out, datagrams in, and nothing that asks a name server.
 *
 * Never connected, though every one of ours but the listener talks to a single peer: a connected socket keeps the near
 * address that it had when it was connected, so that a laptop which changes its network would be cut off. And
 * the ICMP answer to one datagram would make the system swallow the next.
 */
import { createSocket, type Socket } from 'node:dgram';
import type { Target } from '../codec/address.js';
import { codeOf } from '../errors.js';
import { countDatagramSocket, type Counted } from './descriptors.js';

/** What a datagram over IPv4 can carry, in bytes: 65,535 less 20 of IP and 8 of UDP (RFC 768). */
export const maxDatagram = 65_507;
/** What may wait for the network, in bytes. Node would keep whatever it is given. */
const mostQueued = 1 << 20;
/** After so many bytes the queue is looked at again: to ask for each datagram would cost more than to fill it. */
const unseenBytes = 1 << 16;
/** One of so many is asked after while all goes well: what the system refuses, it refuses time and again. */
const unwatchedRun = 15;
/** What the system is asked to keep for us while we are busy, bytes; the next is tried where it refuses. */
const receiveBuffers = [1 << 22, 1 << 20, 1 << 18] as const;

/** Where a datagram came from, as the system spells it, and where one goes to: an IP literal, never a name. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface DatagramSink {
  /** The bytes are the sink's to keep. The port of the sender is not 0: that could not be answered. */
  readonly received: (datagram: Uint8Array, from: Endpoint) => void;
  /** The system refused to bind it, or to receive. It is left to the sink whether to go on. */
  readonly failed: (error: Error) => void;
}

/**
 * Told what became of a datagram: null, or why nobody will get it. While the system takes all of them, it is asked about
 * one in sixteen only; from the first that it refuses on, about each until it takes one again.
 */
export type Sent = (error: Error | null) => void;

/** An open socket. */
export interface Datagrams {
  /** Where it is bound. Throws before that. */
  readonly address: Target;
  /** From now on `sink` gets what comes; what came before it is gone. */
  attach(sink: DatagramSink): void;
  /**
   * Sends as they are bytes that are not changed afterwards. `sent` may be called before this returns, and not at all
   * when the socket has failed or is closed meanwhile.
   */
  send(datagram: Uint8Array, to: Endpoint, sent: Sent): void;
  /** Nothing is received or sent any more. May be repeated. */
  close(): void;
}

/**
 * A socket bound to `at`; `::` receives IPv4 too. `count`: as what its descriptor counts. Rejects with the system's error
 * (EADDRINUSE, EMFILE, …).
 */
export function bindDatagrams(at: Target, count: () => Counted = countDatagramSocket): Promise<Datagrams> {
  return new Promise((resolve, reject) => {
    const socket = new UdpSocket(at, count());
    const failed = (error: Error): void => {
      socket.close();
      reject(error);
    };
    socket.attach({ received: () => undefined, failed });
    socket.bind(() => {
      socket.attach(deaf);
      resolve(socket);
    });
  });
}

/** A socket of that family; its first `send` gives it a port of its own, or fails at that. */
export function openDatagrams(family: 4 | 6, sink: DatagramSink): Datagrams {
  const socket = new UdpSocket({ host: anyAddress[family], port: 0 }, countDatagramSocket());
  socket.attach(sink);
  return socket;
}

/** Every address of this host, by family. */
export const anyAddress: Readonly<Record<4 | 6, string>> = { 4: '0.0.0.0', 6: '::' };

/** What some systems report of a datagram whose target was not listening: that is over, and says nothing of the next. */
const complaints: readonly unknown[] = ['ECONNREFUSED', 'ECONNRESET'];

const deaf: DatagramSink = { received: () => undefined, failed: () => undefined };

class UdpSocket implements Datagrams {
  readonly #socket: Socket;
  readonly #at: Target;
  readonly #counted: Counted;
  #sink = deaf;
  #closed = false;
  /** Bytes sent since the queue was looked at, the first time at once. */
  #unseen = unseenBytes;
  /** How many datagrams more nobody asks after. */
  #unwatched = 0;

  constructor(at: Target, counted: Counted) {
    this.#at = at;
    this.#counted = counted;
    this.#socket = createSocket({ type: at.host.includes(':') ? 'udp6' : 'udp4', lookup: itself });
    this.#socket.on('message', (datagram, from) => {
      if (from.port !== 0) this.#sink.received(datagram, from);
    });
    this.#socket.on('error', (error) => {
      if (!complaints.includes(codeOf(error))) this.#sink.failed(error);
    });
    this.#socket.on('listening', () => {
      enlarge(this.#socket);
    });
  }

  get address(): Target {
    const { address, port } = this.#socket.address();
    return { host: address, port };
  }

  attach(sink: DatagramSink): void {
    this.#sink = sink;
  }

  bind(bound: () => void): void {
    this.#socket.bind({ address: this.#at.host, port: this.#at.port, exclusive: true }, bound);
  }

  send(datagram: Uint8Array, to: Endpoint, sent: Sent): void {
    if (datagram.length > maxDatagram) sent(tooLong);
    else if (this.#closed || this.#isFull(datagram.length)) sent(notTaken);
    else if (this.#unwatched === 0) this.#socket.send(datagram, to.port, to.address, this.#watching(sent));
    else {
      this.#unwatched -= 1;
      this.#socket.send(datagram, to.port, to.address);
    }
  }

  #isFull(more: number): boolean {
    this.#unseen += more;
    if (this.#unseen < unseenBytes) return false;
    const full = this.#socket.getSendQueueSize() > mostQueued;
    if (!full) this.#unseen = 0;
    return full;
  }

  #watching(sent: Sent): Sent {
    return (error) => {
      this.#unwatched = error === null ? unwatchedRun : 0;
      sent(error);
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#counted.uncount();
    this.#socket.close();
  }
}

const tooLong = new Error(`datagram: expected at most ${maxDatagram} bytes, got more`);
const notTaken = new Error('datagram: expected a socket that takes it, got one that is full or closed');

/** Stands where Node would ask getaddrinfo for every datagram. */
function itself(
  ip: string,
  _family: unknown,
  found: (error: Error | null, address: string, family: number) => void,
): void {
  found(null, ip, ip.includes(':') ? 6 : 4);
}

/** Linux takes any number and gives what it may; others refuse what is too much. */
function enlarge(socket: Socket): void {
  for (const size of receiveBuffers) {
    try {
      socket.setRecvBufferSize(size);
      return;
    } catch {
      // The next is smaller, and what the socket has by itself is not bad either.
    }
  }
}

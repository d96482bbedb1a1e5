import type { SystemSocket } from './sockets.js';

/**
 * The narrow interface the relay and the handshake driver work on: a byte stream that pushes.
 *
 * Node's `Duplex` was the obvious choice and cost a third of the throughput here (a queue on each side, an event
 * and a tick per piece). A push stream has no read queue: bytes go from the socket's read straight into the sink.
 */
export interface PushStream {
  /** True when the pieces it pushes are lent: valid only until `receive` returns. Otherwise they are the sink's. */
  readonly lends: boolean;
  /** True when `write` keeps the pieces until they are sent, so they must be owned; false when it is done with
   * them on return (sealing makes new bytes). */
  readonly keeps: boolean;
  /** The socket of the system that all of it travels in; none while there is none, or when it is somebody else's. */
  readonly system?: SystemSocket | undefined;

  /** Makes `sink` the receiver of all that comes from now on, beginning with what was given back. */
  attach(sink: Sink): void;
  /** Puts bytes that a handshake read too far in front of what comes next. Call it before `attach`. Takes ownership. */
  giveBack(bytes: Uint8Array): void;
  /** Stops pushing, as far as possible at once: a piece already read may still come. */
  pause(): void;
  resume(): void;

  /** Sends the pieces in order. False: enough is waiting; go on at the sink's `writable`. */
  write(pieces: readonly Uint8Array[]): boolean;
  /** As `write`, of pieces that nobody needs any more: their memory is freed as soon as they have left (`spent.ts`). */
  spend(pieces: readonly Uint8Array[]): boolean;
  /** Breaks the stream when no byte has moved in either direction for `ms`, where it sees all of them. */
  limitIdle?(ms: number): void;
  /** What is written next may wait for what follows right behind it, for one turn of the loop. */
  gather?(): void;
  /** Clean half-close after all that was written. The other direction goes on. */
  end(): void;
  /** Delivers all that was written, then lets the peer see an end that is not clean (a reset, or a truncation). */
  truncate(): void;
  /** Resets at once; what was not sent is lost. */
  abort(): void;
}

/** Who receives a push stream. After `ended` or `failed` nothing more is received. */
export interface Sink {
  receive(pieces: readonly Uint8Array[]): void;
  /** The peer ended its direction cleanly. */
  ended(): void;
  /** The stream broke: reset, truncated, tampered with or timed out. Said once; both directions are gone. */
  failed(error: Error): void;
  /** What was waiting has been sent: writing may go on. */
  writable(): void;
}

/** Hears nothing. */
export const deaf: Sink = {
  receive: () => undefined,
  ended: () => undefined,
  failed: () => undefined,
  writable: () => undefined,
};

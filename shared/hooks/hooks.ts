/** What a half asks of its hooks, all together. Where there are none there is nothing of this, and it costs nothing. */
import type { Target } from '../codec/address.js';
import type { PushStream } from '../net/stream.js';
import type { ConnectionFacts } from '../observe/connection.js';
import type { Direction } from './hook.js';

/** The hooks of one half. */
export interface Hooks {
  /** It listens. Ticks begin. */
  started(listen: readonly string[]): void;
  /**
   * A connection has come, of which nothing is told yet. `facts` brings what is known of it whenever it is asked, `cut`
   * ends it with an error, in whatever state it is.
   */
  accept(facts: () => ConnectionFacts, cut: (reason: Error) => void): HookedConnection;
  /** It has stopped: says so, and settles when nothing of the hooks runs any more. */
  stop(): Promise<void>;
}

/** One connection, as its hooks see it. Nothing that they do throws, but for `admit`. */
export interface HookedConnection {
  /** Tells of it, once it can be cut. */
  accepted(): void;
  /** What it wants is known. */
  requested(): void;
  /** Settles when it may go on. Rejects with a RefusedError when it may not, or with the reason of `signal`. */
  admit(signal: AbortSignal): Promise<void>;
  /** The target was reached. */
  dialed(): void;
  /** Something went wrong. */
  failed(error: unknown): void;
  /**
   * The stream to the target, as the client is to see it: counted, and filtered where a hook asks for that. `client` is
   * asked for counts alone; it is undefined for one exchange of several.
   */
  through(client: PushStream | undefined, far: PushStream): PushStream;
  /** Of UDP: what datagrams become on their way. */
  datagrams(out: DatagramsOut): DatagramsIn;
  /**
   * It is over; `end` is what broke it, if anything did. `counts` are the bytes of datagrams that were sent, which no
   * stream has counted. May be repeated: the first one counts.
   */
  closed(end: unknown, counts?: { readonly up: number; readonly down: number }): void;
}

/** Where datagrams go when the hooks are done with them. */
export interface DatagramsOut {
  readonly send: Readonly<Record<Direction, (payload: Uint8Array, at?: Target) => void>>;
  /** A datagram goes nowhere: a filter has dropped it, or too many wait for one. */
  readonly dropped: () => void;
  /** A hook ends the session. */
  readonly end: () => void;
}

/** Where datagrams come in. What is handed in is lent. */
export type DatagramsIn = Readonly<Record<Direction, (payload: Uint8Array, at?: Target) => void>>;

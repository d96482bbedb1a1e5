import type { Target } from '../codec/address.js';
import type { Refusal } from '../errors.js';
import { refusalWords } from '../proxy/refusal.js';
import type { PushStream } from '../net/stream.js';

/** What a way out may know of a request beside its target. */
export interface DialerOptions {
  /** The handshake word for word, and what the client sent ahead of the answer. Taken once: whoever asks sends it. */
  readonly spoken: () => Uint8Array;
  /** Gives up, with its reason as the error or as its cause: the client has left, or the service stops. */
  readonly signal: AbortSignal;
}

/** A connection to a target, ready to be relayed. */
export interface Connected {
  readonly stream: PushStream;
  /** The near address of the socket that reached the target. */
  readonly bound: Target;
  /** The far end's own reply, word for word: it is passed on instead of one of ours. */
  readonly reply?: Uint8Array;
}

/**
 * A way out. Rejects with `DialError` or `RefusedError`, or with the reason of its signal. A dialer over a dialer is
 * a dialer, so chains need no code of their own.
 */
export type Dialer = (target: Target, options: DialerOptions) => Promise<Connected>;

/** The far end refused and said so itself: `reply` goes to the client as it is. */
export class FarRefusal extends Error {
  override readonly name = 'FarRefusal';
  readonly code: Refusal;
  readonly reply: Uint8Array;

  constructor(code: Refusal, reply: Uint8Array) {
    super(`remote: expected to reach the target, got: ${refusalWords[code]}`);
    this.code = code;
    this.reply = reply;
  }
}

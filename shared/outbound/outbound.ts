import { formatTarget, type Target } from '../codec/address.js';
import { DialError, messageOf, RefusedError, type Refusal } from '../errors.js';
import { loadOnce } from '../net/later.js';
import type { PushStream } from '../net/stream.js';
import { refusalWords } from '../proxy/refusal.js';
import type { ReplyReader } from '../proxy/request.js';

/** What a way out may know of a request beside its target. */
export interface DialerOptions {
  /** Gives up, with its reason as the error or as its cause: the client has left, or the service stops. */
  readonly signal: AbortSignal;
  /** Told, by name, which of several far ends brings it about, as soon as one does. */
  readonly through?: (server: string) => void;
}

/** How a target was reached. */
export interface Reached {
  /** The near address of the socket that reached the target. */
  readonly bound: Target;
  /** The IP address that was connected to, where nothing is in between. */
  readonly peer?: string;
  /** The number of the carrier that it goes over, if any. */
  readonly carrier?: number;
}

/** A connection to a target, ready to be relayed. */
export interface Connected extends Reached {
  readonly stream: PushStream;
}

/**
 * A way out. Rejects with `DialError` or `RefusedError`, or with the reason of its signal. A dialer over a dialer is
 * a dialer, so chains need no code of their own.
 */
export type Dialer = (target: Target, options: DialerOptions) => Promise<Connected>;

/** Is told, once at most, what the far end says of a target: how it was reached, or why it was not. */
export type Heard = (failure: unknown, reached: Reached) => void;

/**
 * A way out for clients that are answered before their target has been reached: its streams may still break on a
 * refusal, which `heard` is told first. Rejects as a `Dialer` does while nothing has been said of the target.
 */
export type EarlyDialer = (
  target: Target,
  options: DialerOptions & { readonly heard: Heard },
) => Promise<Connected>;

/** A way out that is loaded with the first who takes it. */
export function lazyWay<Asked, Got>(
  load: () => Promise<(asked: Asked, options: DialerOptions) => Promise<Got>>,
): (asked: Asked, options: DialerOptions) => Promise<Got> {
  const loaded = loadOnce(load);
  return async (asked, options) => (await loaded())(asked, options);
}

/** The far end was reached, and says itself that it did not reach the target. */
export class FarRefusal extends DialError {
  constructor(code: Refusal, options?: { readonly cause?: unknown }) {
    super(code, `remote: expected to reach the target, got: ${refusalWords[code]}`, options);
  }
}

/** The far end could not be reached, or did not answer. Of the target nothing is known. */
export class FarFailure extends DialError {
  constructor(remote: Target, cause: unknown) {
    super('general-failure', `remote ${formatTarget(remote)}: ${messageOf(cause)}`, { cause });
  }
}

/** A carrier that had waited was dead, and what was said into it may not be said again to this remote. It speaks against none. */
export class DeadCarrier extends DialError {
  constructor(remote: Target, cause: unknown) {
    super('general-failure', `remote ${formatTarget(remote)}: ${messageOf(cause)}`, { cause });
  }
}

/** The words of a client, to be said again by somebody else. */
export interface Spoken {
  /** What they ask for. */
  readonly target: Target;
  /** The whole handshake. It asks for a target and changes nothing there, so it may be said to one far end after another. */
  readonly words: Uint8Array;
  /**
   * What the client has sent behind the handshake so far, which is for the target. Whoever takes it sends it; when it
   * was something, neither it nor the words may be said again.
   */
  readonly takeAhead: () => Uint8Array;
  /** Reads the answer to them; absent when they are answered by nothing but the conversation itself. */
  readonly reply: ReplyReader | undefined;
}

/** A conversation that somebody else answers. */
export interface Passed extends Connected {
  /** The far end's own reply, word for word. What follows it, if anything, comes out of the stream. */
  readonly reply: Uint8Array;
  /** Undefined: granted. */
  readonly refusal: Refusal | undefined;
}

/** Passes on what a client said, word for word, and brings the answer. Rejects as a `Dialer` does. */
export type Passer = (spoken: Spoken, options: DialerOptions) => Promise<Passed>;

/** A port that waits for one connection from one host (RFC 1928 §4, BIND). */
export interface Binding {
  /** Where it waits: the address to announce. */
  readonly bound: Target;
  /**
   * The connection, once it has come; `bound` is the address of the peer here. Rejects with a `DialError` when it does
   * not come in time, or when another host came.
   */
  readonly accepted: Promise<Connected>;
  /** Waits no longer. */
  close(): void;
}

/** Opens a binding for `expected`, whose port may be 0. Rejects as a `Dialer` does. Its signal closes it later, too. */
export type Binder = (expected: Target, options: DialerOptions) => Promise<Binding>;

/** For a remote that was not told to allow BIND: it opens a door to its own network. */
export const refusingBinder: Binder = () =>
  Promise.reject(new RefusedError('BIND: expected it to be allowed, got a remote that does not'));

/** Whose datagrams an association relays. */
export interface AssociationClient {
  /** Our end of the client's TCP connection: the relay listens on this very address. */
  readonly near: Target;
  /** The client's address on that connection: datagrams of others are dropped. */
  readonly host: string;
  /** What the client said of the address that it will send from; host and port may be unspecified. */
  readonly announced: Target;
}

/** What an association has carried so far, each way: datagrams that were passed on, and the bytes of their payloads. */
export interface DatagramCounts {
  readonly up: number;
  readonly down: number;
  readonly datagramsUp: number;
  readonly datagramsDown: number;
  /** Datagrams that nobody got, of either direction. */
  readonly dropped: number;
}

/** A relay of datagrams for one client (RFC 1928 §7). */
export interface Association {
  /** Where the client sends its datagrams. */
  readonly bound: Target;
  readonly counts: () => DatagramCounts;
  /** Settles when it is closed, with what broke it, if anything did. */
  readonly closed: Promise<Error | undefined>;
  close(): void;
}

/** Opens an association. Rejects as a `Dialer` does. */
export type Associator = (client: AssociationClient, options: DialerOptions) => Promise<Association>;

/** The ways out of one half. A capability is a function: what is absent is a command that is not supported. */
export interface Outbound {
  readonly dial: Dialer;
  /** For CONNECT, in place of `dial`, where clients are answered early. */
  readonly early?: EarlyDialer;
  readonly bind?: Binder;
  readonly associate?: Associator;
}

/**
 * What a hook is: it observes, admits and filters, and leaves out what it does not need.
 *
 * ```ts
 * import type { Hook } from 'halflight';
 *
 * export const hook: Hook = {
 *   on: { closed: ({ connection, down }) => console.log(connection.id, down.sent) },
 *   admit: ({ target }) => (target?.port === 25 ? 'deny' : 'allow'),
 * };
 * ```
 */
import type { ConnectionFacts } from '../observe/connection.js';
import type { Role } from '../observe/events.js';

/** From client to target, or the other way. */
export type Direction = 'up' | 'down';

/** What became of the bytes of one direction. */
export interface FlowCounts {
  /** Bytes that came from its source. */
  readonly received: number;
  /** Bytes that were handed to the system for its destination; a filter may have made them more or fewer. */
  readonly sent: number;
  /** Bytes that waited to be sent when the connection closed, and were lost. */
  readonly unsent: number;
}

/** What happened. `at` is in milliseconds since 1970. */
export type HookEvent =
  /** It listens, at each of these places. */
  | {
      readonly event: 'started';
      readonly at: number;
      readonly role: Role;
      readonly listen: readonly string[];
    }
  | { readonly event: 'stopped'; readonly at: number; readonly role: Role }
  /** A client has come; of what it wants nothing is known yet. */
  | { readonly event: 'accepted'; readonly at: number; readonly connection: ConnectionFacts }
  /** It has said what it wants: `connection.target` is there. Admission comes behind it. */
  | { readonly event: 'requested'; readonly at: number; readonly connection: ConnectionFacts }
  /** The target was reached, `ms` after it was asked for. */
  | {
      readonly event: 'dialed';
      readonly at: number;
      readonly connection: ConnectionFacts;
      readonly ms: number;
    }
  /** The first byte of a direction has come from its source, `ms` after `accepted`. */
  | {
      readonly event: 'first-byte';
      readonly at: number;
      readonly connection: ConnectionFacts;
      readonly direction: Direction;
      readonly ms: number;
    }
  /** It is over, `ms` after `accepted`. */
  | {
      readonly event: 'closed';
      readonly at: number;
      readonly connection: ConnectionFacts;
      readonly up: FlowCounts;
      readonly down: FlowCounts;
      /** Who ended or broke it first: this process where it refused, gave up or was stopped. */
      readonly by: 'client' | 'target' | 'halflight';
      /** `end` when both directions ended cleanly, else the code word of what broke it. */
      readonly why: string;
      readonly ms: number;
    }
  /** Something went wrong: a refusal, a dial that failed, another hook. `code` is the same word as in the log. */
  | {
      readonly event: 'error';
      readonly at: number;
      readonly connection?: ConnectionFacts;
      readonly code: string;
      readonly message: string;
    }
  /** Once a second, as long as it runs. */
  | {
      readonly event: 'tick';
      readonly at: number;
      /** Connections that are open now. */
      readonly open: number;
      /** Bytes of all connections since it was started, those that have ended among them. */
      readonly up: number;
      readonly down: number;
    };

/** What observes events, each under its own name. What it returns is of no matter; a promise that rejects is an error of it. */
export type Observers = {
  readonly [Name in HookEvent['event']]?: (event: Extract<HookEvent, { readonly event: Name }>) => unknown;
};

/** Whether a connection may go on to its target. */
export type Verdict = 'allow' | 'deny';

/**
 * What becomes of bytes: they go on as they are; nothing goes on now, and the filter has kept what it wants of them; these
 * go on instead; or these do, and the direction ends behind them.
 */
export type Filtered = 'pass' | 'hold' | Uint8Array | { readonly end: Uint8Array };

/**
 * What looks at the bytes of one direction of one connection, and may change them. The bytes that it is given are its own.
 * While it has not answered nothing more is read from the source, and answers stay in order. Of UDP each call has one
 * datagram, and `hold` drops it.
 */
export interface ByteFilter {
  /** Bytes as they came from the source, or from the hook before this one. */
  received?(bytes: Uint8Array): Filtered | Promise<Filtered>;
  /** Bytes as they go to the destination, behind what `received` of every hook has made of them. */
  sent?(bytes: Uint8Array): Filtered | Promise<Filtered>;
  /** The direction has ended: what was held back and is to go on, or nothing. Not asked when it breaks, nor of UDP. */
  ended?(): Uint8Array | Promise<Uint8Array>;
}

/** The filters of one connection. */
export type ConnectionFilters = { readonly [Name in Direction]?: ByteFilter };

/** What watches, admits and filters connections. Every part may be left out. */
export interface Hook {
  /** What messages call it; by default the name of its file. */
  readonly name?: string;
  /**
   * What becomes of a connection for which it fails: by default that goes on as if there were no such hook; with true it is
   * cut, or not let in.
   */
  readonly failClosed?: boolean;
  readonly on?: Observers;
  /** Asked once for each connection, before its target is dialed. May answer later; of several hooks the first `deny` holds. */
  admit?(connection: ConnectionFacts): Verdict | Promise<Verdict>;
  /** Asked once for each connection that was granted. Undefined: its bytes are not looked at. */
  filter?(connection: ConnectionFacts): ConnectionFilters | undefined;
}

/** What a function that makes a hook is given. */
export interface HookContext {
  readonly role: Role;
  /** Says something to whoever runs it: a warning in the log, or an event of that name where it is part of a program. */
  readonly warn: (detail: string) => void;
}

/** A hook, or what makes one for each half that is started. */
export type HookSource = Hook | ((context: HookContext) => Hook | Promise<Hook>);

import type { Target } from '../codec/address.js';
import type { Refusal } from '../errors.js';
import type { Protocol } from '../proxy/request.js';

/** Which program saw it. */
export type Role = 'local' | 'remote' | 'forward';

/**
 * What can be seen of a running half, discriminated by `event`. `id` numbers the connections of one process.
 * No event carries a key, payload or the address of a client; only what names a target is private to the debug
 * level.
 */
export type ObservedEvent = SeenEvent & {
  /** The number of the process, at level debug, where several are one half: each has ids of its own. */
  readonly worker?: number;
};

/** What is seen, whichever process sees it. */
export type SeenEvent =
  | {
      readonly event: 'opened';
      readonly id: number;
      readonly role: Role;
      /** Of datagrams that no conversation stands behind: nobody waits for their end. */
      readonly transport?: 'udp';
      /** The name of who asks, at a remote whose users have a key each. */
      readonly user?: string;
    }
  /** A binding waits on `bound` for the host `target` (BIND). */
  | { readonly event: 'bound'; readonly id: number; readonly target: Target; readonly bound: Target }
  /** Datagrams of a client are relayed at `bound` (UDP ASSOCIATE). */
  | { readonly event: 'associated'; readonly id: number; readonly bound: Target }
  /** One of several servers carries it. */
  | { readonly event: 'through'; readonly id: number; readonly server: string }
  /** The target was reached. `bound` is the address the far socket is bound to. */
  | {
      readonly event: 'granted';
      readonly id: number;
      readonly target: Target;
      readonly bound: Target;
      /** The number of the carrier that it goes over, at a local on the raw wire. */
      readonly carrier?: number;
    }
  | {
      readonly event: 'refused';
      readonly id: number;
      /** Absent when the request was refused before it named one. */
      readonly target?: Target;
      readonly reason: Refusal;
      /** Who failed, as far as that is known: something on the way, or the target. */
      readonly at?: 'proxy' | 'target';
      /** What a proxy did wrong, in a word, or the system's code where that says more than the reason. */
      readonly why?: string;
      readonly detail: string;
    }
  | {
      readonly event: 'closed';
      readonly id: number;
      /** As of `opened`. */
      readonly user?: string;
      readonly target?: Target;
      /** Bytes from client to target. At a local this and `down` include the SOCKS handshake. */
      readonly up: number;
      /** Bytes from target to client. */
      readonly down: number;
      /** Of an association, whose `up` and `down` are bytes of payload; what was dropped reached nobody. */
      readonly datagrams?: { readonly up: number; readonly down: number; readonly dropped: number };
      /** Milliseconds since `opened`. */
      readonly ms: number;
      /** The code word of what broke it; absent after a clean end. */
      readonly error?: string;
    }
  /** An opening that was not authentic was absorbed. Who sent it is not said. */
  | { readonly event: 'absorbed'; readonly why: string }
  /** A client came with wrong credentials, or with none where some are wanted. */
  | { readonly event: 'denied'; readonly id: number; readonly protocol: Protocol }
  /** `server` names it where there are several. */
  /** What becomes of a port that a manager (ss-manager) opens and closes. A request that is refused may name none. */
  | { readonly event: 'managed'; readonly port?: number; readonly detail: string }
  | { readonly event: 'remote-lost'; readonly detail: string; readonly server?: string }
  /** A line that a plugin wrote. It may name anybody. */
  | { readonly event: 'plugin-said'; readonly plugin: string; readonly line: string }
  | { readonly event: 'remote-back'; readonly server?: string }
  /** Of several servers, others than before take the new conversations: those of the lowest order that are up. */
  | {
      readonly event: 'servers-changed';
      /** By their names; none when none is up. */
      readonly from: readonly string[];
      readonly to: readonly string[];
      readonly why: string;
    }
  /** One of several servers was asked whether it works, and does: in so many milliseconds, and smoothed over time. */
  | { readonly event: 'probed'; readonly server: string; readonly ms: number; readonly smoothedMs: number }
  /**
   * Of a local: `opened` for a conversation, or `warmed` ahead of one; `used` by a conversation that did not open it;
   * `kept` after one; `closed` while it waited.
   */
  | {
      readonly event: 'carrier';
      /** Numbers the carriers of one process. */
      readonly carrier: number;
      readonly what: 'opened' | 'warmed' | 'used' | 'kept' | 'closed';
      /** How many wait for a conversation now, to the same remote. */
      readonly idle: number;
      readonly why?: string;
      /** The name of that, where there are several. */
      readonly server?: string;
    }
  /** What became of the carriers of a local that stops. */
  | {
      readonly event: 'carriers';
      readonly opened: number;
      readonly warmed: number;
      readonly reused: number;
      readonly usedWarm: number;
      readonly replayed: number;
      readonly dropped: number;
    }
  /** The list of servers of a subscription is another one than before, or could be had again. */
  | {
      readonly event: 'subscription';
      /** Where it is, without the rest of its address, which is a secret. */
      readonly host: string;
      /** How many are in the list now, and how many of them were not before, and the other way round. */
      readonly servers: number;
      readonly added: number;
      readonly removed: number;
      /** Whether it is the copy that was kept last time. */
      readonly copied: boolean;
      /** What has been used of the account, as far as its keeper says so. */
      readonly bytesUsed?: number;
      readonly bytesRemaining?: number;
    }
  /** Who may use a remote is changed while it runs. */
  | {
      readonly event: 'user-changed';
      readonly user: string;
      readonly change: 'added' | 'key replaced' | 'removed';
    }
  | { readonly event: 'warning'; readonly detail: string };

/** Receives every event, synchronously. It must neither throw nor wait. */
export type Observer = (event: ObservedEvent) => void;

/** How far a check of the path to the remote got. */
export type CheckStage = 'resolve' | 'tcp' | 'authenticate';

/** The outcome of a check of the path from the local to the remote. */
export type CheckResult =
  | {
      readonly ok: true;
      /** How long the check took, in milliseconds. */
      readonly ms: number;
      /** False on the standard wire: it has no proof that the far end holds the key. */
      readonly verified: boolean;
      /** The remote lets nobody in without credentials. */
      readonly wantsCredentials?: true;
    }
  | {
      readonly ok: false;
      readonly stage: CheckStage;
      /** What went wrong, in one line. */
      readonly detail: string;
      /** The likely cause and what to do about it, in one line. */
      readonly advice: string;
      /** This computer had no means for it, and so it says nothing of the remote. */
      readonly ownTrouble?: true;
    };

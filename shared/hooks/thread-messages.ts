/** What a half and the thread of a hook say to each other: questions, their answers, and what needs none. */
import type { MessagePort } from 'node:worker_threads';
import type { ConnectionFacts } from '../observe/connection.js';
import type { Role } from '../observe/events.js';
import type { Direction, Filtered, Hook, HookEvent, Verdict } from './hook.js';

/** What a thread is started with. */
export interface ThreadStart {
  /** The hook's file, absolute. */
  readonly path: string;
  readonly role: Role;
  /** The line to the half. Of the port that each thread has to whoever started it the hook's file may do as it likes. */
  readonly port: MessagePort;
  /** A word of shared memory that changes as long as the thread lives. */
  readonly beats: Int32Array;
  /** How much its buffers may take, in bytes: they are outside of the heap, which the thread's limits know nothing of. */
  readonly mostBufferBytes: number;
}

/** What a hook is made of, once it is loaded. */
export interface HookParts extends Pick<Hook, 'name' | 'failClosed'> {
  readonly on: readonly HookEvent['event'][];
  readonly admit: boolean;
  readonly filter: boolean;
}

/** The parts of a filter. */
export type FilterPart = 'received' | 'sent' | 'ended';

/** Which parts the filters of one connection have. */
export type FilterPlan = { readonly [Name in Direction]?: readonly FilterPart[] };

/** A piece of one direction of a connection; `id` is that of the connection. */
export interface Piece {
  readonly id: number;
  readonly direction: Direction;
  /** Empty for `ended`. */
  readonly bytes: Uint8Array;
}

/** What became of events that were observed: those that failed at once, and those that may fail yet, by their numbers. */
export interface Observed {
  readonly failed: readonly Failed[];
  readonly late: readonly number[];
}

export interface Failed {
  readonly number: number;
  readonly message: string;
}

/** Numbered from `first` on. */
export interface Batch {
  readonly first: number;
  readonly events: readonly HookEvent[];
}

/** What a thread is asked: by the name of the question, what goes with it and what comes back. */
export interface Questions {
  readonly observe: (batch: Batch) => Observed;
  readonly admit: (connection: ConnectionFacts) => Verdict;
  readonly filter: (connection: ConnectionFacts) => FilterPlan;
  readonly received: (piece: Piece) => Filtered;
  readonly sent: (piece: Piece) => Filtered;
  readonly ended: (piece: Piece) => Uint8Array;
  /** All that was said before is done. */
  readonly finish: (nothing: undefined) => undefined;
}

export type Asked<Name extends keyof Questions> = Parameters<Questions[Name]>[0];
export type Answer<Name extends keyof Questions> = ReturnType<Questions[Name]>;

/** To the thread. `number` joins an answer to its question. */
export type ToThread =
  | { readonly kind: 'ask'; readonly number: number; readonly name: keyof Questions; readonly asked: unknown }
  /** A connection is over: its filters may go. */
  | { readonly kind: 'forget'; readonly id: number };

/** From the thread. */
export type FromThread =
  | { readonly kind: 'ready'; readonly parts: HookParts }
  /** Its file cannot be used. */
  | { readonly kind: 'mistake'; readonly message: string }
  | { readonly kind: 'answer'; readonly number: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly number: number; readonly message: string }
  /** An event that was late has been observed; with a message, in vain. */
  | { readonly kind: 'observed'; readonly number: number; readonly message?: string }
  /** An error that nothing in the file catches. */
  | { readonly kind: 'uncaught'; readonly message: string }
  /** What the hook itself wants to have said. */
  | { readonly kind: 'warning'; readonly detail: string }
  /** Its buffers take more than they may. */
  | { readonly kind: 'crowded' };

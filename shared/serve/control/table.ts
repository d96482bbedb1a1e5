/** What the control socket of a running half says (docs/hooks.md). Both ends are this program: types alone. */
import type { ConnectionRow } from '../../observe/connection.js';
import type { Role } from '../../observe/events.js';

/** Who answers. */
export interface ServedProcess {
  readonly pid: number;
  /** `up` has two halves, and a connection through it one in each. */
  readonly role: Role | 'up';
  /** Where it listens. */
  readonly listen: readonly string[];
  readonly version: string;
  /** Milliseconds that it has run, by a clock that nobody sets. */
  readonly uptimeMs: number;
  /** How many processes it is beside the first, where it is several. */
  readonly workers?: number;
  /** How many of these have not said in time what they have open. */
  readonly silent?: number;
}

/** Which connection. Several processes of one half number theirs by themselves. */
export interface Named {
  readonly id: number;
  readonly worker?: number;
}

export interface ServedConnection extends ConnectionRow, Named {}

/** All that is open. */
export interface ConnectionTable {
  readonly process: ServedProcess;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly connections: readonly ServedConnection[];
}

/** One line of JSON each. */
export type Question = { readonly ask: 'table' } | ({ readonly ask: 'cut' } & Named);

/** What comes back, one line of JSON for each question and in their order. */
export type Answer = ConnectionTable | { readonly cut: boolean } | { readonly error: string };

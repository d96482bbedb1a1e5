/**
 * What a row of the bench is: one question, asked of several tunnels in the same run, and one table.
 *
 * A new row is a value of type `Row` in a file of its own and a line in registry.ts. Table, JSON, medians, ratios, the
 * exit code and the goals (goals.ts) follow from what it measures; nothing else needs to know it.
 */
import type { Processes } from './processes.js';
import type { TunnelName } from './tunnels.js';

/** What one round gave, by the names of the row's columns. NaN: the system does not tell. */
export type Figures = Readonly<Record<string, number>>;

export interface Column {
  readonly head: string;
  /** How many are printed after the point. */
  readonly digits: number;
}

/** One tunnel in a row. */
export interface Line {
  readonly tunnel: TunnelName;
  /** One for each round; the warm-up is not among them. */
  readonly samples: readonly Figures[];
  /** Why there are fewer samples than rounds; the bench then ends with 1. So it does when a column `failed` is not 0. */
  readonly fault: string | undefined;
}

/** How much is asked of a tunnel in one round. */
export interface Sizes {
  /** Bytes of one transfer, all flows together. */
  readonly bytes: number;
  /** Conversations at a concurrency of 32; a quarter of it one after another. */
  readonly conversations: number;
  /** Conversations held in the idle row. */
  readonly idle: number;
}

export interface Plan {
  /** The row's own: it ends them all when it is done, and the bench does if it cannot. */
  readonly processes: Processes;
  /** The row's tunnels, in its order, without those that were not asked for or are not at hand. */
  readonly names: readonly TunnelName[];
  /** Rounds that count. */
  readonly rounds: number;
  readonly sizes: Sizes;
  /** For the files of tunnels; removed at the end of the run. */
  readonly directory: string;
  /** Says on stderr what is being done. */
  readonly say: (line: string) => void;
}

export interface Row {
  readonly title: string;
  /** In the order in which they are printed; the first is the one whose ratios are printed too. */
  readonly columns: Readonly<Record<string, Column>>;
  readonly tunnels: readonly TunnelName[];
  /** Why it cannot be measured on this machine; undefined when it can. */
  obstacle?(sizes: Sizes): string | undefined;
  /** One line for each of `plan.names`. A tunnel that fails does not keep the others from being measured. */
  measure(plan: Plan): Promise<readonly Line[]>;
}

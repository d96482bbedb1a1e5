import type { Direction } from './orders.js';
import type { Processes } from './processes.js';
import { measureRounds, type Sample, type Work } from './rounds.js';
import { type TunnelName, tunnels } from './tunnels.js';

export interface ThroughputResult {
  readonly direction: Direction;
  readonly tunnel: TunnelName;
  readonly bytes: number;
  readonly samples: readonly Sample[];
  /** Why there are fewer samples than rounds. */
  readonly fault: string | undefined;
}

export interface ThroughputPlan {
  readonly names: readonly TunnelName[];
  readonly directions: readonly Direction[];
  readonly rounds: number;
  readonly bytes: number;
  readonly directory: string;
  readonly say: (line: string) => void;
}

// Bytes per second, far below anything worth measuring: a stuck tunnel costs this and no more.
const slowest = 10e6;

/** One flow at a time through each tunnel in turn, round after round. */
export async function measureThroughput(
  processes: Processes,
  { directions, bytes, ...plan }: ThroughputPlan,
): Promise<readonly ThroughputResult[]> {
  const work = { download: flow('download', bytes), upload: flow('upload', bytes) };
  const taken = await measureRounds(processes, { ...plan, rows: directions, work, kinds: tunnels });
  return taken.map(({ row, ...result }) => ({ ...result, direction: row, bytes }));
}

/** One transfer of so many bytes. */
export function flow(direction: Direction, bytes: number): Work {
  const withinMs = 20_000 + Math.ceil((bytes / slowest) * 1000);
  return (entry) => ({ order: 'transfer', entry, direction, bytes, withinMs });
}

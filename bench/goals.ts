import type { RowName } from './registry.js';
import { type Summary, table } from './report.js';
import type { TunnelName } from './tunnels.js';

/** What a run is held against: a median of ours, or its ratio to the best of some peers. */
export interface Goal {
  readonly row: RowName;
  readonly column: string;
  readonly tunnel: TunnelName;
  /** Absent: the figure itself is meant. */
  readonly against?: readonly TunnelName[];
  readonly bound: 'at least' | 'at most';
  readonly value: number;
}

export interface Outcome extends Goal {
  /** Undefined: not measured. */
  readonly got: number | undefined;
  readonly reached: boolean | undefined;
}

const all = ['libev', 'rust', 'ssh'] as const;

const goals: readonly Goal[] = [
  ...(['download', 'upload'] as const).flatMap((row): Goal[] => {
    const speed = { row, column: 'speed', tunnel: 'halflight-2022', bound: 'at least' } as const;
    return [
      { ...speed, against: ['libev'], value: 1.5 },
      { ...speed, against: ['ssh'], value: 1 },
      { ...speed, against: ['rust'], value: 1 },
      { row, column: 'cpu', tunnel: 'halflight-2022', against: all, bound: 'at most', value: 1 },
    ];
  }),
  ...(['download-8', 'upload-8'] as const).map((row): Goal => ({
    row,
    column: 'speed',
    tunnel: 'halflight-workers',
    against: all,
    bound: 'at least',
    value: 1.2,
  })),
  {
    row: 'conversations-32',
    column: 'rate',
    tunnel: 'halflight-2022',
    against: ['libev'],
    bound: 'at least',
    value: 0.85,
  },
  {
    row: 'conversations-32',
    column: 'rate',
    tunnel: 'halflight-2022',
    against: ['ssh'],
    bound: 'at least',
    value: 1.25,
  },
  { row: 'conversations-32', column: 'cpu', tunnel: 'halflight-2022', bound: 'at most', value: 200 },
  { row: 'first-byte', column: 'warm', tunnel: 'halflight-2022', bound: 'at most', value: 2.05 },
  { row: 'first-byte', column: 'warm', tunnel: 'halflight-optimistic', bound: 'at most', value: 1.05 },
  ...(['halflight-2017', 'halflight-2022'] as const).map((tunnel): Goal => ({
    row: 'datagrams',
    column: 'rate',
    tunnel,
    against: ['libev'],
    bound: 'at least',
    value: 1,
  })),
  { row: 'idle', column: 'local', tunnel: 'halflight-2022', bound: 'at most', value: 12 },
  { row: 'idle', column: 'remote', tunnel: 'halflight-2022', bound: 'at most', value: 12 },
  { row: 'idle', column: 'localBack', tunnel: 'halflight-2022', bound: 'at most', value: 20 },
  { row: 'idle', column: 'remoteBack', tunnel: 'halflight-2022', bound: 'at most', value: 20 },
  { row: 'start', column: 'localCpu', tunnel: 'halflight-2022', bound: 'at most', value: 150 },
];

/** What became of the goals of those rows that were measured. */
export function heldAgainst(
  measured: Readonly<Partial<Record<RowName, readonly Summary[]>>>,
): readonly Outcome[] {
  return goals.flatMap((goal) => {
    const summaries = measured[goal.row];
    if (summaries === undefined) return [];
    const got = figure(goal, summaries);
    const reached =
      got === undefined ? undefined : goal.bound === 'at least' ? got >= goal.value : got <= goal.value;
    return [{ ...goal, got, reached }];
  });
}

function figure({ tunnel, column, against, bound }: Goal, summaries: readonly Summary[]): number | undefined {
  const ours = summaries.find((summary) => summary.tunnel === tunnel && summary.fault === undefined);
  if (against === undefined) return ours?.medians[column]?.median;
  const ratios = against.map((peer) => ours?.ratios[peer]?.[column]).filter((ratio) => ratio !== undefined);
  if (ratios.length === 0) return undefined;
  // Against the best of them the ratio is the worst.
  return bound === 'at least' ? Math.min(...ratios) : Math.max(...ratios);
}

/** A miss by a little is to read as one. */
function digits(got: number, value: number): number {
  return Math.abs(got - value) < 0.005 ? 4 : 2;
}

/** One line for each goal. */
export function goalsTable(outcomes: readonly Outcome[]): string {
  const lines = outcomes.map(({ row, column, tunnel, against, bound, value, got, reached }) => {
    const unit = against === undefined ? '' : ` × ${against.length > 1 ? 'the best peer' : against.join('')}`;
    return [
      row,
      `${tunnel} ${column}`,
      `${bound} ${value}${unit}`,
      got === undefined ? 'not measured' : got.toFixed(digits(got, value)),
      reached === undefined ? '' : reached ? 'reached' : 'missed',
    ];
  });
  return `goals\n${table([['row', 'figure', 'goal', 'got', ''], ...lines])}`;
}

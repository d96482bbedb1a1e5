import type { IdleResult } from './idle.js';
import { type Sample, sum } from './rounds.js';
import type { ThroughputResult } from './throughput.js';
import { tunnels, type TunnelName } from './tunnels.js';

/** The middle of several rounds, and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The median of a row divided by the median of another tunnel in the same direction. */
export interface Ratio {
  /** Above 1: faster. */
  readonly speed: number | undefined;
  /** Above 1: costs more CPU. */
  readonly cpu: number | undefined;
}

/** A result and what is read from it. MB and GB are 10⁶ and 10⁹ bytes; undefined: not measured. */
export interface ThroughputRow extends ThroughputResult {
  readonly megabytesPerSecond: Spread | undefined;
  /** CPU seconds per GB of both halves together. */
  readonly cpuPerGigabyte: Spread | undefined;
  /** CPU seconds per GB of client and target. */
  readonly generatorsCpuPerGigabyte: Spread | undefined;
  readonly toLibev: Ratio;
  readonly toPlain: Ratio;
}

/** Medians, spreads and ratios of every result. */
export function summarise(results: readonly ThroughputResult[]): readonly ThroughputRow[] {
  const rows = results.map((result) => ({
    ...result,
    megabytesPerSecond: spread(result.samples.map(({ seconds }) => result.bytes / 1e6 / seconds)),
    cpuPerGigabyte: perGigabyte(result, ({ cpu }) => (cpu?.length === 0 ? undefined : cpu && sum(cpu))),
    generatorsCpuPerGigabyte: perGigabyte(result, ({ generatorsCpu }) => generatorsCpu),
  }));
  return rows.map((row) => {
    const ratioTo = (name: TunnelName): Ratio => {
      // The rounds before a failure are too few to be measured against.
      const other = rows.find(
        ({ tunnel, direction, fault }) =>
          tunnel === name && direction === row.direction && fault === undefined,
      );
      return {
        speed: quotient(row.megabytesPerSecond, other?.megabytesPerSecond),
        cpu: quotient(row.cpuPerGigabyte, other?.cpuPerGigabyte),
      };
    };
    return { ...row, toLibev: ratioTo('libev'), toPlain: ratioTo('plain') };
  });
}

/** A table per direction, one line per tunnel. */
export function throughputTables(rows: readonly ThroughputRow[]): string {
  const head = ['', 'MB/s', '× libev', '× plain', 'CPU s/GB', '× libev', '× plain', 'load CPU s/GB'];
  return [...new Set(rows.map(({ direction }) => direction))]
    .map((direction) => {
      const lines = rows.filter((row) => row.direction === direction).map(throughputLine);
      return `${direction}, one flow: median (min–max)\n${table([head, ...lines])}`;
    })
    .join('\n\n');
}

function throughputLine(row: ThroughputRow): readonly string[] {
  const { label } = tunnels[row.tunnel];
  if (row.fault !== undefined) return [label, `failed: ${row.fault}`];
  return [
    label,
    shown(row.megabytesPerSecond, 0),
    times(row.toLibev.speed),
    times(row.toPlain.speed),
    shown(row.cpuPerGigabyte, 2),
    times(row.toLibev.cpu),
    times(row.toPlain.cpu),
    shown(row.generatorsCpuPerGigabyte, 2),
  ];
}

/** One line per half of each tunnel. */
export function idleTable(results: readonly IdleResult[]): string {
  const head = ['', 'half', 'held', 'before MiB', 'after MiB', 'KiB each'];
  const mib = (kib: number | undefined): string => ((kib ?? NaN) / 1024).toFixed(1);
  const lines = results.flatMap(({ tunnel, held, before, after, perConversation, fault }) => {
    const { label } = tunnels[tunnel];
    const halves = perConversation.map((each, half) => {
      const name = half === 0 ? 'local' : 'remote';
      return [label, name, `${held}`, mib(before[half]), mib(after[half]), each.toFixed(1)];
    });
    return fault === undefined ? halves : [[label, `failed: ${fault}`], ...halves];
  });
  return `idle conversations: resident memory\n${table([head, ...lines])}`;
}

function perGigabyte(
  { samples, bytes }: ThroughputResult,
  cpu: (sample: Sample) => number | undefined,
): Spread | undefined {
  const known = samples.map(cpu).filter((seconds) => seconds !== undefined);
  return known.length < samples.length ? undefined : spread(known.map((seconds) => (seconds / bytes) * 1e9));
}

/** Undefined without numbers. */
export function spread(numbers: readonly number[]): Spread | undefined {
  if (numbers.length === 0) return undefined;
  const sorted = numbers.toSorted((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  // With an even number of rounds the middle lies between two of them.
  const middle = sorted.slice(Math.floor(half), Math.ceil(half) + 1);
  return { median: sum(middle) / middle.length, min: Math.min(...numbers), max: Math.max(...numbers) };
}

function quotient(mine: Spread | undefined, other: Spread | undefined): number | undefined {
  // A transfer shorter than the kernel's tick can have cost "nothing": no ratio then.
  return mine === undefined || other === undefined || other.median === 0
    ? undefined
    : mine.median / other.median;
}

/** The median, and the range in brackets. */
export function shown(value: Spread | undefined, digits: number): string {
  if (value === undefined) return 'n/a';
  return `${value.median.toFixed(digits)} (${value.min.toFixed(digits)}–${value.max.toFixed(digits)})`;
}

function times(ratio: number | undefined): string {
  return ratio?.toFixed(2) ?? '–';
}

/** Columns as wide as their widest cell; a line with fewer cells (a failure) widens only the first. */
export function table(lines: readonly (readonly string[])[]): string {
  const columns = lines[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, column) => {
    const shaping = lines.filter((line) => column === 0 || line.length === columns);
    return Math.max(...shaping.map((line) => line[column]?.length ?? 0));
  });
  return lines
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

import { sum } from './rounds.js';
import type { Column, Line, Row } from './rows.js';
import { tunnels, type TunnelName } from './tunnels.js';

/** The middle of several rounds, and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

type Medians = Readonly<Record<string, Spread | undefined>>;

/** A line and what is read from it, by the names of the row's columns; undefined: not measured. */
export interface Summary extends Line {
  readonly medians: Medians;
  /** The median divided by that of a peer that was measured whole. */
  readonly ratios: Readonly<Partial<Record<TunnelName, Readonly<Record<string, number | undefined>>>>>;
}

/** Those that others are measured against, and how a table's head calls them. */
const peers: readonly (readonly [TunnelName, string])[] = [
  ['libev', '× libev'],
  ['rust', '× rust'],
  ['ssh', '× ssh'],
  ['forward', '× no hook'],
];

/** Medians, spreads and ratios of every line of a row. */
export function summarise({ columns }: Row, lines: readonly Line[]): readonly Summary[] {
  const names = Object.keys(columns);
  const measured = lines.map((line) => ({
    ...line,
    medians: perColumn(names, (name) => spread(line.samples.map((figures) => figures[name] ?? NaN))),
  }));
  return measured.map((line) => {
    // The rounds before a failure are too few to be measured against.
    const whole = peers.flatMap(([peer]) =>
      measured.filter(({ tunnel, fault }) => tunnel === peer && fault === undefined),
    );
    const ratios = whole.map(({ tunnel, medians }) => [
      tunnel,
      perColumn(names, (name) => quotient(line.medians[name], medians[name])),
    ]);
    return { ...line, ratios: Object.fromEntries(ratios) as Summary['ratios'] };
  });
}

function perColumn<Value>(
  names: readonly string[],
  value: (name: string) => Value,
): Readonly<Record<string, Value>> {
  return Object.fromEntries(names.map((name) => [name, value(name)]));
}

/** One line for each tunnel. Behind the first column stand its ratios to the peers. */
export function rowTable(row: Row, summaries: readonly Summary[]): string {
  const against = peers.filter(([peer]) => row.tunnels.includes(peer));
  const [first, ...others] = Object.entries(row.columns);
  if (first === undefined) return row.title;
  const heads = against.map(([, head]) => head);
  const head = ['', first[1].head, ...heads, ...others.map(([, column]) => column.head)];
  const lines = summaries.map(({ tunnel, fault, medians, ratios }) => {
    const { label } = tunnels[tunnel];
    if (fault !== undefined) return [label, `failed: ${fault}`];
    const cell = ([name, { digits }]: readonly [string, Column]): string => shown(medians[name], digits);
    const times = against.map(([peer]) => ratios[peer]?.[first[0]]?.toFixed(2) ?? '–');
    return [label, cell(first), ...times, ...others.map(cell)];
  });
  return `${row.title}: median (min–max)\n${table([head, ...lines])}`;
}

/** Undefined without numbers, and when one of them is not known. */
export function spread(numbers: readonly number[]): Spread | undefined {
  if (numbers.length === 0 || numbers.some(Number.isNaN)) return undefined;
  const sorted = numbers.toSorted((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  // With an even number of rounds the middle lies between two of them.
  const middle = sorted.slice(Math.floor(half), Math.ceil(half) + 1);
  return { median: sum(middle) / middle.length, min: Math.min(...numbers), max: Math.max(...numbers) };
}

function quotient(mine: Spread | undefined, other: Spread | undefined): number | undefined {
  // What is shorter than the kernel's tick can have cost "nothing": no ratio then.
  return mine === undefined || other === undefined || other.median === 0
    ? undefined
    : mine.median / other.median;
}

/** The median, and the range in brackets. */
export function shown(value: Spread | undefined, digits: number): string {
  if (value === undefined) return 'n/a';
  const [median, min, max] = [value.median, value.min, value.max].map((each) => each.toFixed(digits));
  return min === max ? (median ?? '') : `${median ?? ''} (${min ?? ''}–${max ?? ''})`;
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

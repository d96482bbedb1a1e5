import { crowds } from './crowds.js';
import { shown, type Spread, spread, table } from './report.js';
import { type Sample, sum } from './rounds.js';
import type { UsersResult, UsersRow } from './users.js';

/**
 * A result and what is read from it. The two ratios are taken round by round, between neighbours in time, so that what
 * else the machine did falls out of them; undefined for a tunnel with one user, and beside one that failed.
 */
export interface ComparedUsers extends UsersResult {
  /** Megabytes (10⁶), or conversations. */
  readonly perSecond: Spread | undefined;
  /** Of the remote: seconds for each GB (10⁹), or µs for each conversation. */
  readonly remoteCpu: Spread | undefined;
  /** Below 1: slower than with one user. */
  readonly speedToOne: Spread | undefined;
  /** Above 1: costs more CPU than with one user. */
  readonly cpuToOne: Spread | undefined;
}

/** How a row is counted: in which portions by the second, and by the CPU. */
const units: Readonly<Record<UsersRow, { readonly speed: number; readonly cpu: number }>> = {
  download: { speed: 1e-6, cpu: 1e9 },
  upload: { speed: 1e-6, cpu: 1e9 },
  conversations: { speed: 1, cpu: 1e6 },
};

/** Medians, spreads and ratios of every result. */
export function compareUsers(results: readonly UsersResult[]): readonly ComparedUsers[] {
  return results.map((result) => {
    const { row, amount, samples } = result;
    const { against } = crowds[result.tunnel];
    const one = results.find((other) => other.tunnel === against && other.row === row);
    const pairs =
      one === undefined || one.fault !== undefined || result.fault !== undefined ? [] : one.samples;
    const ratio = (figure: (sample: Sample) => number | undefined): Spread | undefined =>
      known(pairs.map((other, round) => quotient(samples[round], other, figure)));
    return {
      ...result,
      perSecond: known(samples.map(({ seconds }) => (amount * units[row].speed) / seconds)),
      remoteCpu: known(samples.map((sample) => times(remoteSeconds(sample), units[row].cpu / amount))),
      speedToOne: ratio(({ seconds }) => 1 / seconds),
      cpuToOne: ratio(remoteSeconds),
    };
  });
}

/** A table for each row, one line for each tunnel. */
export function usersTables(results: readonly ComparedUsers[]): string {
  const titles: Readonly<Record<UsersRow, readonly string[]>> = {
    download: ['download, one flow', 'MB/s', 'remote CPU s/GB'],
    upload: ['upload, one flow', 'MB/s', 'remote CPU s/GB'],
    conversations: ['new conversations of 1 KiB, 32 at once', 'per second', 'remote CPU µs each'],
  };
  return [...new Set(results.map(({ row }) => row))]
    .map((row) => {
      const [title, speed, cpu] = titles[row];
      const head = ['', speed ?? '', '× one', cpu ?? '', '× one'];
      const lines = results.filter((result) => result.row === row).map(line);
      return `${title ?? ''}, users on one port: median (min–max)\n${table([head, ...lines])}`;
    })
    .join('\n\n');
}

function line(result: ComparedUsers): readonly string[] {
  const { label, against } = crowds[result.tunnel];
  if (result.fault !== undefined) return [label, `failed: ${result.fault}`];
  const ratio = (value: Spread | undefined): string => (against === undefined ? '–' : shown(value, 2));
  const coarse = result.row !== 'conversations';
  return [
    label,
    shown(result.perSecond, 0),
    ratio(result.speedToOne),
    shown(result.remoteCpu, coarse ? 2 : 0),
    ratio(result.cpuToOne),
  ];
}

/** CPU seconds of the half on the server. */
function remoteSeconds({ cpu }: Sample): number | undefined {
  return cpu === undefined || cpu.length === 0 ? undefined : sum(cpu.slice(-1));
}

function quotient(
  mine: Sample | undefined,
  other: Sample,
  figure: (sample: Sample) => number | undefined,
): number | undefined {
  const [above, below] = [mine && figure(mine), figure(other)];
  // What was shorter than the kernel's tick can have cost "nothing": no ratio then.
  return above === undefined || below === undefined || below === 0 ? undefined : above / below;
}

function times(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor;
}

/** Undefined when one of them is. */
function known(values: readonly (number | undefined)[]): Spread | undefined {
  const all = values.filter((value) => value !== undefined);
  return all.length < values.length ? undefined : spread(all);
}

import { setTimeout as rest } from 'node:timers/promises';
import { type Generators, startGenerators } from './generators.js';
import type { Entry } from './orders.js';
import { loopback } from './places.js';
import { cpuSeconds } from './proc.js';
import type { Processes } from './processes.js';
import type { Tunnel, TunnelKind } from './tunnels.js';

/** What the client says of a piece of work: times of conversations are milliseconds. */
export interface Outcome {
  readonly seconds: number;
  readonly p50?: number;
  readonly p99?: number;
  readonly succeeded?: number;
  readonly failed?: number;
  /** How many came each way, and which share did not. */
  readonly datagrams?: { readonly up: number; readonly down: number; readonly lost: number };
}

/** What the client is told to do through an entry. */
export type Work = (generators: Generators, entry: Entry) => Promise<Outcome>;

/** One piece of work. CPU is undefined where the system does not tell. */
export interface Sample extends Outcome {
  /** CPU seconds of the local, then of the remote; empty without a tunnel. */
  readonly cpu: readonly number[] | undefined;
  /** CPU seconds of client and target together. */
  readonly generatorsCpu: number | undefined;
}

/** All samples of one work through one tunnel. */
export interface Taken<Row, Name> {
  readonly row: Row;
  readonly tunnel: Name;
  readonly samples: readonly Sample[];
  /** Why there are fewer samples than rounds. */
  readonly fault: string | undefined;
}

export interface RoundsPlan<Row extends string, Name extends string> {
  readonly names: readonly Name[];
  readonly kinds: Readonly<Record<Name, TunnelKind>>;
  readonly rows: readonly Row[];
  readonly work: Readonly<Record<Row, Work>>;
  /** What is done in the round that is not counted, where that is something else. */
  readonly warmUp?: Work | undefined;
  readonly rounds: number;
  readonly directory: string;
  readonly say: (line: string) => void;
}

// Closing and collecting garbage afterwards belong to a piece of work, and must not fall into the next one.
const afterMs = 250;

/**
 * One piece of work at a time through each tunnel in turn, round after round, so that whatever else the machine does
 * falls on all of them alike. Round 0 warms up and is not counted. A tunnel that fails once is not tried again.
 */
export async function measureRounds<Row extends string, Name extends string>(
  processes: Processes,
  plan: RoundsPlan<Row, Name>,
): Promise<readonly Taken<Row, Name>[]> {
  const generators = await startGenerators(processes, loopback);
  const ground = generators.ground(plan.directory);
  const running = new Map<Name, Tunnel>();
  const faults = new Map<Name, string>();
  const attempt = async (name: Name, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      running.delete(name);
      faults.set(name, (error as Error).message);
      plan.say(`${name} failed: ${(error as Error).message}`);
    }
  };

  for (const name of plan.names) {
    await attempt(name, async () => running.set(name, await plan.kinds[name].start(ground)));
  }
  const taken = plan.rows.flatMap((row) =>
    plan.names.map((tunnel) => ({ row, tunnel, samples: [] as Sample[] })),
  );
  for (let round = 0; round <= plan.rounds; round += 1) {
    plan.say(round === 0 ? 'warm-up' : `round ${round} of ${plan.rounds}`);
    for (const { row, tunnel: name, samples } of inTurn(taken, round)) {
      const tunnel = running.get(name);
      if (tunnel === undefined) continue;
      await attempt(name, async () => {
        const work = round === 0 ? (plan.warmUp ?? plan.work[row]) : plan.work[row];
        const sample = await take(tunnel, generators, work);
        if (round > 0) samples.push(sample);
      });
    }
  }
  await processes.endAll();
  return taken.map((each) => ({ ...each, fault: faults.get(each.tunnel) }));
}

async function take({ entry, halves }: Tunnel, generators: Generators, work: Work): Promise<Sample> {
  const pids = [...halves.map((half) => half.pid), ...generators.pids];
  const before = pids.map(cpuSeconds);
  const outcome = await work(generators, entry);
  await rest(afterMs);
  const used = pids.map((pid, index) => (cpuSeconds(pid) ?? NaN) - (before[index] ?? NaN));
  if (used.some(Number.isNaN)) return { ...outcome, cpu: undefined, generatorsCpu: undefined };
  return { ...outcome, cpu: used.slice(0, halves.length), generatorsCpu: sum(used.slice(halves.length)) };
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Each round begins with another one, and every other goes backwards: who comes after whom must not matter. */
export function inTurn<Item>(items: readonly Item[], round: number): readonly Item[] {
  const at = round % Math.max(items.length, 1);
  const order = [...items.slice(at), ...items.slice(0, at)];
  return round % 2 === 0 ? order : order.toReversed();
}

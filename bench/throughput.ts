import { setTimeout as rest } from 'node:timers/promises';
import { startGenerators, type Generators } from './generators.js';
import type { Direction } from './orders.js';
import { cpuSeconds } from './proc.js';
import type { Processes } from './processes.js';
import { tunnels, type Tunnel, type TunnelName } from './tunnels.js';

/** One transfer. CPU is undefined where the system does not tell. */
export interface Sample {
  readonly seconds: number;
  /** CPU seconds of the local, then of the remote; empty without a tunnel. */
  readonly cpu: readonly number[] | undefined;
  /** CPU seconds of client and target together. */
  readonly generatorsCpu: number | undefined;
}

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

// Closing and collecting garbage after a transfer belong to it, and must not fall into the next one.
const afterMs = 250;
// Bytes per second, far below anything worth measuring: a stuck tunnel costs this and no more.
const slowest = 10e6;

/**
 * One flow at a time through each tunnel in turn, round after round, so that whatever else the machine does falls
 * on all of them alike. Round 0 warms up and is not counted. A tunnel that fails once is not tried again.
 */
export async function measureThroughput(
  processes: Processes,
  plan: ThroughputPlan,
): Promise<readonly ThroughputResult[]> {
  const generators = await startGenerators(processes);
  const ground = { processes, target: generators.target, directory: plan.directory };
  const running = new Map<TunnelName, Tunnel>();
  const faults = new Map<TunnelName, string>();
  const attempt = async (name: TunnelName, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      running.delete(name);
      faults.set(name, (error as Error).message);
      plan.say(`${name} failed: ${(error as Error).message}`);
    }
  };

  for (const name of plan.names) {
    await attempt(name, async () => running.set(name, await tunnels[name].start(ground)));
  }
  const taken = plan.directions.flatMap((direction) =>
    plan.names.map((tunnel) => ({ direction, tunnel, samples: [] as Sample[] })),
  );
  for (let round = 0; round <= plan.rounds; round += 1) {
    plan.say(round === 0 ? 'warm-up' : `round ${round} of ${plan.rounds}`);
    // Each round begins with another tunnel: who comes after whom must not matter.
    for (const { direction, tunnel: name, samples } of rotated(taken, round)) {
      const tunnel = running.get(name);
      if (tunnel === undefined) continue;
      await attempt(name, async () => {
        const sample = await transfer(tunnel, generators, { direction, bytes: plan.bytes });
        if (round > 0) samples.push(sample);
      });
    }
  }
  await processes.endAll();
  return taken.map((row) => ({ ...row, bytes: plan.bytes, fault: faults.get(row.tunnel) }));
}

async function transfer(
  { entry, halves }: Tunnel,
  generators: Generators,
  { direction, bytes }: { readonly direction: Direction; readonly bytes: number },
): Promise<Sample> {
  const pids = [...halves.map((half) => half.pid), ...generators.pids];
  const before = pids.map(cpuSeconds);
  const withinMs = 20_000 + Math.ceil((bytes / slowest) * 1000);
  const seconds = await generators.transfer({ order: 'transfer', entry, direction, bytes, withinMs });
  await rest(afterMs);
  const used = pids.map((pid, index) => (cpuSeconds(pid) ?? NaN) - (before[index] ?? NaN));
  if (used.some(Number.isNaN)) return { seconds, cpu: undefined, generatorsCpu: undefined };
  return { seconds, cpu: used.slice(0, halves.length), generatorsCpu: sum(used.slice(halves.length)) };
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function rotated<Item>(items: readonly Item[], by: number): readonly Item[] {
  const at = by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}

import { setTimeout as rest } from 'node:timers/promises';
import { startGenerators } from './generators.js';
import { openFileLimit, residentKib } from './proc.js';
import type { Processes } from './processes.js';
import { tunnels, type TunnelName } from './tunnels.js';

/** Memory is in KiB, for the local and then for the remote. */
export interface IdleResult {
  readonly tunnel: TunnelName;
  /** Conversations that were open when memory was read. */
  readonly held: number;
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly perConversation: readonly number[];
  /** What went wrong; with it the row does not count. */
  readonly fault: string | undefined;
}

export interface IdlePlan {
  readonly names: readonly TunnelName[];
  readonly count: number;
  readonly directory: string;
  readonly say: (line: string) => void;
}

// How many may be opening at once. Below the 64 unauthenticated peers that a remote accepts from one address.
const ramp = 50;
// Time for start-up work before the first reading, and for what opening left behind before the second.
const settleMs = 5_000;
// Each half holds two sockets for a conversation; the rest is room for its own files.
const ownFiles = 128;

/**
 * Opens conversations through a fresh tunnel, each proved by one byte from the target, and reads the resident
 * memory of both halves before and after, as it is: nobody asks for a garbage collection. Tunnels and load
 * generators are new for each, so that ports and memory of one are not the other's.
 */
export async function measureIdle(processes: Processes, plan: IdlePlan): Promise<readonly IdleResult[]> {
  const results: IdleResult[] = [];
  for (const tunnel of plan.names) {
    plan.say(`idle: ${plan.count} conversations through ${tunnel}`);
    try {
      results.push(await measureOne(processes, tunnel, plan));
    } catch (error) {
      const fault = (error as Error).message;
      plan.say(`${tunnel} failed: ${fault}`);
      results.push({ tunnel, held: 0, before: [], after: [], perConversation: [], fault });
    }
    await processes.endAll();
  }
  return results;
}

/** Why `count` idle conversations cannot be measured on this machine; undefined when they can. */
export function idleObstacle(count: number): string | undefined {
  if (residentKib(process.pid) === undefined) return 'expected /proc (Linux) to read memory from, got none';
  const limit = openFileLimit() ?? Infinity;
  const needed = 2 * count + ownFiles;
  if (limit >= needed) return undefined;
  const most = Math.floor((limit - ownFiles) / 2);
  return `expected an open-file limit of at least ${needed}, got ${limit}: raise it (ulimit -Hn) or use --idle ${most}`;
}

async function measureOne(processes: Processes, tunnel: TunnelName, plan: IdlePlan): Promise<IdleResult> {
  const generators = await startGenerators(processes);
  const { entry, halves } = await tunnels[tunnel].start({
    processes,
    target: generators.target,
    directory: plan.directory,
  });
  const resident = (): number[] => halves.map((half) => residentKib(half.pid) ?? NaN);
  await rest(settleMs);
  const before = resident();
  const withinMs = 30_000 + plan.count * 10;
  const opened = await generators.hold({ order: 'hold', entry, count: plan.count, ramp, withinMs });
  await rest(settleMs);
  const after = resident();
  // Counted after the reading: a conversation that has gone must not pass for one that costs nothing.
  const { held, fault = opened.fault } = await generators.census();

  const perConversation = after.map((kib, half) => (kib - (before[half] ?? NaN)) / held);
  return { tunnel, held, before, after, perConversation, fault };
}

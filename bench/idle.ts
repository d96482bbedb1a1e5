import { spawnSync } from 'node:child_process';
import { setTimeout as rest } from 'node:timers/promises';
import { startGenerators } from './generators.js';
import { loopback, type Place } from './places.js';
import { residentKib } from './proc.js';
import type { Figures, Line, Plan, Row } from './rows.js';
import { type TunnelName, tunnels } from './tunnels.js';

// How many may be opening at once. Below the 64 unauthenticated peers that a remote accepts from one address.
const ramp = 50;
// Time for start-up work before the first reading, and for what opening left behind before the second.
const settleMs = 5_000;
// How long memory may take to come back after the conversations have closed, and what counts as back.
const backWithinMs = 20_000;
const backMib = 20;
// Each half holds two sockets for a conversation; the rest is room for its own files and for carriers that wait.
const ownFiles = 512;

/**
 * Many conversations, each proved by one byte from the target and then left alone. Resident memory of both halves
 * before, with them and after they have closed, as it is: nobody asks for a garbage collection. One round; tunnels and
 * load generators are new for each, so that ports and memory of one are not the other's.
 */
export const idle: Row = {
  title: 'idle conversations: resident memory of the local and of the remote',
  columns: {
    local: { head: 'local KiB each', digits: 1 },
    remote: { head: 'remote KiB each', digits: 1 },
    held: { head: 'held', digits: 0 },
    localStart: { head: 'local start MiB', digits: 1 },
    remoteStart: { head: 'remote start MiB', digits: 1 },
    localBack: { head: 'local after +MiB', digits: 1 },
    remoteBack: { head: 'remote after +MiB', digits: 1 },
    seconds: { head: 'after s', digits: 0 },
  },
  // Without ssh: it looks at all of its channels for every event, and takes minutes to open so many.
  tunnels: ['halflight-2022', 'halflight-2017', 'libev', 'rust'],
  obstacle: () =>
    residentKib(process.pid) === undefined
      ? 'expected /proc (Linux) to read memory from, got none'
      : undefined,
  async measure(plan) {
    const lines: Line[] = [];
    const count = asManyAs(plan.sizes.idle);
    for (const tunnel of plan.names) {
      plan.say(`${count} conversations through ${tunnel}`);
      try {
        lines.push({ tunnel, samples: [await measureOne(tunnel, count, plan)], fault: undefined });
      } catch (error) {
        const fault = (error as Error).message;
        plan.say(`${tunnel} failed: ${fault}`);
        lines.push({ tunnel, samples: [], fault });
      }
      await plan.processes.endAll();
    }
    return lines;
  },
};

function filesFor(count: number): number {
  return 2 * count + ownFiles;
}

/** Of so many conversations those for which programs may have files open; root can allow itself more than the limit. */
function asManyAs(count: number): number {
  const script = `ulimit -n ${filesFor(count)} 2>/dev/null || ulimit -Hn`;
  const { stdout } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
  const limit = Number.parseInt(stdout);
  return Number.isNaN(limit) ? count : Math.floor((limit - ownFiles) / 2);
}

/** The loopback, in which each program may open so many files: not all ask for what they could have, as Node does. */
function roomy(files: number): Place {
  const within = ['sh', '-c', `ulimit -n ${files} && exec "$@"`, 'sh'];
  return { near: { ...loopback.near, within }, far: { ...loopback.far, within } };
}

async function measureOne(
  tunnel: TunnelName,
  count: number,
  { processes, directory }: Plan,
): Promise<Figures> {
  const generators = await startGenerators(processes, roomy(filesFor(count)));
  const { entry, halves } = await tunnels[tunnel].start(generators.ground(directory));
  const resident = (): number[] => halves.map((half) => (residentKib(half.pid) ?? NaN) / 1024);

  await rest(settleMs);
  const before = resident();
  const over = (): number[] => resident().map((mib, half) => mib - (before[half] ?? NaN));
  const opened = await generators.ask('hold', { entry, count, ramp, withinMs: 60_000 + count * 10 });
  if (opened.lost !== undefined) throw new Error(opened.lost);
  await rest(settleMs);
  const grown = over();
  // Counted after the reading: a conversation that has gone must not pass for one that costs nothing.
  const { held, lost } = await generators.ask('census', {});
  if (lost !== undefined) throw new Error(lost);

  await generators.ask('release', {});
  const released = performance.now();
  await rest(settleMs);
  while (over().some((mib) => mib > backMib) && performance.now() - released < backWithinMs) await rest(1000);
  const [local = NaN, remote = NaN] = grown.map((mib) => (mib * 1024) / held);
  const [localStart = NaN, remoteStart = NaN] = before;
  const [localBack = NaN, remoteBack = NaN] = over();
  const seconds = (performance.now() - released) / 1000;
  return { local, remote, held, localStart, remoteStart, localBack, remoteBack, seconds };
}

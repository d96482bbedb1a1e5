import type { Direction } from './orders.js';
import { measureRounds, type Sample, sum, type Work } from './rounds.js';
import type { Figures, Line, Plan, Row } from './rows.js';
import { type TunnelName, tunnels } from './tunnels.js';

// Bytes per second, far below anything worth measuring: a stuck tunnel costs this and no more.
const slowest = 10e6;

const oneFlow = [
  'direct',
  'plain',
  'microsocks',
  'halflight-2022',
  'halflight-2017',
  'libev',
  'rust',
  'ssh',
] as const;
const manyFlows = [
  'direct',
  'microsocks',
  'halflight-2022',
  'halflight-workers',
  'libev',
  'rust',
  'ssh',
] as const;

const forwarded = [
  'direct',
  'plain',
  'forward',
  'forward-observing',
  'forward-filtering',
  'forward-informer',
  'forward-dumper',
  'ssh-forward',
] as const;

/** One flow through forwards, with hooks and without. */
export function forwardThroughput(direction: Direction): Row {
  return { ...throughput(direction, 1), title: `${direction} through a forward`, tunnels: forwarded };
}

/** So many bytes in so many flows at the same moment, through each tunnel in turn. */
export function throughput(direction: Direction, flows: number): Row {
  return {
    title: `${direction}, ${flows === 1 ? 'one flow' : `${flows} flows`}`,
    columns: {
      speed: { head: 'MB/s', digits: 0 },
      cpu: { head: 'CPU s/GB', digits: 2 },
      load: { head: 'load CPU s/GB', digits: 2 },
    },
    tunnels: flows === 1 ? oneFlow : manyFlows,
    measure: (plan) =>
      measureInRounds(plan, {
        work: flow(direction, { bytes: plan.sizes.bytes, flows }),
        read: ({ seconds, ...cpu }) => {
          const gigabytes = plan.sizes.bytes / 1e9;
          return { speed: (gigabytes * 1e3) / seconds, ...cpuEach(cpu, gigabytes) };
        },
      }),
  };
}

/** One piece of work in each round, and what is read from it. */
export async function measureInRounds(
  { processes, names, rounds, directory, say }: Plan,
  {
    work,
    warmUp,
    read,
  }: { readonly work: Work; readonly warmUp?: Work; readonly read: (sample: Sample) => Figures },
): Promise<readonly Line[]> {
  const row = { kinds: tunnels, rows: ['row'], work: { row: work }, warmUp } as const;
  const taken = await measureRounds<'row', TunnelName>(processes, { names, rounds, directory, say, ...row });
  return taken.map(({ tunnel, samples, fault }) => ({ tunnel, samples: samples.map(read), fault }));
}

/** CPU of both halves together, and of the load generators, for each of `amount`. */
export function cpuEach(
  { cpu, generatorsCpu }: Pick<Sample, 'cpu' | 'generatorsCpu'>,
  amount: number,
): Figures {
  // Without a tunnel there is nothing that could cost something.
  const halves = cpu === undefined || cpu.length === 0 ? NaN : sum(cpu);
  return { cpu: halves / amount, load: (generatorsCpu ?? NaN) / amount };
}

/** One transfer of so many bytes. */
export function flow(
  direction: Direction,
  { bytes, flows }: { readonly bytes: number; readonly flows: number },
): Work {
  const withinMs = 20_000 + Math.ceil((bytes / slowest) * 1000);
  return (generators, entry) => generators.ask('transfer', { entry, direction, bytes, flows, withinMs });
}

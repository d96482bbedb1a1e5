import { startGenerators } from './generators.js';
import { linkObstacle, openLink } from './links.js';
import type { Direction } from './orders.js';
import type { Figures, Line, Row } from './rows.js';
import { type TunnelName, tunnels } from './tunnels.js';

const quality = { roundTripMs: 100, lossPercent: 1 };
// Some six seconds of such a link.
const bytes = 1_048_576;
const withinMs = 120_000;

/** Transfers once through one tunnel; resolves with what that gave. */
type Lane = () => Promise<Figures>;

/**
 * One flow through each tunnel, all at the same moment: the link has no rate, so they are not in each other's way, and
 * none has the luck of a better minute. Each has load generators of its own.
 */
export function lossy(direction: Direction): Row {
  return {
    title: `${direction} of 1 MiB over a link of ${quality.roundTripMs} ms that loses ${quality.lossPercent} % each way`,
    columns: { speed: { head: 'KB/s', digits: 0 } },
    tunnels: ['direct', 'halflight-2022', 'halflight-2017', 'libev', 'rust', 'ssh'],
    obstacle: linkObstacle,
    async measure({ processes, names, rounds, directory, say }) {
      const link = await openLink(processes, quality);
      const group = processes.group();
      const open = async (tunnel: TunnelName): Promise<Lane> => {
        const generators = await startGenerators(group, link);
        const { entry } = await tunnels[tunnel].start(generators.ground(directory));
        return async () => {
          const order = { entry, direction, bytes, flows: 1, withinMs };
          const { seconds } = await generators.ask('transfer', order);
          return { speed: bytes / 1e3 / seconds };
        };
      };
      const samples = new Map<TunnelName, Figures[]>(names.map((name) => [name, []]));
      const lanes = new Map<TunnelName, Lane>();
      const faults = new Map<TunnelName, string>();
      const attempt = async (tunnel: TunnelName, work: () => Promise<unknown>): Promise<void> => {
        try {
          await work();
        } catch (error) {
          lanes.delete(tunnel);
          faults.set(tunnel, (error as Error).message);
          say(`${tunnel} failed: ${(error as Error).message}`);
        }
      };

      // One after another: what starts at the same moment on few cores falls over its deadlines.
      for (const name of names) await attempt(name, async () => lanes.set(name, await open(name)));
      for (let round = 0; round <= rounds; round += 1) {
        say(round === 0 ? 'warm-up' : `round ${round} of ${rounds}`);
        const flows = [...lanes].map(([tunnel, lane]) =>
          attempt(tunnel, async () => {
            const figures = await lane();
            if (round > 0) samples.get(tunnel)?.push(figures);
          }),
        );
        await Promise.all(flows);
      }
      // First those at the ends, while the link still tells each of them that the other has gone.
      await group.endAll();
      await processes.endAll();
      link.close();
      return names.map((tunnel): Line => ({
        tunnel,
        samples: samples.get(tunnel) ?? [],
        fault: faults.get(tunnel),
      }));
    },
  };
}

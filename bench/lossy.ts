import { type Generators, startGenerators } from './generators.js';
import { linkObstacle, openLink } from './links.js';
import type { Direction, Entry } from './orders.js';
import type { Figures, Line, Row } from './rows.js';
import { type TunnelName, tunnels } from './tunnels.js';

const quality = { roundTripMs: 100, lossPercent: 1 };
// A few seconds of such a link, enough for the start to be the smaller part of it.
const bytes = 4 * 1_048_576;
const withinMs = 180_000;

interface Flow {
  readonly tunnel: TunnelName;
  readonly samples: Figures[];
  generators?: Generators;
  entry?: Entry;
  fault: string | undefined;
}

/**
 * One flow through each tunnel, all at the same moment: the link has no rate, so they are not in each other's way, and
 * none has the luck of a better minute. Each has load generators of its own.
 */
export function lossy(direction: Direction): Row {
  return {
    title: `${direction} of 4 MiB over a link of ${quality.roundTripMs} ms that loses ${quality.lossPercent} % each way`,
    columns: { speed: { head: 'KB/s', digits: 0 } },
    tunnels: ['direct', 'halflight-2022', 'halflight-2017', 'libev', 'rust', 'ssh'],
    obstacle: linkObstacle,
    async measure({ processes, names, rounds, directory, say }) {
      const link = await openLink(processes, quality);
      const group = processes.group();
      const flows = names.map((tunnel): Flow => ({ tunnel, samples: [], fault: undefined }));
      const attempt = async (flow: Flow, work: () => Promise<unknown>): Promise<void> => {
        try {
          await work();
        } catch (error) {
          flow.fault = (error as Error).message;
          say(`${flow.tunnel} failed: ${flow.fault}`);
        }
      };
      // One after another: programs that start at the same moment fall over their deadlines.
      for (const flow of flows) {
        await attempt(flow, async () => {
          flow.generators = await startGenerators(group, link);
          flow.entry = (await tunnels[flow.tunnel].start(flow.generators.ground(directory))).entry;
        });
      }
      for (let round = 0; round <= rounds; round += 1) {
        say(round === 0 ? 'warm-up' : `round ${round} of ${rounds}`);
        const running = flows.filter(({ fault }) => fault === undefined);
        await Promise.all(running.map((flow) => attempt(flow, () => transferOnce(flow, direction, round))));
      }
      // First those at the ends, while the link still tells each of them that the other has gone.
      await group.endAll();
      await processes.endAll();
      link.close();
      return flows.map(({ tunnel, samples, fault }): Line => ({ tunnel, samples, fault }));
    },
  };
}

async function transferOnce(
  { generators, entry, samples }: Flow,
  direction: Direction,
  round: number,
): Promise<void> {
  if (generators === undefined || entry === undefined) return;
  const order = { entry, direction, bytes, flows: 1, withinMs };
  const { seconds } = await generators.ask('transfer', order);
  if (round > 0) samples.push({ speed: bytes / 1e3 / seconds });
}

import { setTimeout as rest } from 'node:timers/promises';
import { measureAfresh } from './afresh.js';
import { startGenerators } from './generators.js';
import { linkObstacle, openLink } from './links.js';
import { spread } from './report.js';
import type { Row } from './rows.js';
import { tunnels } from './tunnels.js';

const roundTripMs = 100;
// What a tunnel does after a conversation to be ready for the next takes some round trips itself.
const pauseMs = 300;
const warmOnes = 12;

/**
 * From the dial to the first byte of the answer, over a link with nothing but delay; the client awaits each reply of the
 * proxy. Cold is the first conversation of a tunnel that is ready, warm the median of the next few.
 */
export const firstByte: Row = {
  title: `time to the first byte over a link of ${roundTripMs} ms, in round trips`,
  columns: {
    warm: { head: 'warm', digits: 2 },
    cold: { head: 'cold', digits: 2 },
    accepted: { head: 'connected after ms', digits: 1 },
  },
  tunnels: ['direct', 'halflight-2022', 'halflight-optimistic', 'libev', 'rust', 'ssh'],
  obstacle: linkObstacle,
  async measure({ processes, ...plan }) {
    const link = await openLink(processes, { roundTripMs, lossPercent: 0 });
    const generators = await startGenerators(processes, link);
    const ground = generators.ground(plan.directory);
    const lines = await measureAfresh(processes, plan, async (tunnel, group) => {
      const { entry } = await tunnels[tunnel].start({ ...ground, processes: group });
      const asked = { entry, pauseMs, withinMs: 10_000 };
      const [cold] = (await generators.ask('probe', { ...asked, count: 1 })).firstByte;
      await rest(pauseMs);
      const { firstByte: warm, accepted } = await generators.ask('probe', { ...asked, count: warmOnes });
      return {
        warm: (spread(warm)?.median ?? NaN) / roundTripMs,
        cold: (cold ?? NaN) / roundTripMs,
        accepted: spread(accepted)?.median ?? NaN,
      };
    });
    link.close();
    return lines;
  },
};

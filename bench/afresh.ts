import type { Processes } from './processes.js';
import { inTurn } from './rounds.js';
import type { Figures, Line, Plan } from './rows.js';
import type { TunnelName } from './tunnels.js';

/**
 * Rounds in which each tunnel is started anew, by `measureOne`, and ended again. Round 0 warms up and is not counted; a
 * tunnel that fails once is not tried again. Ends all `processes`.
 */
export async function measureAfresh(
  processes: Processes,
  { names, rounds, say }: Pick<Plan, 'names' | 'rounds' | 'say'>,
  measureOne: (tunnel: TunnelName, group: Processes) => Promise<Figures>,
): Promise<readonly Line[]> {
  const samples = new Map<TunnelName, Figures[]>(names.map((name) => [name, []]));
  const faults = new Map<TunnelName, string>();
  for (let round = 0; round <= rounds; round += 1) {
    say(round === 0 ? 'warm-up' : `round ${round} of ${rounds}`);
    for (const tunnel of inTurn(names, round)) {
      if (faults.has(tunnel)) continue;
      const group = processes.group();
      try {
        const figures = await measureOne(tunnel, group);
        if (round > 0) samples.get(tunnel)?.push(figures);
      } catch (error) {
        faults.set(tunnel, (error as Error).message);
        say(`${tunnel} failed: ${(error as Error).message}`);
      }
      await group.endAll();
    }
  }
  await processes.endAll();
  return names.map((tunnel) => ({ tunnel, samples: samples.get(tunnel) ?? [], fault: faults.get(tunnel) }));
}

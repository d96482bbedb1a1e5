/** Waits counted in turns of the event loop, for tests whose timers stand still: vi.waitUntil would move them on. */
import { setImmediate as turn } from 'node:timers/promises';

/** Settles once `condition` is true. The limit of the test is the only one. */
export async function turnsUntil(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

/** Enough turns for what is under way on loopback, or in promises, to have happened. */
export async function settle(turns = 20): Promise<void> {
  for (let done = 0; done < turns; done++) await turn();
}

/** The connections of all workers of one half, for whoever asks by its control socket. */
import type { Answers } from './line.js';
import { inTime, type Line } from './line.js';
import type { ControlCrew } from '../control.js';
import type { Member } from './crew.js';
import type { TableAnswers } from './orders.js';

/** Whoever is too busy to say what is open has its connections left out, ms. */
const tableMs = 1_000;

/** Asks those who work when it is asked. */
export function crewControl<Asked extends Answers<Asked>>(
  workers: number,
  working: () => readonly Member<Asked>[],
): ControlCrew {
  const lineOf = ({ line }: Member<Asked>): Line<TableAnswers> => line as unknown as Line<TableAnswers>;
  return {
    workers,
    connections: async () => {
      const tables = await Promise.allSettled(
        working().map(async (member) => {
          const rows = await inTime(lineOf(member).ask('connections', undefined), tableMs, 'connections');
          return rows.map((row) => ({ ...row, worker: member.number }));
        }),
      );
      const told = tables.flatMap((table) => (table.status === 'fulfilled' ? [table.value] : []));
      return { connections: told.flat(), silent: tables.length - told.length };
    },
    cut: async ({ id, worker }) => {
      const member = working().find(({ number }) => number === worker);
      return member !== undefined && inTime(lineOf(member).ask('cut', { id }), tableMs, 'cut');
    },
  };
}

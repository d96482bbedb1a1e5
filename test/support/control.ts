/** A control socket with a table of a test's own. */
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { serveControl, type ControlDesk, type ControlSocket } from '../../shared/serve/control/control.js';
import type { ConnectionTable, ServedConnection } from '../../shared/serve/control/table.js';
import { temporaryDirectory } from './directory.js';
import { openFacts } from './hook-events.js';

export const openConnection: ServedConnection = { ...openFacts, state: 'open', up: 78, down: 1591 };

/** A table of a forward that has run for a minute, at the second `seconds` of it. */
export function tableOf(connections: readonly ServedConnection[], seconds = 60): ConnectionTable {
  const served = { pid: 4711, role: 'forward', listen: ['127.0.0.1:8000'], version: '1.2.3' } as const;
  return {
    process: { ...served, uptimeMs: seconds * 1000 },
    at: openFacts.openedAt + seconds * 1000,
    connections,
  };
}

/** Listens until the test is over, by default with one connection; `place` is the path. */
export async function runningControl(
  desk: Partial<ControlDesk> = {},
  place: string = path.join(temporaryDirectory(), 'c.sock'),
): Promise<ControlSocket> {
  const socket = await serveControl(place, {
    table: () => tableOf([openConnection]),
    cut: ({ id }) => id === openConnection.id,
    ...desk,
  });
  onTestFinished(() => {
    socket.close();
  });
  return socket;
}

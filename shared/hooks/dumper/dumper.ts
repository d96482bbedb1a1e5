/** The dumper: a file for each conversation, to be read by people, by Wireshark, or by both. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { codeOf, ConfigError, messageOf } from '../../errors.js';
import type { ConnectionFacts } from '../../observe/connection.js';
import type { Hook } from '../hook.js';
import { Conversation } from './conversation.js';
import { Disk, type DiskLimits } from './disk.js';
import type { DumperSettings, DumpTarget } from './settings.js';

export interface DumperOptions {
  readonly limits?: Partial<DiskLimits>;
}

/** What is said over one connection: a client of a local has one with each target that it asks over HTTP for something. */
interface Talks {
  readonly going: readonly Conversation[];
  /** The number of the last. */
  readonly turn: number;
}

/**
 * A hook that writes every conversation down. `warn` hears, in one line, when it cannot; the traffic never does.
 *
 * Rejects with a ConfigError when `directory` is not a directory that can be written to.
 */
export async function dumperHook(
  settings: DumperSettings,
  warn: (detail: string) => void,
  { limits }: DumperOptions = {},
): Promise<Hook> {
  const { files, targets } = settings;
  const directory = resolve(settings.directory);
  await checkDirectory(directory);
  const disk = new Disk({ directory, files, warn, limits });
  const open = new Map<number, Talks>();
  return {
    name: 'dumper',
    on: {
      closed: (event) => {
        for (const conversation of open.get(event.connection.id)?.going ?? []) conversation.close(event);
        open.delete(event.connection.id);
      },
      stopped: async () => {
        for (const { going } of open.values()) for (const conversation of going) conversation.finish();
        open.clear();
        await disk.settled();
      },
    },
    filter: (connection) => {
      if (!isWanted(connection, targets)) return undefined;
      const { going = [], turn = 0 } = open.get(connection.id) ?? {};
      // One comes after the other, so nothing more is said there.
      for (const earlier of going) if (earlier.answered) earlier.close({ by: 'target', why: 'end' });
      const conversation = new Conversation(disk, connection, { ...settings, turn: turn + 1 });
      open.set(connection.id, {
        going: [...going.filter(({ answered }) => !answered), conversation],
        turn: turn + 1,
      });
      return conversation.filters;
    },
  };
}

function isWanted({ target }: ConnectionFacts, targets: readonly DumpTarget[]): boolean {
  if (targets.length === 0) return true;
  return targets.some(
    ({ host, port }) =>
      (host === undefined || host.toLowerCase() === target?.host.toLowerCase()) &&
      (port === undefined || port === target?.port),
  );
}

async function checkDirectory(directory: string): Promise<void> {
  const name = `dump directory ${directory}`;
  try {
    if (!(await stat(directory)).isDirectory())
      throw new ConfigError(`${name}: expected a directory, got something else`);
    await access(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const got = codeOf(error) ?? messageOf(error);
    const expected = got === 'ENOENT' ? 'a directory that is there' : 'a directory that can be written to';
    throw new ConfigError(`${name}: expected ${expected}, got ${got}`, { cause: error });
  }
}

/** All that the running halves of this user tell. */
import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, ConfigError, messageOf } from '../../shared/errors.js';
import { askTable } from '../../shared/serve/control/ask.js';
import { checkControlDirectory, controlDirectories } from '../../shared/serve/control/places.js';
import type { Answered } from './rates.js';

export interface Gathered {
  readonly answers: readonly Answered[];
  /** Why others have not answered. */
  readonly troubles: readonly string[];
}

type Told = { readonly answer: Answered } | { readonly trouble: string } | undefined;

/**
 * Asks all whose sockets are in the directories of this user, or only the one at `place`, or all in that directory. What a
 * process has left behind that ended without tidying up is taken away from the former. Never rejects.
 */
export async function gather(place?: string): Promise<Gathered> {
  const told = place === undefined ? await askOwn() : await askAt(place);
  return {
    answers: told.flatMap((each) => (each !== undefined && 'answer' in each ? [each.answer] : [])),
    troubles: told.flatMap((each) => (each !== undefined && 'trouble' in each ? [each.trouble] : [])),
  };
}

async function askOwn(): Promise<readonly Told[]> {
  const directories = await controlDirectories(process.env);
  const told = directories.map(async (directory): Promise<readonly Told[]> => {
    try {
      await checkControlDirectory(directory);
      const paths = await socketsIn(directory);
      return await Promise.all(paths.map((path) => ask(path, { gone: (left) => unlink(left) })));
    } catch (error) {
      return codeOf(error) === 'ENOENT' ? [] : [{ trouble: troubleOf(directory, error) }];
    }
  });
  return (await Promise.all(told)).flat();
}

async function askAt(place: string): Promise<readonly Told[]> {
  try {
    const paths = (await stat(place)).isDirectory() ? await socketsIn(place) : [place];
    return await Promise.all(paths.map((path) => ask(path)));
  } catch (error) {
    return [{ trouble: troubleOf(place, error) }];
  }
}

/** What the system says says nothing of what was wanted. */
function troubleOf(path: string, error: unknown): string {
  const code = error instanceof ConfigError ? undefined : codeOf(error);
  return code === undefined
    ? messageOf(error)
    : `${path}: expected a control socket of halflight, got ${code}`;
}

async function socketsIn(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory);
  return names.filter((name) => name.endsWith('.sock')).map((name) => join(directory, name));
}

/** `gone` is for the socket of a process that has ended. */
async function ask(
  path: string,
  { gone }: { readonly gone?: (path: string) => Promise<void> } = {},
): Promise<Told> {
  try {
    return { answer: { path, table: await askTable(path) } };
  } catch (error) {
    // It has ended since its directory was read.
    if (gone !== undefined && codeOf(error) === 'ENOENT') return undefined;
    if (gone === undefined || codeOf(error) !== 'ECONNREFUSED') return { trouble: troubleOf(path, error) };
    await gone(path).catch(() => undefined);
    return undefined;
  }
}

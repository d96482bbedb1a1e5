/** What it takes to start a peer on this machine. */
import { randomBytes } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Side } from './places.js';
import type { Child } from './processes.js';
import type { Ground } from './tunnels.js';

/** How long a program may take until it listens, ms. */
export const readyWithinMs = 15_000;

/** A file of the build beside this one. */
export const beside = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Our own command line. */
export const cli: string = beside('../cli.js');

/** Runs our own command line, as a user would, with nothing of the user's own settings but what `variables` say. */
export function runCli(
  { processes, directory }: Ground,
  args: readonly string[],
  { side, variables }: { readonly side: Side; readonly variables?: NodeJS.ProcessEnv },
): Child {
  const environment = {
    ...process.env,
    HALFLIGHT_KEY: undefined,
    HALFLIGHT_PASSWORD: undefined,
    STATE_DIRECTORY: undefined,
    XDG_CONFIG_HOME: directory,
    XDG_STATE_HOME: directory,
    ...variables,
  };
  return processes.start(process.execPath, [cli, ...args], { environment, within: side.within });
}

/** The port that a half of ours says it listens on, when it is ready. */
export async function portOf(half: Child): Promise<number> {
  const { listen } = JSON.parse(await half.line(readyWithinMs)) as { readonly listen: string };
  return Number(new URL(`tcp://${listen}`).port);
}

/** Those of `programs` that are not on the PATH, in words; undefined when all of them are. */
export function missingPrograms(...programs: readonly string[]): string | undefined {
  const absent = programs.filter((program) => onPath(program) === undefined);
  return absent.length > 0 ? `${absent.join(' and ')} not found on PATH` : undefined;
}

/** A secret of 32 bytes in base64: a key of a 2022 method, or a password that nobody guesses. */
export function freshSecret(): string {
  return randomBytes(32).toString('base64');
}

/** Where a program is; also looks where only the PATH of root leads. */
export function onPath(program: string): string | undefined {
  const directories = (process.env['PATH'] ?? '').split(delimiter).concat('/usr/sbin', '/usr/local/sbin');
  return directories
    .map((directory) => join(directory, program))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** A port that was free a moment ago: other programs cannot be told to choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

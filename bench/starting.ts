/** What it takes to start a peer on this machine. */
import { randomBytes } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Child, Processes } from './processes.js';

/** How long a program may take until it listens, ms. */
export const readyWithinMs = 15_000;

/** A file of the build beside this one. */
export const beside = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Our own command line. */
export const cli: string = beside('../cli.js');

/** Runs our own command line, as a user would, with nothing of the user's own settings but what `variables` say. */
export function runCli(
  { processes, directory }: { readonly processes: Processes; readonly directory: string },
  args: readonly string[],
  variables: NodeJS.ProcessEnv = {},
): Child {
  return processes.start(process.execPath, [cli, ...args], {
    ...process.env,
    HALFLIGHT_KEY: undefined,
    HALFLIGHT_PASSWORD: undefined,
    STATE_DIRECTORY: undefined,
    XDG_CONFIG_HOME: directory,
    XDG_STATE_HOME: directory,
    ...variables,
  });
}

/** The port that a half of ours says it listens on, when it is ready. */
export async function portOf(half: Child): Promise<number> {
  const { listen } = JSON.parse(await half.line(readyWithinMs)) as { readonly listen: string };
  return Number(new URL(`tcp://${listen}`).port);
}

/** Those of `programs` that are not on the PATH, in words; undefined when all of them are. */
export function missingPrograms(...programs: readonly string[]): string | undefined {
  const absent = programs.filter((program) => !onPath(program));
  return absent.length > 0 ? `${absent.join(' and ')} not found on PATH` : undefined;
}

/** A secret of 32 bytes in base64: a key of a 2022 method, or a password that nobody guesses. */
export function freshSecret(): string {
  return randomBytes(32).toString('base64');
}

function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
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

/** Settles when `port` accepts a connection: other programs do not say when they are ready. */
export async function listening(port: number): Promise<void> {
  const deadline = performance.now() + readyWithinMs;
  while (!(await accepts(port))) {
    if (performance.now() > deadline) throw new Error(`port ${port}: expected a listener, got none`);
    await rest(50);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}

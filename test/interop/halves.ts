/** Our own command line, as it is built, each half in a process of its own. */
import { writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { temporaryDirectory } from '../support/directory.js';
import { firstLine, start } from './programs.js';

const cli = resolve(import.meta.dirname, '../../dist/cli.js');

/** A half that has said it is ready. */
export interface Half {
  /** HOST:PORT. */
  readonly listen: string;
  /** Ends it as the kernel would: no farewell to anybody. */
  kill(): Promise<void>;
}

export interface RemoteHalf extends Half {
  /** What the local is given. */
  readonly uri: string;
  /** Its own ends (HOST:PORT) of the connections it has made to targets; it tells them with `--log-level debug`. */
  readonly dialled: () => readonly string[];
}

export interface RemoteOptions {
  /** HOST:PORT, a free port of 127.0.0.1 unless given. */
  readonly listen?: string;
  /** Environment variables; without a key among them the remote makes one. */
  readonly variables?: NodeJS.ProcessEnv;
  /** A command that runs the program instead of Node alone. */
  readonly through?: readonly string[];
}

export interface LocalOptions {
  readonly flags?: readonly string[];
  readonly variables?: NodeJS.ProcessEnv;
}

/** Starts a remote. */
export function startRemote(
  flags: readonly string[],
  { listen = '127.0.0.1:0', variables = {}, through = [] }: RemoteOptions = {},
): Promise<RemoteHalf> {
  return startHalf(['remote', '--listen', listen, ...flags], { variables, through });
}

/** Starts a remote that has no port but those of its manager, which it listens to there. */
export async function startManaged(
  place: string | readonly [string, number],
  flags: readonly string[],
): Promise<void> {
  const address = typeof place === 'string' ? place : place.join(':');
  await startHalf(['remote', '--manager-address', address, ...flags]);
}

/** Starts a local on a free port of 127.0.0.1, for one remote or several. */
export function startLocal(
  uri: string | readonly string[],
  { flags = [], variables = {} }: LocalOptions = {},
): Promise<Half> {
  return startHalf(['local', ...[uri].flat(), '--listen', '127.0.0.1:0', ...flags], { variables });
}

/** Starts a forward `from` a place `to` another, on this machine as it is, or by the URIs of `via`. */
export function startForward(
  from: string,
  to: string,
  { via = [], flags = [] }: { readonly via?: readonly string[]; readonly flags?: readonly string[] } = {},
): Promise<Half> {
  return startHalf(['forward', from, to, ...via.flatMap((uri) => ['--via', uri]), ...flags]);
}

/** A PATH on which `halflight` is our command line, as an installation would have it. */
export async function pathWithHalflight(): Promise<string> {
  const directory = temporaryDirectory();
  const script = `#!/bin/sh\nexec '${process.execPath}' '${cli}' "$@"\n`;
  await writeFile(join(directory, 'halflight'), script, { mode: 0o755 });
  return [directory, process.env['PATH'] ?? ''].join(delimiter);
}

/** The two ways to run the tunnel to targets on loopback; each gives the HOST:PORT of its SOCKS5 port. */
export const tunnels: Readonly<Record<'up' | 'a remote and a local', () => Promise<string>>> = {
  up: async () => (await startHalf(['up', '--listen', '127.0.0.1:0'])).listen,
  'a remote and a local': async () => {
    const { uri } = await startRemote(['--allow-private']);
    return (await startLocal(uri)).listen;
  },
};

async function startHalf(
  words: readonly string[],
  { variables = {}, through = [] }: RemoteOptions = {},
): Promise<RemoteHalf> {
  const home = temporaryDirectory();
  const [command, ...rest] = [...through, process.execPath, cli, ...words, '--json'];
  const program = await start(command, rest, {
    XDG_CONFIG_HOME: home,
    XDG_STATE_HOME: home,
    ...variables,
  });
  const dialled: string[] = [];
  const note = (line: string): void => {
    const { event, bound } = JSON.parse(line) as Spoken;
    if (event === 'granted') dialled.push(bound);
  };
  const { listen, uri } = JSON.parse(await firstLine(program, note)) as Spoken;
  return { listen, uri, dialled: () => dialled, kill: () => program.kill() };
}

/** What we look for in the lines of a half; no line has all of it. */
type Spoken = Readonly<Record<'event' | 'listen' | 'uri' | 'bound', string>>;

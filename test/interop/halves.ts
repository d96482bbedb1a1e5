/** Our own command line, as it is built, each half in a process of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
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
}

export interface RemoteOptions {
  /** HOST:PORT, a free port of 127.0.0.1 unless given. */
  readonly listen?: string;
  /** Environment variables; without a key among them the remote makes one. */
  readonly variables?: NodeJS.ProcessEnv;
}

/** Starts a remote. */
export function startRemote(
  flags: readonly string[],
  { listen = '127.0.0.1:0', variables = {} }: RemoteOptions = {},
): Promise<RemoteHalf> {
  return startHalf(['remote', '--listen', listen, ...flags], variables);
}

/** Starts a local on a free port of 127.0.0.1. */
export function startLocal(uri: string): Promise<Half> {
  return startHalf(['local', uri, '--listen', '127.0.0.1:0']);
}

/** The two ways to run the tunnel to targets on loopback; each gives the HOST:PORT of its SOCKS5 port. */
export const tunnels: Readonly<Record<'up' | 'a remote and a local', () => Promise<string>>> = {
  up: async () => (await startHalf(['up', '--listen', '127.0.0.1:0'])).listen,
  'a remote and a local': async () => {
    const { uri } = await startRemote(['--allow-private']);
    return (await startLocal(uri)).listen;
  },
};

async function startHalf(words: readonly string[], variables: NodeJS.ProcessEnv = {}): Promise<RemoteHalf> {
  const home = await mkdtemp(join(tmpdir(), 'halflight-interop-'));
  onTestFinished(() => rm(home, { recursive: true }));
  const program = await start(process.execPath, [cli, ...words, '--json'], {
    XDG_CONFIG_HOME: home,
    XDG_STATE_HOME: home,
    ...variables,
  });
  const ready = JSON.parse(await firstLine(program)) as { readonly listen: string; readonly uri: string };
  return { listen: ready.listen, uri: ready.uri, kill: () => program.kill() };
}

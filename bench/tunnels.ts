import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type ForwardName, forwards } from './forwards.js';
import type { Entry, Listening } from './orders.js';
import { libev, microsocks, rust, ssh, sshForward } from './peers.js';
import type { Place } from './places.js';
import type { Child, Processes } from './processes.js';
import { beside, cli, portOf, readyWithinMs, runCli } from './starting.js';

/** What is compared. `direct` is no tunnel at all: it shows what the load generators can do. */
export type TunnelName =
  | 'direct'
  | 'plain'
  | 'microsocks'
  | 'halflight-2022'
  | 'halflight-2017'
  | 'halflight-workers'
  | 'halflight-optimistic'
  | 'libev'
  | 'rust'
  | 'ssh'
  | 'ssh-forward'
  | ForwardName;

/** A tunnel that runs and leads to one target. */
export interface Tunnel {
  readonly entry: Entry;
  /** The local, then the remote; none for `direct`, one for a proxy without halves. */
  readonly halves: readonly Child[];
}

/** Where somebody listens. */
export interface At {
  readonly host: string;
  readonly port: number;
}

/** Where a tunnel is set up. */
export interface Ground {
  readonly processes: Processes;
  readonly place: Place;
  /** The target's port; at the far side it is reached at 127.0.0.1. */
  readonly target: number;
  /** Will be removed. */
  readonly directory: string;
  /** Settles when something accepts connections there, as seen from the near side; rejects when `child` ends first. */
  readonly listening: (at: At, child: Child) => Promise<void>;
}

export interface TunnelKind {
  readonly label: string;
  /** Why it cannot be measured on this machine; undefined when it can. */
  missing(): string | undefined;
  start(ground: Ground): Promise<Tunnel>;
}

/** All of them, in the order in which they are printed. */
export const tunnels: Readonly<Record<TunnelName, TunnelKind>> = {
  direct: {
    label: 'direct (no tunnel)',
    missing: () => undefined,
    start: ({ target, place }) =>
      Promise.resolve({ entry: { way: 'straight', host: place.far.address, port: target }, halves: [] }),
  },
  plain: { label: 'plain relay, no crypto', missing: () => undefined, start: startPlain },
  microsocks,
  'halflight-2022': halflight('2022-blake3-aes-256-gcm'),
  'halflight-2017': halflight('aes-256-gcm'),
  'halflight-workers': halflight('2022-blake3-aes-256-gcm', { both: ['--workers', '2'] }),
  'halflight-optimistic': halflight('2022-blake3-aes-256-gcm', { local: ['--optimistic'] }),
  libev,
  rust,
  ssh,
  ...forwards,
  'ssh-forward': sshForward,
};

/** The relay code of the tunnel without its crypto: the price of two more processes in the way. */
async function startPlain({ processes, target }: Ground): Promise<Tunnel> {
  const relayTo = async (port: number): Promise<{ readonly child: Child; readonly port: number }> => {
    const child = processes.start(process.execPath, [beside('plain-relay.js'), `${port}`]);
    return { child, port: (JSON.parse(await child.line(readyWithinMs)) as Listening).port };
  };
  const remote = await relayTo(target);
  const local = await relayTo(remote.port);
  const entry: Entry = { way: 'straight', host: '127.0.0.1', port: local.port };
  return { entry, halves: [local.child, remote.child] };
}

interface Extras {
  readonly local?: readonly string[];
  readonly both?: readonly string[];
}

/** Our own command line, as a user would start it, with a fresh secret and nothing of the user's own settings. */
function halflight(method: string, { local: own = [], both = [] }: Extras = {}): TunnelKind {
  const extras = [...both, ...own];
  return {
    label: ['halflight', method, ...extras].join(' '),
    missing: () => missingFlags(extras.filter((word) => word.startsWith('-'))),
    async start(ground) {
      const { near, far } = ground.place;
      const variable = method.startsWith('2022') ? 'HALFLIGHT_KEY' : 'HALFLIGHT_PASSWORD';
      const secret = await runCli(ground, ['keygen', '-m', method], { side: near }).line(readyWithinMs);
      const remote = runCli(
        ground,
        ['remote', '--json', '-l', `${far.address}:0`, '--allow-private', '-m', method, ...both],
        { side: far, variables: { [variable]: secret } },
      );
      const { uri } = JSON.parse(await remote.line(readyWithinMs)) as { readonly uri: string };
      const local = runCli(ground, ['local', uri, '--json', '-l', '127.0.0.1:0', ...extras], { side: near });
      const port = await portOf(local);
      return { entry: { way: 'socks5', port, target: ground.target }, halves: [local, remote] };
    },
  };
}

function missingFlags(flags: readonly string[]): string | undefined {
  if (!existsSync(cli)) return 'dist/cli.js is not built';
  if (flags.length === 0) return undefined;
  const { stdout } = spawnSync(process.execPath, [cli, 'local', '--help'], { encoding: 'utf8' });
  const absent = flags.filter((flag) => !stdout.includes(flag));
  return absent.length > 0 ? `halflight local does not know ${absent.join(' and ')}` : undefined;
}

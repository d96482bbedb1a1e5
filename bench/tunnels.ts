import { existsSync } from 'node:fs';
import type { Entry, Listening } from './orders.js';
import type { Child, Processes } from './processes.js';
import {
  beside,
  cli,
  freePort,
  freshSecret,
  listening,
  missingPrograms,
  portOf,
  readyWithinMs,
  runCli,
} from './starting.js';

/** What is compared. `direct` is no tunnel at all: it shows what the load generators can do. */
export type TunnelName = 'direct' | 'plain' | 'halflight-2022' | 'halflight-2017' | 'libev';

/** A tunnel that runs and leads to one target. */
export interface Tunnel {
  readonly entry: Entry;
  /** The local, then the remote; none for `direct`. */
  readonly halves: readonly Child[];
}

/** Where a tunnel is set up: who starts its processes, the target's port, and a directory that will be removed. */
export interface Ground {
  readonly processes: Processes;
  readonly target: number;
  readonly directory: string;
}

export interface TunnelKind {
  readonly label: string;
  /** Why it cannot be measured on this machine; undefined when it can. */
  missing(): string | undefined;
  start(ground: Ground): Promise<Tunnel>;
}

/** Every row of the tables, in the order in which they are printed. */
export const tunnels: Readonly<Record<TunnelName, TunnelKind>> = {
  direct: {
    label: 'direct (no tunnel)',
    missing: () => undefined,
    start: ({ target }) => Promise.resolve({ entry: { way: 'straight', port: target }, halves: [] }),
  },
  plain: { label: 'plain relay, no crypto', missing: () => undefined, start: startPlain },
  'halflight-2022': halflight('2022-blake3-aes-256-gcm', 'HALFLIGHT_KEY'),
  'halflight-2017': halflight('aes-256-gcm', 'HALFLIGHT_PASSWORD'),
  libev: {
    label: 'ss-local + ss-server aes-256-gcm',
    missing: () => missingPrograms('ss-local', 'ss-server'),
    start: startLibev,
  },
};

/** The relay code of the tunnel without its crypto: the price of two more processes in the way. */
async function startPlain({ processes, target }: Ground): Promise<Tunnel> {
  const relayTo = async (port: number): Promise<{ readonly child: Child; readonly port: number }> => {
    const child = processes.start(process.execPath, [beside('plain-relay.js'), String(port)]);
    return { child, port: (JSON.parse(await child.line(readyWithinMs)) as Listening).port };
  };
  const remote = await relayTo(target);
  const local = await relayTo(remote.port);
  return { entry: { way: 'straight', port: local.port }, halves: [local.child, remote.child] };
}

/** Our own command line, as a user would start it, with a fresh secret and nothing of the user's own settings. */
function halflight(method: string, secretVariable: 'HALFLIGHT_KEY' | 'HALFLIGHT_PASSWORD'): TunnelKind {
  return {
    label: `halflight ${method}`,
    missing: () => (existsSync(cli) ? undefined : 'dist/cli.js is not built'),
    async start(ground) {
      const listen = ['--json', '-l', '127.0.0.1:0'];
      const secret = await runCli(ground, ['keygen', '-m', method]).line(readyWithinMs);
      const remote = runCli(ground, ['remote', ...listen, '--allow-private', '-m', method], {
        [secretVariable]: secret,
      });
      const { uri } = JSON.parse(await remote.line(readyWithinMs)) as { readonly uri: string };
      const local = runCli(ground, ['local', uri, ...listen]);
      const port = await portOf(local);
      return { entry: { way: 'socks5', port, target: ground.target }, halves: [local, remote] };
    },
  };
}

/** shadowsocks-libev with its defaults, but for a timeout (-t, seconds) that outlasts the idle row. */
async function startLibev({ processes, target }: Ground): Promise<Tunnel> {
  const [far, near] = [await freePort(), await freePort()];
  const secret = ['-k', freshSecret(), '-m', 'aes-256-gcm', '-t', '600'];
  const remote = processes.start('ss-server', ['-s', '127.0.0.1', '-p', `${far}`, ...secret]);
  await listening(far);
  const way = ['-s', '127.0.0.1', '-p', `${far}`, '-b', '127.0.0.1', '-l', `${near}`];
  const local = processes.start('ss-local', [...way, ...secret]);
  await listening(near);
  return { entry: { way: 'socks5', port: near, target }, halves: [local, remote] };
}

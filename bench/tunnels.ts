import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Entry, Listening } from './orders.js';
import type { Child, Processes } from './processes.js';

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

const readyWithinMs = 15_000;
const beside = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const cli = beside('../cli.js');

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
    missing() {
      const absent = ['ss-local', 'ss-server'].filter((program) => !onPath(program));
      return absent.length > 0 ? `${absent.join(' and ')} not found on PATH` : undefined;
    },
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
    async start({ processes, target, directory }) {
      const run = (args: readonly string[], secret = ''): Child =>
        processes.start(process.execPath, [cli, ...args], {
          ...process.env,
          HALFLIGHT_KEY: undefined,
          HALFLIGHT_PASSWORD: undefined,
          STATE_DIRECTORY: undefined,
          XDG_CONFIG_HOME: directory,
          XDG_STATE_HOME: directory,
          ...(secret === '' ? {} : { [secretVariable]: secret }),
        });
      const listen = ['--json', '-l', '127.0.0.1:0'];

      const secret = await run(['keygen', '-m', method]).line(readyWithinMs);
      const remote = run(['remote', ...listen, '--allow-private', '-m', method], secret);
      const { uri } = JSON.parse(await remote.line(readyWithinMs)) as { readonly uri: string };
      const local = run(['local', uri, ...listen]);
      const ready = JSON.parse(await local.line(readyWithinMs)) as { readonly listen: string };
      const port = Number(new URL(`tcp://${ready.listen}`).port);
      return { entry: { way: 'socks5', port, target }, halves: [local, remote] };
    },
  };
}

/** shadowsocks-libev with its defaults, but for a timeout (-t, seconds) that outlasts the idle row. */
async function startLibev({ processes, target }: Ground): Promise<Tunnel> {
  const [far, near] = [await freePort(), await freePort()];
  const secret = ['-k', randomBytes(32).toString('base64'), '-m', 'aes-256-gcm', '-t', '600'];
  const remote = processes.start('ss-server', ['-s', '127.0.0.1', '-p', `${far}`, ...secret]);
  await listening(far);
  const way = ['-s', '127.0.0.1', '-p', `${far}`, '-b', '127.0.0.1', '-l', `${near}`];
  const local = processes.start('ss-local', [...way, ...secret]);
  await listening(near);
  return { entry: { way: 'socks5', port: near, target }, halves: [local, remote] };
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

/** A port that was free a moment ago: libev cannot be told to choose one itself. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Settles when `port` accepts a connection: libev does not say when it is ready. */
async function listening(port: number): Promise<void> {
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

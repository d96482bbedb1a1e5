import { spawnSync } from 'node:child_process';
import os from 'node:os';

/** What the figures of a run belong to. */
export interface Machine {
  readonly system: string;
  readonly cpu: string;
  readonly cores: number;
  /** How many wanted a core in the last minute, on average. */
  readonly load: number;
  readonly node: string;
  /** Of the peers that are there, as they say it themselves. */
  readonly peers: Readonly<Record<string, string>>;
}

/** How each peer is asked for its version; microsocks does not know its own. */
const askers: readonly (readonly [command: string, flag: string, version: RegExp])[] = [
  ['ss-local', '-h', /shadowsocks-libev \S+/],
  ['ssserver', '--version', /\d+\.\d+\.\d+\S*/],
  ['ssh', '-V', /OpenSSH_[^,]+/],
];

export function machine(): Machine {
  const peers = askers.flatMap(([command, flag, version]) => {
    const { stdout, stderr } = spawnSync(command, [flag], { encoding: 'utf8' });
    const said = version.exec(`${stdout}${stderr}`)?.[0];
    return said === undefined ? [] : [[command, said]];
  });
  return {
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    load: os.loadavg()[0] ?? 0,
    node: process.version,
    peers: Object.fromEntries(peers) as Record<string, string>,
  };
}

/** In one line. */
export function shownMachine({ system, cpu, cores, load, node, peers }: Machine): string {
  const versions = Object.entries(peers).map(([command, version]) => `${command} ${version}`);
  return [
    system,
    `${cores} cores ${cpu}`,
    `Node ${node}`,
    ...versions,
    `load before ${load.toFixed(2)}`,
  ].join(', ');
}

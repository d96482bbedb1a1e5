import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Place } from './places.js';
import type { Processes } from './processes.js';
import { beside, missingPrograms, readyWithinMs } from './starting.js';

/** Two network namespaces that see nothing but each other. */
export interface Link extends Place {
  /** Takes the namespaces away; whatever runs in them must have ended. */
  close(): void;
}

/** There and back. */
export interface LinkQuality {
  readonly roundTripMs: number;
  /** Of each packet, each way. */
  readonly lossPercent: number;
}

const settings = {
  // Every kernel has it and lets it be chosen, and at such a loss cubic is no faster; to BBR losses mean nothing.
  tcp_congestion_control: 'reno',
  // What one connection has learned of the link must not help the next, which may be another tunnel's.
  tcp_no_metrics_save: '1',
};

/** Why there can be no link on this machine; undefined when there can. */
export function linkObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'expected root, who may make network namespaces, got another user';
  if (!existsSync('/dev/net/tun')) return 'expected /dev/net/tun, got none';
  return missingPrograms('ip', 'perl') ?? forbidden();
}

/** Root of a container may lack the right to make a namespace. */
function forbidden(): string | undefined {
  const name = `halflight-bench-${process.pid}-trial`;
  try {
    ip('netns', 'add', name);
    ip('netns', 'del', name);
    return undefined;
  } catch (error) {
    return `expected to make a network namespace, got: ${(error as Error).message.replaceAll('\n', ' ')}`;
  }
}

/** Opens a link whose packets are carried by link.pl, a child of `processes`. */
export async function openLink(
  processes: Processes,
  { roundTripMs, lossPercent }: LinkQuality,
): Promise<Link> {
  const [near, far] = [`halflight-bench-${process.pid}-near`, `halflight-bench-${process.pid}-far`];
  const within = (name: string): readonly string[] => ['ip', 'netns', 'exec', name];
  const close = (): void => {
    process.off('exit', close);
    for (const name of [near, far]) {
      try {
        ip('netns', 'del', name);
      } catch {
        // It was never made, or has gone.
      }
    }
  };

  // What an earlier row left behind when it broke.
  close();
  // Also when the bench ends in the middle: names of namespaces outlive their processes.
  process.on('exit', close);
  for (const name of [near, far]) {
    ip('netns', 'add', name);
    ip('-n', name, 'link', 'set', 'lo', 'up');
    for (const [setting, value] of Object.entries(settings)) {
      ip('netns', 'exec', name, 'sh', '-c', `echo ${value} > /proc/sys/net/ipv4/${setting}`);
    }
  }
  const words = [beside('../../bench/link.pl'), 'near', 'far', `${roundTripMs / 2}`, `${lossPercent}`];
  await processes.start('perl', words, { within: within(near) }).line(readyWithinMs);
  ip('-n', near, 'link', 'set', 'far', 'netns', far);
  const sides = [
    { name: near, device: 'near', address: '10.77.0.1' },
    { name: far, device: 'far', address: '10.77.0.2' },
  ];
  for (const { name, device, address } of sides) {
    ip('-n', name, 'address', 'add', `${address}/24`, 'dev', device);
    ip('-n', name, 'link', 'set', device, 'mtu', '1500', 'txqueuelen', '10000', 'up');
  }
  return {
    near: { address: '10.77.0.1', within: within(near) },
    far: { address: '10.77.0.2', within: within(far) },
    close,
  };
}

function ip(...words: readonly string[]): void {
  execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** A network of its own for a remote, in which every way that a dial can fail is there to be tried. It takes root. */
import { randomInt } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { startPeer } from './programs.js';

/** Where to dial from inside, and what becomes of it there. Each is an address out of RFC 5737. */
export const places = {
  /** No route leads there: ENETUNREACH. */
  nowhere: '192.0.2.1',
  /** A route that says so itself: EHOSTUNREACH. */
  unreachable: '203.0.113.1',
  /** On this very link, and nobody answers to the name: EHOSTUNREACH, after three questions of a second each. */
  absent: '198.51.100.77',
  /** A route that a rule has closed: EACCES. */
  prohibited: '203.0.113.65',
  /** Packets leave and none ever comes back. */
  silent: '198.51.100.66',
  /** A route that swallows what this host sends: EINVAL, which is nobody's answer. */
  blackhole: '203.0.113.129',
} as const;

export interface Namespace {
  /** The address at which programs inside are reached from outside. */
  readonly host: string;
  /** Put in front of a command, runs it inside. */
  readonly through: readonly string[];
}

/** Makes a network and one link to it; both are gone when the test is. */
export async function startNamespace(): Promise<Namespace> {
  // RFC 2544: addresses for trials such as this one. Other runs on this host have other links.
  const link = randomInt(0x4000);
  const [name, outer, inner] = [`halflight-${link}`, `hl-out-${link}`, `hl-in-${link}`];
  const network = `198.${18 + (link >> 13)}.${(link >> 5) & 0xff}`;
  const near = (link & 0x1f) * 8;
  await ip(['netns', 'add', name]);
  onTestFinished(() => ip(['netns', 'delete', name]));
  await ip(['link', 'add', outer, 'type', 'veth', 'peer', 'name', inner, 'netns', name]);
  await ip(['address', 'add', `${network}.${near + 1}/30`, 'dev', outer]);
  await ip(['link', 'set', outer, 'up']);
  const inside = [
    ['link', 'set', 'lo', 'up'],
    ['address', 'add', `${network}.${near + 2}/30`, 'dev', inner],
    ['address', 'add', '198.51.100.1/24', 'dev', inner],
    ['link', 'set', inner, 'up'],
    ['route', 'add', 'unreachable', '203.0.113.0/26'],
    ['route', 'add', 'prohibit', '203.0.113.64/26'],
    ['route', 'add', 'blackhole', '203.0.113.128/26'],
    ['neighbour', 'add', places.silent, 'lladdr', '02:00:00:00:00:99', 'dev', inner],
  ];
  for (const words of inside) await ip(['-netns', name, ...words]);
  return { host: `${network}.${near + 2}`, through: ['ip', 'netns', 'exec', name] };
}

async function ip(words: readonly string[]): Promise<void> {
  const program = await startPeer('ip', words);
  const exitCode = await program.ended;
  if (exitCode !== 0) throw new Error(`ip ${words.join(' ')}: ${program.complaints().trim()}`);
}

/**
 * The descriptors of this process, which connections and sockets for datagrams share. At the limit Node accepts
 * connections and closes them without a word, and no name can be looked up: everybody has to stop before.
 *
 * A binding is not counted: until its connection comes, its port has the descriptor that is meant for that.
 */
import { readFileSync } from 'node:fs';

/** Kept back for files, resolvers and what stands. */
const spareDescriptors = 128;
/** Of these, so many are for what stands. */
const spareStanding = 16;
/** What datagrams may take, however few descriptors there are: four associations. */
const fewestDatagramSockets = 8;
const datagramShare = 1 / 4;

/** What whoever runs this can do when there are too few. */
export const moreDescriptors = 'raise the limit on open files (nofile)';

/** How many this process may have; no limit where the system does not say. */
export function descriptorLimit(): number {
  try {
    const files = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    return files === undefined ? Infinity : Number(files);
  } catch {
    return Infinity;
  }
}

/** How many there are to share. May be less than none. */
export function descriptorsToShare(limit: number = descriptorLimit()): number {
  return limit - spareDescriptors - Math.max(0, standing - spareStanding);
}

/** Counted until `uncount`, which is to be called once. */
export interface Counted {
  readonly uncount: () => void;
}

let standing = 0;

/**
 * Counts what stands as long as a port does: its listeners for connections and datagrams, its journal, the pipes of its
 * plugin.
 */
export function countStanding(descriptors = 1): Counted {
  standing += descriptors;
  return {
    uncount: () => {
      standing -= descriptors;
    },
  };
}

/** Whether so many more may stand: half of all is for what comes and goes. */
export function mayStand(descriptors: number): boolean {
  const most = Math.max(spareStanding, (descriptorLimit() - spareDescriptors) / 2);
  return standing + descriptors <= most;
}

let datagramSockets = 0;

/** How many of them sockets for datagrams have now, but for those that stand. */
export function openDatagramSockets(): number {
  return datagramSockets;
}

/** How many of them sockets for datagrams may have: a quarter. */
export function mostDatagramSockets(): number {
  return Math.max(fewestDatagramSockets, Math.floor(descriptorsToShare() * datagramShare));
}

/** Counts a socket for datagrams that comes and goes. */
export function countDatagramSocket(): Counted {
  datagramSockets += 1;
  return {
    uncount: () => {
      datagramSockets -= 1;
    },
  };
}

/** Tells that there are too few, at most once a minute however often it is called. */
export function seldom<Words extends readonly unknown[]>(
  tell: (...words: Words) => void,
): (...words: Words) => void {
  let toldAt = -Infinity;
  return (...words) => {
    if (performance.now() - toldAt < 60_000) return;
    toldAt = performance.now();
    tell(...words);
  };
}

/** Different texts that are told in a minute. */
const mostDifferent = 16;

/** Tells each text at most once a minute, and no more than 16 in that time. */
export function seldomEach(tell: (text: string) => void): (text: string) => void {
  const told = new Set<string>();
  let begunAt = -Infinity;
  return (text) => {
    const now = performance.now();
    if (now - begunAt >= 60_000) {
      begunAt = now;
      told.clear();
    }
    if (told.has(text) || told.size >= mostDifferent) return;
    told.add(text);
    tell(text);
  };
}

/** What the Linux kernel knows about a process. Elsewhere everything here is undefined: n/a in the report. */
import { readdirSync, readFileSync } from 'node:fs';

// USER_HZ: 100 on every Linux that runs Node, whatever the kernel's own HZ is (proc(5), sysconf(_SC_CLK_TCK)).
const ticksPerSecond = 100;

/**
 * CPU seconds that a process and its living descendants have used so far, user and system: sshd serves a connection in
 * a child, and workers are children. In nanoseconds where the kernel keeps them for each thread, else in steps of 10 ms.
 */
export function cpuSeconds(pid: number): number | undefined {
  return total(family(pid).map((member) => ofThreads(member) ?? inTicks(member)));
}

/** Resident memory in KiB, of a process and its living descendants. */
export function residentKib(pid: number): number | undefined {
  return total(family(pid).map((member) => number(read(`/proc/${member}/status`), /^VmRSS:\s+(\d+) kB$/m)));
}

function family(pid: number): readonly number[] {
  const children = threads(pid).flatMap(
    (thread) => read(`/proc/${pid}/task/${thread}/children`)?.match(/\d+/g) ?? [],
  );
  return [pid, ...children.flatMap((child) => family(Number(child)))];
}

function threads(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** The first number of schedstat: nanoseconds on a core. Threads that have ended are not in it; none of ours end. */
function ofThreads(pid: number): number | undefined {
  const spent = threads(pid).map((thread) => number(read(`/proc/${pid}/task/${thread}/schedstat`), /^(\d+)/));
  const nanoseconds = total(spent);
  return nanoseconds === undefined ? undefined : nanoseconds / 1e9;
}

function inTicks(pid: number): number | undefined {
  // proc(5): the command in field 2 may hold spaces, so count from its closing bracket: 14 is utime, 15 stime.
  const fields = read(`/proc/${pid}/stat`)?.split(') ').at(-1)?.split(' ');
  const ticks = Number(fields?.[11]) + Number(fields?.[12]);
  return Number.isNaN(ticks) ? undefined : ticks / ticksPerSecond;
}

/** Undefined when there are none, or one of them is. */
function total(parts: readonly (number | undefined)[]): number | undefined {
  const known = parts.filter((part) => part !== undefined);
  return known.length < Math.max(parts.length, 1) ? undefined : known.reduce((all, part) => all + part, 0);
}

function number(text: string | undefined, pattern: RegExp): number | undefined {
  const digits = text?.match(pattern)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

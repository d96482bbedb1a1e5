/** What the Linux kernel knows about a process. Elsewhere everything here is undefined: n/a in the report. */
import { readFileSync } from 'node:fs';

// USER_HZ: 100 on every Linux that runs Node, whatever the kernel's own HZ is (proc(5), sysconf(_SC_CLK_TCK)).
const ticksPerSecond = 100;

/** CPU seconds a process has used so far, user and system, all of its threads, dead ones too; steps of 10 ms. */
export function cpuSeconds(pid: number): number | undefined {
  // proc(5): the command in field 2 may hold spaces, so count from its closing bracket: 14 is utime, 15 stime.
  const fields = read(`/proc/${pid}/stat`)?.split(') ').at(-1)?.split(' ');
  const ticks = Number(fields?.[11]) + Number(fields?.[12]);
  return Number.isNaN(ticks) ? undefined : ticks / ticksPerSecond;
}

/** Resident memory in KiB. */
export function residentKib(pid: number): number | undefined {
  return number(read(`/proc/${pid}/status`), /^VmRSS:\s+(\d+) kB$/m);
}

/** How many files this process, and so each of its children, may have open. Node has raised it to the hard limit. */
export function openFileLimit(): number | undefined {
  const limits = read('/proc/self/limits');
  return limits?.match(/^Max open files\s+unlimited/m)
    ? Infinity
    : number(limits, /^Max open files\s+(\d+)/m);
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

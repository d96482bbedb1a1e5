import { connect } from 'node:net';
import { setTimeout as rest } from 'node:timers/promises';
import { startGenerators } from './generators.js';
import { loopback } from './places.js';
import { cpuSeconds } from './proc.js';
import type { Child, Processes } from './processes.js';
import { measureAfresh } from './afresh.js';
import type { Row } from './rows.js';
import { readyWithinMs } from './starting.js';
import { type At, type Ground, tunnels } from './tunnels.js';

/** From the start of a program until it said that it is ready (ours), or its port accepted a connection. */
interface Readiness {
  readonly ms: number;
  readonly cpuMs: number;
}

/**
 * Each half started anew in each round. Their CPU is read when they are ready, and includes whatever else their threads
 * had done until then.
 */
export const start: Row = {
  title: 'start of each half until it is ready',
  columns: {
    local: { head: 'local ms', digits: 0 },
    localCpu: { head: 'local CPU ms', digits: 0 },
    remote: { head: 'remote ms', digits: 0 },
    remoteCpu: { head: 'remote CPU ms', digits: 0 },
  },
  tunnels: ['microsocks', 'halflight-2022', 'halflight-2017', 'libev', 'rust', 'ssh'],
  async measure({ processes, ...plan }) {
    const { ground } = await startGenerators(processes, loopback);
    return measureAfresh(processes, plan, async (tunnel, group) => {
      const { readiness, ...observed } = watched(group);
      const { halves } = await tunnels[tunnel].start({ ...ground(plan.directory), ...observed });
      const [local, remote] = halves.map((half) => readiness(half));
      return {
        local: local?.ms ?? NaN,
        localCpu: local?.cpuMs ?? NaN,
        remote: remote?.ms ?? NaN,
        remoteCpu: remote?.cpuMs ?? NaN,
      };
    });
  },
};

/** Processes whose start is timed: ready is the first line that somebody waited for, or the port that was awaited. */
function watched(processes: Processes): Pick<Ground, 'processes' | 'listening'> & {
  readonly readiness: (child: Child) => Readiness | undefined;
} {
  const started = new Map<number, number>();
  const ready = new Map<number, Readiness>();
  const note = ({ pid }: Child): void => {
    const ms = performance.now() - (started.get(pid) ?? NaN);
    if (!ready.has(pid)) ready.set(pid, { ms, cpuMs: (cpuSeconds(pid) ?? NaN) * 1000 });
  };
  return {
    processes: {
      ...processes,
      start(...what) {
        const at = performance.now();
        const child = processes.start(...what);
        started.set(child.pid, at);
        const line = async (withinMs: number): Promise<string> => {
          const text = await child.line(withinMs);
          note(child);
          return text;
        };
        return { ...child, line };
      },
    },
    async listening(at, child) {
      const deadline = performance.now() + readyWithinMs;
      while (!(await accepts(at))) {
        if (performance.now() > deadline) throw new Error(`port ${at.port}: expected a listener, got none`);
        await rest(1);
      }
      note(child);
    },
    readiness: ({ pid }) => ready.get(pid),
  };
}

function accepts(at: At): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(at);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { awaitSignals, errorBudget, surviveErrors } from '../../cli/life.js';
import { createLog, type Log } from '../../shared/observe/log.js';
import type { Service } from '../../shared/service.js';

const watched = ['SIGINT', 'SIGTERM', 'SIGHUP', 'uncaughtException'] as const;
const exits: unknown[] = [];
let before: ReadonlyMap<string, readonly unknown[]>;

beforeEach(() => {
  exits.length = 0;
  before = new Map(watched.map((name) => [name, process.listeners(name as NodeJS.Signals)]));
  vi.useFakeTimers();
  vi.spyOn(process, 'exit').mockImplementation((code) => {
    exits.push(code);
    return undefined as never;
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  for (const name of watched) {
    for (const listener of process.listeners(name as NodeJS.Signals)) {
      if (before.get(name)?.includes(listener) !== true) process.off(name, listener);
    }
  }
});

/** A service with a conversation that ends only when it is reset, or not even then. */
function busyService(stubborn = false): Service & { readonly graces: number[] } {
  const graces: number[] = [];
  let ended = (): void => undefined;
  const whenEnded = new Promise<void>((resolve) => (ended = resolve));
  return {
    listen: '127.0.0.1:1080',
    graces,
    stop(graceMs) {
      graces.push(graceMs);
      if (graceMs === 0 && !stubborn) ended();
      return whenEnded;
    },
  };
}

/** Signals reach only the listeners of the life under test, not those of the test runner. */
function signal(name: NodeJS.Signals): void {
  for (const listener of process.listeners(name)) {
    if (before.get(name)?.includes(listener) !== true) listener(name);
  }
}

describe('signals', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s asks for the end and leaves conversations 10 s',
    async (name) => {
      const ending = awaitSignals();
      const service = busyService();
      signal(name);
      expect(await ending.asked).toBe(name);
      void ending.stop([service]);
      expect(service.graces).toEqual([10_000]);
      expect(exits).toEqual([]);
    },
  );

  it('that come twice reset what is left, then end with 0', async () => {
    const ending = awaitSignals();
    const services = [busyService(), busyService()];
    signal('SIGINT');
    const stopped = ending.stop(services);
    signal('SIGTERM');
    await stopped;
    await vi.advanceTimersByTimeAsync(0);
    expect(services.map(({ graces }) => graces)).toEqual([
      [10_000, 0],
      [10_000, 0],
    ]);
    expect(exits).toEqual([0]);
  });

  it('that come twice end the process even when a service cannot', async () => {
    const ending = awaitSignals();
    signal('SIGINT');
    void ending.stop([busyService(true)]);
    signal('SIGINT');
    await vi.advanceTimersByTimeAsync(79);
    expect(exits).toEqual([]);
    await vi.advanceTimersByTimeAsync(21);
    expect(exits).toEqual([0]);
  });

  it('that come twice before anything has started end at once', async () => {
    awaitSignals();
    signal('SIGINT');
    signal('SIGINT');
    await vi.advanceTimersByTimeAsync(0);
    expect(exits).toEqual([0]);
  });
});

describe('an error that reached nobody', () => {
  function logged(): { readonly log: Log; readonly lines: string[] } {
    const lines: string[] = [];
    const write = (line: string): void => void lines.push(line.slice(line.indexOf(' ') + 1));
    return { log: createLog({ level: 'info', format: 'text', color: false, write }), lines };
  }

  function fail(times: number): void {
    const listener = process.listeners('uncaughtException').at(-1);
    for (let at = 0; at < times; at++) listener?.(new Error('a bug\nsomewhere'), 'unhandledRejection');
  }

  it('is logged on one line without a stack, and the process goes on', () => {
    const { log, lines } = logged();
    surviveErrors(log);
    fail(9);
    expect(new Set(lines)).toEqual(
      new Set(['error internal error origin=unhandledRejection detail="a bug\\nsomewhere"']),
    );
    expect(lines).toHaveLength(9);
    expect(exits).toEqual([]);
  });

  it('ends the process with 70 when it is the tenth within a minute', async () => {
    const { log, lines } = logged();
    surviveErrors(log);
    fail(10);
    await vi.advanceTimersByTimeAsync(250);
    expect(lines.at(-1)).toBe('error 10 internal errors within a minute: ending');
    expect(exits).toEqual([70]);
  });
});

describe('the budget of such errors', () => {
  it('is spent by the last of them within one window', () => {
    const exceeded = errorBudget(3, 1000);
    expect([0, 100, 200].map(exceeded)).toEqual([false, false, true]);
  });

  it('forgets those that are a window old', () => {
    const exceeded = errorBudget(3, 1000);
    expect([0, 100, 1000, 1100, 1101].map(exceeded)).toEqual([false, false, false, false, true]);
  });
});

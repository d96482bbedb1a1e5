import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PathWatch } from '../../local/path.js';
import type { CheckResult, ObservedEvent } from '../../shared/observe/events.js';

const found: CheckResult = { ok: true, ms: 1, verified: true };
const missing: CheckResult = { ok: false, stage: 'tcp', detail: 'refused', advice: 'look' };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

interface Watched {
  readonly watch: PathWatch;
  /** Names of events, and seconds since the start of each check. */
  readonly log: (string | number)[];
  answer: CheckResult;
}

function watched(proofs = 2): Watched {
  const log: (string | number)[] = [];
  const startedAt = performance.now();
  const watch = new PathWatch(
    () => {
      log.push(Math.round((performance.now() - startedAt) / 1000));
      return Promise.resolve(all.answer);
    },
    ({ event }: ObservedEvent) => log.push(event),
    () => proofs,
  );
  const all: Watched = { watch, log, answer: missing };
  return all;
}

describe('a path that has others beside it', () => {
  it('is back when it was found twice in a row', async () => {
    const all = watched();
    all.watch.fails('gone');
    expect(all.watch.lost).toBe(true);
    await vi.advanceTimersByTimeAsync(4_000);
    all.answer = found;
    await vi.advanceTimersByTimeAsync(4_000);
    expect(all.log).toEqual(['remote-lost', 1, 3, 7, 8, 'remote-back']);
    expect(all.watch.lost).toBe(false);
  });

  it('has to be found twice anew when it was missed in between', async () => {
    const all = watched();
    all.watch.fails('gone');
    all.answer = found;
    await vi.advanceTimersByTimeAsync(1_500);
    all.answer = missing;
    await vi.advanceTimersByTimeAsync(1_000);
    all.answer = found;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(all.log).toEqual(['remote-lost', 1, 2, 4]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(all.log).toEqual(['remote-lost', 1, 2, 4, 5, 'remote-back']);
  });

  it('that comes and goes is looked for less and less often, until it has stayed for a minute', async () => {
    const all = watched();
    all.answer = found;
    const pauses: number[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      const before = performance.now();
      all.watch.fails('gone');
      while (all.watch.lost) await vi.advanceTimersByTimeAsync(500);
      pauses.push(Math.round((performance.now() - before) / 1000));
      if (turn === 3) await vi.advanceTimersByTimeAsync(61_000);
    }
    // Each is one pause, and a second until the second proof.
    expect(pauses).toEqual([2, 3, 5, 9, 2]);
  });

  it('is back at once when a conversation went through it', () => {
    const all = watched();
    all.watch.fails('gone');
    all.watch.begin()();
    expect(all.log).toEqual(['remote-lost', 'remote-back']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not count a check that began before the last loss', async () => {
    const answers: ((result: CheckResult) => void)[] = [];
    const watch = new PathWatch(
      () => new Promise((resolve) => answers.push(resolve)),
      () => undefined,
      () => 2,
    );
    watch.fails('gone');
    await vi.advanceTimersByTimeAsync(1_000);
    watch.begin()();
    watch.fails('again');
    answers[0]?.(found);
    await vi.advanceTimersByTimeAsync(10_000);
    answers[1]?.(found);
    await vi.advanceTimersByTimeAsync(0);
    expect([answers.length, watch.lost]).toEqual([2, true]);
    await vi.advanceTimersByTimeAsync(1_000);
    answers[2]?.(found);
    await vi.advanceTimersByTimeAsync(0);
    expect([answers.length, watch.lost]).toEqual([3, false]);
  });
});

it('a path that is the only one is back when it was found once, and looked for from the start each time', async () => {
  const all = watched(1);
  all.answer = found;
  for (const at of [1, 2, 3]) {
    all.watch.fails('gone');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(all.log.slice(-3)).toEqual(['remote-lost', at, 'remote-back']);
  }
});

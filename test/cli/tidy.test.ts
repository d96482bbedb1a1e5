import { getHeapStatistics } from 'node:v8';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { tidyAfterCrowds } from '../../cli/tidy.js';

vi.mock('node:v8', async (original) => ({
  ...(await original<typeof import('node:v8')>()),
  getHeapStatistics: vi.fn(),
}));

const large = { total_heap_size: 96 * 1024 * 1024 } as ReturnType<typeof getHeapStatistics>;
const small = { total_heap_size: 48 * 1024 * 1024 } as ReturnType<typeof getHeapStatistics>;

/** A tidier whose collections are counted. */
function tidier(): { readonly move: (times: number) => void; readonly collections: () => number } {
  const collect = vi.fn();
  const moved = tidyAfterCrowds(collect);
  return {
    move: (times) => {
      for (let time = 0; time < times; time++) moved();
    },
    collections: () => collect.mock.calls.length,
  };
}

describe('tidying after crowds', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.mocked(getHeapStatistics).mockReturnValue(large);
    vi.spyOn(performance, 'eventLoopUtilization').mockReturnValue({ idle: 1, active: 0, utilization: 0 });
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  it('collects twice when calm comes, and once more when it has lasted', () => {
    const { move, collections } = tidier();
    move(1_000);
    vi.advanceTimersByTime(1_000);
    expect(collections()).toBe(1);
    vi.advanceTimersByTime(6_000);
    expect(collections()).toBe(2);
    vi.advanceTimersByTime(60_000);
    expect(collections()).toBe(3);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('lets a few conversations be', () => {
    const { move, collections } = tidier();
    move(999);
    vi.advanceTimersByTime(60_000);
    expect([collections(), vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('lets a small heap be', () => {
    vi.mocked(getHeapStatistics).mockReturnValue(small);
    const { move, collections } = tidier();
    move(5_000);
    vi.advanceTimersByTime(60_000);
    expect([collections(), vi.getTimerCount()]).toEqual([0, 0]);
    move(10);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('waits while conversations come and go', () => {
    const { move, collections } = tidier();
    move(1_000);
    for (let second = 0; second < 30; second++) {
      move(50);
      vi.advanceTimersByTime(1_000);
    }
    expect(collections()).toBe(0);
    vi.advanceTimersByTime(60_000);
    expect(collections()).toBe(3);
  });

  it('waits while the process is busy', () => {
    const busy = vi.mocked(performance.eventLoopUtilization);
    busy.mockReturnValue({ idle: 1, active: 1, utilization: 0.5 });
    const { move, collections } = tidier();
    move(1_000);
    vi.advanceTimersByTime(30_000);
    expect(collections()).toBe(0);
    busy.mockReturnValue({ idle: 1, active: 0, utilization: 0.01 });
    vi.advanceTimersByTime(60_000);
    expect(collections()).toBe(3);
  });

  it('begins again for another crowd, even in the middle of a calm', () => {
    const { move, collections } = tidier();
    move(1_000);
    vi.advanceTimersByTime(4_000);
    move(1_000);
    vi.advanceTimersByTime(60_000);
    expect(collections()).toBe(2 + 3);
  });

  it('reaches the collector of this Node, and leaves no door to it open', () => {
    const moved = tidyAfterCrowds();
    for (let time = 0; time < 1_000; time++) moved();
    expect(() => vi.advanceTimersByTime(60_000)).not.toThrow();
    expect('gc' in globalThis).toBe(false);
  });
});

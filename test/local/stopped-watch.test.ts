import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { PathWatch } from '../../local/path.js';
import type { CheckResult, ObservedEvent } from '../../shared/observe/events.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('a watch that is stopped while it looks does not say what it then finds', async () => {
  const events: ObservedEvent['event'][] = [];
  const looks: ((result: CheckResult) => void)[] = [];
  const watch = new PathWatch(
    () => new Promise((resolve) => looks.push(resolve)),
    ({ event }) => {
      events.push(event);
    },
  );
  watch.fails('refused');
  await vi.advanceTimersByTimeAsync(1000);
  watch.stop();
  looks[0]?.({ ok: true, ms: 1, verified: true });
  await vi.advanceTimersByTimeAsync(0);
  expect([looks.length, events]).toEqual([1, ['remote-lost']]);
});

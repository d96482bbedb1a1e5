import { getEventListeners } from 'node:events';
import { expect, it, onTestFinished, vi } from 'vitest';
import { deadline } from '../../shared/net/deadline.js';
import { settle } from '../support/turns.js';

it('many deadlines of one signal warn of nothing, and leave nothing with it', async () => {
  const warned = vi.fn();
  process.on('warning', warned);
  onTestFinished(() => {
    process.off('warning', warned);
  });
  const { signal } = new AbortController();
  const deadlines = Array.from({ length: 20 }, () => deadline(60_000, signal));
  await settle();
  expect(warned).not.toHaveBeenCalled();
  for (const each of deadlines) each.over();
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

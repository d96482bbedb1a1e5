import { expect, it } from 'vitest';
import { Pauses } from '../../../cli/workers/pauses.js';

const left = 1;

/** The pauses after ends at these times, in seconds. */
function pausesAt(times: readonly number[], others = left): readonly number[] {
  const pauses = new Pauses();
  return times.map((time) => pauses.after(time * 1_000, { left: others }));
}

it('the first that ends is replaced at once, those that follow later and later', () => {
  const times = [10, 11, 12, 13, 14, 15, 16, 17];
  expect(pausesAt(times)).toEqual([0, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 30_000]);
});

it('after a minute without an end it is at once again', () => {
  expect(pausesAt([10, 11, 71, 131.001])).toEqual([0, 1_000, 2_000, 0]);
});

it('those that end together are replaced together', () => {
  expect(pausesAt([10, 10.05, 10.1, 11, 11.05])).toEqual([0, 0, 0, 1_000, 1_000]);
});

it('nobody waits for long while none is left', () => {
  expect(pausesAt([10, 11, 12, 13, 14], 0)).toEqual([0, 1_000, 1_000, 1_000, 1_000]);
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseDuration } from '../../shared/config/duration.js';
import { messageOf } from '../support/config.js';

it.each([
  [1, 1],
  [5000, 5000],
  ['5000', 5000],
  ['250ms', 250],
  ['5s', 5000],
  ['1.5s', 1500],
  ['2m', 120_000],
  ['1h', 3_600_000],
  ['007s', 7000],
  [2 ** 31 - 1, 2 ** 31 - 1],
  ['2147483.647s', 2 ** 31 - 1],
  // A timer waits whole ms, and 0 would be none at all.
  [0.2, 1],
  ['0.1ms', 1],
  [1.6, 2],
])('%j is %i ms', (value, ms) => {
  expect(parseDuration(value, 'timeout')).toBe(ms);
});

const something = 'a duration such as 5s, 250ms or 5000 (ms), got something else';
const bounds = 'a duration above 0 and up to 2147483647 ms, got';

it.each([
  ['', something],
  ['s', something],
  ['5 s', something],
  [' 5s', something],
  ['5S', something],
  ['5sec', something],
  ['5d', something],
  ['-5s', something],
  ['+5s', something],
  ['1e3', something],
  ['.5s', something],
  ['5.s', something],
  ['5s5', something],
  ['5\n', something],
  ['1m30s', something],
  ['infinity', something],
  [Number.NaN, something],
  [Number.POSITIVE_INFINITY, something],
  [0, `${bounds} 0`],
  ['0', `${bounds} 0`],
  ['0s', `${bounds} 0`],
  [-1, `${bounds} less than 0`],
  [2 ** 31, `${bounds} more`],
  ['597h', `${bounds} more`],
  ['9999999999999999h', `${bounds} more`],
])('%j is none', (value, message) => {
  expect(messageOf(() => parseDuration(value, 'timeout'))).toBe(`ConfigError: timeout: expected ${message}`);
});

it('a number of ms means the same in every way to write it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), (ms) => {
      for (const value of [ms, String(ms), `${ms}ms`, `${ms / 1000}s`]) {
        expect(parseDuration(value, 'timeout')).toBe(ms);
      }
    }),
  );
});

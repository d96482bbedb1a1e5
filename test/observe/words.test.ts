import { expect, it } from 'vitest';
import { bytesInWords, timeInWords } from '../../shared/observe/words.js';

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [12_345, '12.3 kB'],
  [999_949, '999.9 kB'],
  [999_950, '1.0 MB'],
  [274_877_906_944, '274.9 GB'],
  [2 ** 64, '18.4 EB'],
  [1e30, '1000000000000.0 EB'],
])('%d bytes are %s', (bytes, words) => {
  expect(bytesInWords(bytes)).toBe(words);
});

it.each([
  [-5, 'less than a minute'],
  [59_999, 'less than a minute'],
  [60_000, '1 minute'],
  [3_599_999, '59 minutes'],
  [3_600_000, '1 hour'],
  [86_399_999, '23 hours'],
  [2 * 86_400_000, '2 days'],
])('%d ms are %s', (ms, words) => {
  expect(timeInWords(ms)).toBe(words);
});

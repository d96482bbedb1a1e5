import { expect, it } from 'vitest';
import { Forgeries } from '../../shared/serve/forgeries.js';

it('counts so many sources at most: addresses can be forged by the million', () => {
  const forgeries = new Forgeries(() => undefined);
  const add = (source: string, times = 1000): void => {
    for (let time = 0; time < times; time++) forgeries.add(source, 'why');
  };
  add('first');
  for (let source = 0; source < 4096; source++) add(`${source}`, 1);
  add('one too many');
  add('first', 1);
  expect([forgeries.tooMany('first'), forgeries.tooMany('4000'), forgeries.tooMany('one too many')]).toEqual([
    true,
    false,
    false,
  ]);
  expect(forgeries.total).toBe(1000 + 4096 + 1000 + 1);
});

it('has none at first, and none of the last minute', () => {
  const forgeries = new Forgeries(() => undefined);
  expect(forgeries.any).toBe(false);
  forgeries.tick(0);
  forgeries.add('source', 'why');
  forgeries.tick(59_999);
  expect(forgeries.any).toBe(true);
  forgeries.tick(60_000);
  expect(forgeries.any).toBe(false);
});

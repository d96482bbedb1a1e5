import { describe, expect, it } from 'vitest';
import { shortBytes, shortTime } from '../../../cli/top/amounts.js';
import { Rates } from '../../../cli/top/rates.js';
import type { ServedConnection } from '../../../shared/serve/control/table.js';
import { openConnection, tableOf } from '../../support/control.js';

const path = '/run/c.sock';

function carried(id: number, up: number, down: number): ServedConnection {
  return { ...openConnection, id, up, down };
}

/** The rates that come of one answer after the other, by the number of the connection. */
function ratesOf(
  ...answers: readonly (readonly [seconds: number, ...rows: readonly ServedConnection[]])[]
): unknown {
  const rates = new Rates();
  const all = answers.map(([seconds, ...rows]) => rates.rows([{ path, table: tableOf(rows, seconds) }]));
  return (all.at(-1) ?? []).map(({ id, upRate, downRate }) => [id, upRate, downRate]);
}

describe('rates', () => {
  it('are what was carried between two answers, by the clock of who answers', () => {
    expect(ratesOf([10, carried(1, 100, 5000)], [12, carried(1, 300, 25_000)])).toEqual([[1, 100, 10_000]]);
  });

  it('are those of the last two answers alone', () => {
    const [first, second, third] = [carried(1, 0, 0), carried(1, 9000, 9000), carried(1, 9000, 9000)];
    expect(ratesOf([1, first], [2, second], [3, third])).toEqual([[1, 0, 0]]);
  });

  it('are not known of a process that was not asked before', () => {
    expect(ratesOf([10, carried(1, 100, 100)])).toEqual([[1, undefined, undefined]]);
  });

  it('of a connection that has come meanwhile count all that it has carried', () => {
    expect(ratesOf([10], [11, carried(1, 70, 700)])).toEqual([[1, 70, 700]]);
  });

  it('do not mix connections of several processes up', () => {
    const rates = new Rates();
    const answer = (place: string, seconds: number, down: number): Parameters<Rates['rows']>[0][number] => ({
      path: place,
      table: tableOf([carried(1, 0, down)], seconds),
    });
    rates.rows([answer('/one', 1, 1000), answer('/two', 1, 5)]);
    const rows = rates.rows([answer('/one', 2, 1000), answer('/two', 2, 6)]);
    expect(rows.map(({ downRate }) => downRate)).toEqual([0, 1]);
  });

  it('do not mix those of several workers up', () => {
    const rates = new Rates();
    const of = (seconds: number, ...downs: readonly number[]): ReturnType<Rates['rows']> =>
      rates.rows([
        {
          path,
          table: tableOf(
            downs.map((down, worker) => ({ ...carried(1, 0, down), worker })),
            seconds,
          ),
        },
      ]);
    of(1, 10, 1000);
    expect(of(2, 10, 1500).map(({ downRate }) => downRate)).toEqual([0, 500]);
  });

  it('begin anew when another process has the socket', () => {
    const rates = new Rates();
    const first = tableOf([carried(1, 0, 9000)], 1);
    rates.rows([{ path, table: first }]);
    const table = {
      ...tableOf([carried(1, 0, 10)], 2),
      process: { ...first.process, pid: 1, uptimeMs: 2000 },
    };
    expect(rates.rows([{ path, table }])[0]?.downRate).toBeUndefined();
  });

  it('are not known, and no division by nothing, when no time has passed', () => {
    expect(ratesOf([10, carried(1, 1, 1)], [10, carried(1, 2, 2)])).toEqual([[1, undefined, undefined]]);
  });
});

describe('amounts', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [999.6, '1.0k'],
    [1000, '1.0k'],
    [9949, '9.9k'],
    [9999, '10k'],
    [999_400, '999k'],
    [999_900, '1.0M'],
    [5_000_000_000, '5.0G'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(shortBytes(bytes)).toBe(text);
  });

  it.each([
    [0, '0s'],
    [59_999, '59s'],
    [60_000, '1m'],
    [3_599_999, '59m'],
    [3_600_000, '1h'],
    [8_640_000_000, '100d'],
  ])('%d ms are %s', (ms, text) => {
    expect(shortTime(ms)).toBe(text);
  });
});

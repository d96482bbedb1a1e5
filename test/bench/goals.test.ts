import { describe, expect, it } from 'vitest';
import { goalsTable, heldAgainst } from '../../bench/goals.js';
import { rows } from '../../bench/registry.js';
import { summarise } from '../../bench/report.js';
import type { Figures, Line } from '../../bench/rows.js';

const line = (tunnel: Line['tunnel'], figures: Figures): Line => ({
  tunnel,
  samples: [figures],
  fault: undefined,
});

describe('the goals of the bench', () => {
  it('are looked for in rows that were measured only', () => {
    expect(heldAgainst({})).toEqual([]);
  });

  it('are ratios to the best of several peers: the fastest, and the one that costs least', () => {
    const lines = [
      line('halflight-2022', { speed: 900, cpu: 1.2 }),
      line('libev', { speed: 500, cpu: 2 }),
      line('ssh', { speed: 600, cpu: 1 }),
    ];
    const outcomes = heldAgainst({ download: summarise(rows.download, lines) });
    expect(outcomes.map(({ got, reached }) => [got, reached])).toEqual([
      [1.8, true],
      [1.5, true],
      [undefined, undefined],
      [1.2, false],
    ]);
    expect(goalsTable(outcomes)).toMatch(/at least 1.5 × libev +1\.80 +reached\n/);
    expect(goalsTable(outcomes)).toMatch(/at least 1 × rust +not measured\n/);
  });

  it('read as missed where they are missed by a little', () => {
    const lines = [line('halflight-optimistic', { warm: 1.0512 })];
    const outcomes = heldAgainst({ 'first-byte': summarise(rows['first-byte'], lines) });
    expect(goalsTable(outcomes)).toMatch(/at most 1.05 +1\.0512 +missed$/);
  });

  it('are not reached by a tunnel that failed', () => {
    const broken = {
      ...line('halflight-2022', { rate: 9000, cpu: 1 }),
      fault: 'converse: expected an answer',
    };
    const outcomes = heldAgainst({ 'conversations-32': summarise(rows['conversations-32'], [broken]) });
    expect(outcomes.every(({ reached }) => reached === undefined)).toBe(true);
  });
});

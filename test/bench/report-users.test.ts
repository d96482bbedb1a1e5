import { describe, expect, it } from 'vitest';
import { compareUsers, usersTables } from '../../bench/report-users.js';
import type { UsersResult } from '../../bench/users.js';

/** Rounds that took so many seconds, and as much CPU of the remote; the local's is far more. */
function result(
  tunnel: UsersResult['tunnel'],
  seconds: readonly number[],
  row: UsersResult['row'] = 'conversations',
): UsersResult {
  const samples = seconds.map((each) => ({ seconds: each, cpu: [100, each], generatorsCpu: 1 }));
  return { row, tunnel, amount: 1000, samples, fault: undefined };
}

describe('what the bench says of many users', () => {
  it('is compared with one user round by round', () => {
    const [, many] = compareUsers([result('eih-one', [1, 4, 2]), result('eih-many', [2, 4, 8])]);
    expect(many?.perSecond).toEqual({ median: 250, min: 125, max: 500 });
    expect(many?.speedToOne).toEqual({ median: 0.5, min: 0.25, max: 1 });
    expect(many?.cpuToOne).toEqual({ median: 2, min: 1, max: 4 });
  });

  it('counts the CPU of the remote alone, in µs for each conversation', () => {
    const [row] = compareUsers([result('tried-one', [1])]);
    expect(row?.remoteCpu?.median).toBe(1000);
    expect(row?.speedToOne).toBeUndefined();
  });

  it('is compared within a row and a kind only', () => {
    const results = [result('eih-one', [1], 'download'), result('rust-one', [1]), result('eih-many', [1])];
    expect(compareUsers(results).at(-1)?.speedToOne).toBeUndefined();
  });

  it('has no ratio where one of both failed, and says so', () => {
    const broken = { ...result('eih-one', [1]), fault: 'converse: expected 1024 bytes, got 4' };
    const compared = compareUsers([broken, result('eih-many', [1])]);
    expect(compared.at(-1)?.speedToOne).toBeUndefined();
    const table = usersTables(compared);
    expect(table).toContain('failed: converse: expected 1024 bytes, got 4');
    expect(table).toContain('200 users');
  });
});

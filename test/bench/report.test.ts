import { describe, expect, it } from 'vitest';
import { rowTable, type Summary, summarise } from '../../bench/report.js';
import type { Line, Row } from '../../bench/rows.js';

const row: Row = {
  title: 'download',
  columns: { speed: { head: 'MB/s', digits: 0 }, cpu: { head: 'CPU', digits: 2 } },
  tunnels: ['direct', 'halflight-2022', 'libev', 'ssh'],
  measure: () => Promise.reject(new Error('this row is not measured')),
};

function line(tunnel: Line['tunnel'], speeds: readonly number[], cpu = 1): Line {
  return { tunnel, samples: speeds.map((speed) => ({ speed, cpu })), fault: undefined };
}

const only = (lines: readonly Line[]): Summary | undefined => summarise(row, lines)[0];

describe('the report of the bench', () => {
  it('takes the middle round, and the mean of the two in the middle when there are an even number', () => {
    expect(only([line('direct', [500, 2000, 1000])])?.medians['speed']).toEqual({
      median: 1000,
      min: 500,
      max: 2000,
    });
    expect(only([line('direct', [2000, 1000, 500, 250])])?.medians['speed']?.median).toBe(750);
  });

  it('compares medians with those of each peer', () => {
    const summary = only([line('halflight-2022', [10], 1), line('libev', [5], 4), line('ssh', [20], 2)]);
    expect(summary?.ratios).toEqual({ libev: { speed: 2, cpu: 0.25 }, ssh: { speed: 0.5, cpu: 0.5 } });
  });

  it('gives no ratio to a peer that failed after some rounds', () => {
    const broken = { ...line('libev', [2]), fault: 'transfer: expected 5 bytes, got 4' };
    expect(only([line('halflight-2022', [1]), broken])?.ratios).toEqual({});
  });

  it('gives no ratio to a peer whose CPU was too little to be counted', () => {
    const summary = only([line('halflight-2022', [1]), line('libev', [1], 0)]);
    expect(summary?.ratios.libev).toEqual({ speed: 1, cpu: undefined });
  });

  it('says n/a for what the system does not tell', () => {
    const lines = [line('direct', [1], NaN)];
    expect(rowTable(row, summarise(row, lines))).toContain('n/a');
  });

  it('shows the fault of a tunnel that failed, and no figures of it', () => {
    const broken = { ...line('libev', [2000]), fault: 'transfer: expected 5 bytes, got 4' };
    const table = rowTable(row, summarise(row, [broken]));
    expect(table).toContain('failed: transfer: expected 5 bytes, got 4');
    expect(table).not.toContain('2000');
  });

  it('prints the ratios of the first column behind it', () => {
    const lines = [line('halflight-2022', [10]), line('libev', [8])];
    expect(rowTable(row, summarise(row, lines))).toMatch(/2022-blake3-aes-256-gcm +10 +1\.25 +– +1\.00/);
  });
});

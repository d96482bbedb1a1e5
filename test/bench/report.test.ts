import { describe, expect, it } from 'vitest';
import { idleTable, summarise, throughputTables } from '../../bench/report.js';
import type { ThroughputResult } from '../../bench/throughput.js';

function result(
  tunnel: ThroughputResult['tunnel'],
  seconds: readonly number[],
  cpu: number,
): ThroughputResult {
  const samples = seconds.map((each) => ({ seconds: each, cpu: [cpu, 2 * cpu], generatorsCpu: 1 }));
  return { direction: 'download', tunnel, bytes: 2e9, samples, fault: undefined };
}

describe('the report of the bench', () => {
  it('takes the middle round, and the mean of the two in the middle when there are an even number', () => {
    const [odd, even] = summarise([result('plain', [4, 1, 2], 1), result('direct', [1, 2, 4, 8], 1)]);
    expect(odd?.megabytesPerSecond).toEqual({ median: 1000, min: 500, max: 2000 });
    expect(even?.megabytesPerSecond).toEqual({ median: 750, min: 250, max: 2000 });
  });

  it('adds the CPU of both halves and says it per 10⁹ bytes', () => {
    const [row] = summarise([result('plain', [1], 2)]);
    expect(row?.cpuPerGigabyte?.median).toBe(3);
    expect(row?.generatorsCpuPerGigabyte?.median).toBe(0.5);
  });

  it('compares medians of the same direction only', () => {
    const other = { ...result('libev', [8], 8), direction: 'upload' as const };
    const [row] = summarise([result('halflight-2022', [1], 1), other, result('libev', [2], 4)]);
    expect(row?.toLibev).toEqual({ speed: 2, cpu: 0.25 });
    expect(row?.toPlain).toEqual({ speed: undefined, cpu: undefined });
  });

  it('gives no ratio to a peer that failed after some rounds', () => {
    const broken = { ...result('libev', [2], 4), fault: 'transfer: expected 5 bytes, got 4' };
    const [row] = summarise([result('halflight-2022', [1], 1), broken]);
    expect(row?.toLibev).toEqual({ speed: undefined, cpu: undefined });
  });

  it('gives no ratio to a peer whose CPU was too little to be counted', () => {
    const [row] = summarise([result('halflight-2022', [1], 1), result('libev', [1], 0)]);
    expect(row?.toLibev).toEqual({ speed: 1, cpu: undefined });
  });

  it('says n/a for CPU that the system does not tell', () => {
    const silent = {
      ...result('plain', [1], 1),
      samples: [{ seconds: 1, cpu: undefined, generatorsCpu: undefined }],
    };
    expect(throughputTables(summarise([silent]))).toContain('n/a');
  });

  it('shows the fault of a tunnel that failed, and no figures of it', () => {
    const broken = { ...result('libev', [1], 1), fault: 'transfer: expected 5 bytes, got 4' };
    const table = throughputTables(summarise([broken]));
    expect(table).toContain('failed: transfer: expected 5 bytes, got 4');
    expect(table).not.toContain('2000');
  });

  it('keeps figures of an idle row beside its fault, so that both are seen', () => {
    const row = {
      tunnel: 'plain' as const,
      held: 7,
      before: [1024, 1024],
      after: [2048, 2048],
      perConversation: [146.3, 146.3],
    };
    const table = idleTable([{ ...row, fault: 'hold: expected silence, got the end' }]);
    expect(table).toMatch(/failed: hold/);
    expect(table).toMatch(/remote\s+7\s+1\.0\s+2\.0\s+146\.3/);
  });
});

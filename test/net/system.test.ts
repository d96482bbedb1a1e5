import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemEnvironment } from '../../shared/net/system.js';

afterEach(() => {
  vi.useRealTimers();
});

describe('the system environment', () => {
  it('knows the time of the wall clock', () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_123 });
    expect(systemEnvironment.now()).toBe(1_700_000_000_123);
  });

  it.each([0, 1, 12, 16, 24, 32, 255, 1024, 1025, 4096, 100_000])('throws %i bytes when asked', (length) => {
    expect(systemEnvironment.randomBytes(length).length).toBe(length);
  });

  it('never throws the same bytes twice, wherever its pool ends', () => {
    const seen = new Set<string>();
    for (const length of [16, 24, 32, 1000]) {
      for (let roll = 0; roll < 2000; roll++) {
        seen.add(Buffer.from(systemEnvironment.randomBytes(length)).toString('latin1'));
      }
    }
    expect(seen.size).toBe(8000);
  });

  it('hands out bytes that share nothing with those that come next', () => {
    const mine = systemEnvironment.randomBytes(32);
    expect(mine.buffer.byteLength).toBe(32);
    mine.fill(0);
    const next = systemEnvironment.randomBytes(32);
    expect(next.every((byte) => byte === 0)).toBe(false);
  });

  it('throws every face of the dice', () => {
    const faces = new Set(Array.from({ length: 20_000 }, () => systemEnvironment.randomBytes(1)[0]));
    expect(faces.size).toBe(256);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Carrier } from '../../shared/net/carrier.js';
import { IdleCarriers } from '../../shared/net/idle-carriers.js';
import { fixedEnvironment } from '../support/codec.js';
import { chunkEnds } from '../support/sealed.js';
import { tcpPair } from '../support/tcp.js';

const idleMs = 55_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** How long a carrier that got this out of its dice waits until it is closed, in ms; it begins `late` after the first look. */
async function waits(dice: number, late = 0): Promise<number> {
  let closedAt: number | undefined;
  const idle = new IdleCarriers({
    idleMs,
    heard: () => undefined,
    gone: (gone) => {
      if (gone === carrier) closedAt = performance.now();
    },
  });
  const carrierWith = async (thrown: number): Promise<Carrier> => {
    const { stream } = await tcpPair('accepted');
    const environment = fixedEnvironment([Uint8Array.of(thrown)]);
    return new Carrier(stream, () => chunkEnds('raw').near, { environment, ageMs: 3_600_000 });
  };
  const [first, carrier] = await Promise.all([carrierWith(255), carrierWith(dice)]);
  idle.add(first);
  vi.advanceTimersByTime(late);
  const begunAt = performance.now();
  idle.add(carrier);
  vi.advanceTimersByTime(2 * idleMs);
  idle.close('over');
  return (closedAt ?? Infinity) - begunAt;
}

describe('a carrier that waits for a conversation', () => {
  it('waits for ten per cent less or more than others, and never longer than that', async () => {
    for (const late of [0, 1, 2_500, 4_999]) {
      const [shortest, longest] = [await waits(0, late), await waits(255, late)];
      expect(shortest).toBeGreaterThan(0.9 * idleMs - 5_000 - 1);
      expect(shortest).toBeLessThanOrEqual(0.9 * idleMs);
      expect(longest).toBeGreaterThan(1.1 * idleMs - 5_000 - 1);
      expect(longest).toBeLessThanOrEqual(1.1 * idleMs);
    }
  });
});

import { createHmac } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openJournal } from '../../shared/net/journal.js';
import { exactReplayStore, hashedReplayStore, type ReplayStore } from '../../shared/net/replay.js';
import { pattern } from '../support/codec.js';
import { temporaryDirectory } from '../support/directory.js';

const generation = 1_000_000;
const hashKey = pattern(32, 5);

/** The n-th salt; no two are alike. */
function salt(n: number, length = 16): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32BE(n, 0);
  return bytes;
}

const stores: readonly (readonly [string, () => ReplayStore])[] = [
  ['exact', () => exactReplayStore()],
  ['hashed', () => hashedReplayStore(hashKey, undefined)],
];

describe.each(stores)('the %s replay store', (_name, open) => {
  it('knows a salt from the moment it was added', async () => {
    const store = open();
    expect([await store.seen(salt(1)), await store.checkAndAdd(salt(1))]).toEqual([false, true]);
    expect([await store.seen(salt(1)), await store.checkAndAdd(salt(1))]).toEqual([true, false]);
    await store.close();
  });

  it('is changed by nothing but an addition', async () => {
    const store = open();
    for (let look = 0; look < 3; look++) expect(await store.seen(salt(1))).toBe(false);
    expect(await store.checkAndAdd(salt(1))).toBe(true);
  });

  it('lets one of two in who come with the same salt at the same time', async () => {
    const store = open();
    const both = await Promise.all([store.checkAndAdd(salt(1)), store.checkAndAdd(salt(1))]);
    expect(both).toEqual([true, false]);
  });

  it('only borrows a salt, and looks at all of it', async () => {
    const store = open();
    const lent = Buffer.concat([Buffer.alloc(5), salt(1, 32), Buffer.alloc(5)]);
    await store.checkAndAdd(lent.subarray(5, 37));
    lent.fill(0xee);
    expect(await store.seen(salt(1, 32))).toBe(true);
    const other = salt(1, 32);
    other[31] = 1;
    expect(await store.seen(other)).toBe(false);
    expect(await store.seen(salt(1, 16))).toBe(false);
  });
});

describe('the exact replay store', () => {
  let now = 0;

  beforeEach(() => {
    now = 5_000;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
  });

  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('knows every salt for 62 s and none after 124 s, whenever it was added and whoever asks between', async () => {
    for (const addedAt of [0, 1, 30_000, 61_999, 62_000, 100_000]) {
      for (const asking of [[], [62_000], [1_000, 63_000, 90_000, 123_000]]) {
        now = 5_000;
        const store = exactReplayStore();
        now += addedAt;
        const added = now;
        await store.checkAndAdd(salt(1));
        for (const later of asking) {
          now = added + later;
          await store.seen(salt(2));
        }
        if (asking.length < 4) {
          now = Math.max(now, added + 61_999);
          expect([addedAt, asking, await store.seen(salt(1))]).toEqual([addedAt, asking, true]);
        }
        now = added + 2 * 62_000 + 62_000;
        expect([addedAt, asking, await store.seen(salt(1))]).toEqual([addedAt, asking, false]);
        expect(await store.checkAndAdd(salt(1))).toBe(true);
      }
    }
  });

  it('forgets within 124 s when it is asked all the time', async () => {
    const store = exactReplayStore();
    await store.checkAndAdd(salt(1));
    const known: boolean[] = [];
    for (let second = 1; second <= 124; second++) {
      now += 1_000;
      known.push(await store.seen(salt(1)));
    }
    expect([known.slice(0, 123).every(Boolean), known[123]]).toEqual([true, false]);
  });

  it('forgets everything that is older than two generations at once', async () => {
    const store = exactReplayStore(1_000);
    await store.checkAndAdd(salt(1));
    now += 2_000;
    expect(await store.seen(salt(1))).toBe(false);
  });
});

describe('the hashed replay store', () => {
  it('takes a million distinct salts without a mistake, and knows every one of them', async () => {
    const store = hashedReplayStore(hashKey, undefined);
    let refused = 0;
    for (let n = 0; n < generation; n++) if (!(await store.checkAndAdd(salt(n)))) refused += 1;
    expect(refused).toBe(0);
    let unknown = 0;
    for (let n = 0; n < generation; n += 97) if (!(await store.seen(salt(n)))) unknown += 1;
    expect(unknown).toBe(0);
    expect(await store.seen(salt(generation))).toBe(false);
  });

  it('hashes with its key: another key’s hashes mean nothing to it', async () => {
    const digest = createHmac('sha256', hashKey).update(salt(1)).digest();
    const records = [[digest.readUInt32BE(0), digest.readUInt32BE(4)]] as const;
    const journal = {
      loaded: { previous: [], current: records },
      append: () => undefined,
      turn: () => undefined,
      close: () => Promise.resolve(),
    };
    expect(await hashedReplayStore(hashKey, journal).seen(salt(1))).toBe(true);
    expect(await hashedReplayStore(pattern(32, 6), journal).seen(salt(1))).toBe(false);
  });
});

/** A million hashes that never were those of a salt, from `first` on. */
function* numbers(first: number, count: number): Generator<readonly [number, number]> {
  for (let n = first; n < first + count; n++) yield [n, Math.imul(n, 0x9e3779b1) >>> 0];
}

/** A journal in memory that has loaded these, and counts what it is told. */
function remembered(loaded: {
  readonly previous?: Iterable<readonly [number, number]>;
  readonly current?: Iterable<readonly [number, number]>;
}): { readonly turns: () => number; readonly store: ReplayStore } {
  const { previous = [], current = [] } = loaded;
  let turns = 0;
  const journal = {
    loaded: { previous, current },
    append: () => undefined,
    turn: () => {
      turns += 1;
    },
    close: () => Promise.resolve(),
  };
  return { turns: () => turns, store: hashedReplayStore(hashKey, journal) };
}

describe('the generations of the hashed replay store', () => {
  const halves = (n: number): readonly [number, number] => {
    const digest = createHmac('sha256', hashKey).update(salt(n)).digest();
    return [digest.readUInt32BE(0), digest.readUInt32BE(4)];
  };

  it('turn when a million are together, and the one before is still known', async () => {
    const { store, turns } = remembered({ current: [halves(1), ...numbers(0, generation - 2)] });
    expect([turns(), await store.seen(salt(1))]).toEqual([0, true]);
    await store.checkAndAdd(salt(2));
    expect([turns(), await store.seen(salt(1)), await store.checkAndAdd(salt(2))]).toEqual([1, true, false]);
  });

  it('are forgotten when the one behind them is full', async () => {
    const { store, turns } = remembered({
      previous: [halves(1)],
      current: [halves(2), ...numbers(0, generation - 2)],
    });
    expect([await store.seen(salt(1)), turns()]).toEqual([true, 0]);
    await store.checkAndAdd(salt(3));
    expect(turns()).toBe(1);
    expect(await Promise.all([1, 2, 3].map((n) => store.seen(salt(n))))).toEqual([false, true, true]);
  });

  it('come back from the files as they were: a full previous one turns nothing', async () => {
    const { store, turns } = remembered({
      previous: [halves(1), ...numbers(0, generation - 1)],
      current: [halves(2)],
    });
    expect([turns(), await store.seen(salt(1)), await store.seen(salt(2))]).toEqual([0, true, true]);
  });

  it('tell hashes apart that share one half, or want the same place', async () => {
    const [high, low] = halves(1);
    const near = Array.from({ length: 2000 }, (_, n) => [high, (low ^ ((n + 1) * 2)) >>> 0] as const);
    const samePlace = Array.from(
      { length: 2000 },
      (_, n) => [((high & 0xfff) + (n << 12)) >>> 0, 0] as const,
    );
    const twin = [(high ^ 0x8000_0000) >>> 0, low] as const;
    const others = [twin, ...near, ...samePlace].filter(([h, l]) => h !== high || (l | 1) !== (low | 1));
    const { store } = remembered({ current: others });
    expect(await store.seen(salt(1))).toBe(false);
    expect([await store.checkAndAdd(salt(1)), await store.seen(salt(1))]).toEqual([true, true]);
    const { store: both } = remembered({ current: [[high, low], ...others] });
    expect(await both.seen(salt(1))).toBe(true);
  });
});

describe('the hashed replay store with a journal', () => {
  const reopen = async (file: string): Promise<ReplayStore> =>
    hashedReplayStore(
      hashKey,
      await openJournal(file, hashKey, (detail) => {
        throw new Error(detail);
      }),
    );

  it('knows after a restart what it knew before, and writes no salt down', async () => {
    const file = path.join(temporaryDirectory(), 'salts');
    const before = await reopen(file);
    const secret = Buffer.from('a salt in clear!');
    await before.checkAndAdd(secret);
    for (let n = 0; n < 100; n++) await before.checkAndAdd(salt(n));
    await before.close();
    expect(readFileSync(file).includes(secret)).toBe(false);
    const after = await reopen(file);
    expect(await after.checkAndAdd(secret)).toBe(false);
    for (let n = 0; n < 100; n++) expect(await after.seen(salt(n))).toBe(true);
    expect(await after.seen(salt(100))).toBe(false);
    await after.close();
    expect(statSync(file).size).toBe(16 + 101 * 8);
  });

  it('does not throw a full generation away by being restarted twice', async () => {
    const file = path.join(temporaryDirectory(), 'salts');
    const first = await reopen(file);
    await first.checkAndAdd(salt(1));
    await first.close();
    // The file of a million: the one salt of ours, and others.
    const records = Buffer.alloc((generation - 1) * 8);
    let at = 0;
    for (const [high, low] of numbers(0, generation - 1)) {
      records.writeUInt32BE(high, at);
      at = records.writeUInt32BE(low, at + 4);
    }
    writeFileSync(`${file}.1`, Buffer.concat([readFileSync(file), records]));
    writeFileSync(file, readFileSync(file).subarray(0, 16));
    for (let restart = 0; restart < 3; restart++) {
      const store = await reopen(file);
      expect([restart, await store.seen(salt(1))]).toEqual([restart, true]);
      await store.checkAndAdd(salt(10 + restart));
      await store.close();
    }
    expect(statSync(`${file}.1`).size).toBe(16 + generation * 8);
  });
});

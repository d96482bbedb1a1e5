import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SlidingWindow, packetIdLimit } from '../../shared/codec/window.js';

const size = 8128n;
/** The first ID that pushes 0 out of the window. */
const beyond = size + 1n;

/** Takes the ID if it is new, and says whether it was. */
function take(window: SlidingWindow, id: bigint): boolean {
  const isNew = window.isNew(id);
  if (isNew) window.add(id);
  return isNew;
}

function range(from: bigint, to: bigint): bigint[] {
  const step = from <= to ? 1n : -1n;
  const ids: bigint[] = [];
  for (let id = from; id !== to + step; id += step) ids.push(id);
  return ids;
}

test('a window takes and refuses as that of WireGuard', () => {
  // The sequence of its self-test (replay_test.go, ported from the kernel), with the limit where ours is.
  const window = new SlidingWindow();
  const last = packetIdLimit - 1n;
  const sequence: readonly (readonly [id: bigint, taken: boolean])[] = [
    ...[0n, 1n].map((id) => [id, true] as const),
    [1n, false],
    ...[9n, 8n, 7n].map((id) => [id, true] as const),
    [7n, false],
    [beyond, true],
    [beyond - 1n, true],
    [beyond - 1n, false],
    [beyond - 2n, true],
    [2n, true],
    [2n, false],
    [beyond + 16n, true],
    [3n, false],
    [beyond + 16n, false],
    [beyond * 4n, true],
    [beyond * 3n + 1n, true],
    [10n, false],
    [beyond * 3n, false],
    [beyond * 3n - 1n, false],
    [beyond * 3n + 2n, true],
    [beyond * 3n + 1n, false],
    [0n, false],
    [last + 1n, false],
    [last, true],
    [last + 1n, false],
    [last, false],
    [last - 1n, true],
    [last + 2n, false],
    [last + 3n, false],
    [last - 1n, false],
    [last - 2n, true],
    [0n, false],
  ];
  expect(sequence.map(([id]) => take(window, id))).toEqual(sequence.map(([, taken]) => taken));
});

describe('a whole window', () => {
  test.each([
    ['upwards, then the 0 before it', range(1n, size), [0n], [0n]],
    ['upwards from 2, then the 1 before it', range(2n, beyond), [1n], [0n]],
    ['downwards to 1', range(beyond, 1n), [], [0n]],
    ['downwards to 2', range(beyond + 1n, 2n), [], [0n]],
    ['downwards, then one further up', range(size, 1n), [beyond], [0n]],
    ['downwards with the 0, then one further up', range(size, 1n), [0n, beyond], [0n]],
  ])('%s', (_, ids, taken, refused) => {
    const window = new SlidingWindow();
    for (const id of [...ids, ...taken]) expect(take(window, id)).toBe(true);
    for (const id of [...ids, ...taken, ...refused]) expect(take(window, id)).toBe(false);
  });
});

test('looking changes nothing', () => {
  const window = new SlidingWindow();
  for (const id of [0n, 5n, 100_000n, 5n]) expect(window.isNew(id)).toBe(true);
});

test('it remembers as a plain set would, however far the IDs jump', () => {
  const jump = fc.oneof(
    fc.bigInt(-40n, 40n),
    fc.bigInt(-8200n, 8200n),
    fc.bigInt(-20_000n, 20_000n),
    fc.constantFrom(8128n, -8128n, 8129n, -8129n, 8192n, 1n << 40n),
  );
  fc.assert(
    fc.property(fc.array(jump, { maxLength: 200 }), (jumps) => {
      const window = new SlidingWindow();
      const seen = new Set<bigint>();
      let newest = 0n;
      for (const step of jumps) {
        const id = newest + step < 0n ? 0n : newest + step;
        expect(take(window, id)).toBe(!seen.has(id) && newest - id <= size);
        seen.add(id);
        if (id > newest) newest = id;
      }
    }),
  );
});

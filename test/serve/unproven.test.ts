import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Unproven, type Stranger } from '../../shared/serve/unproven.js';

let now = 0;
let gone: string[] = [];

beforeEach(() => {
  now = 0;
  gone = [];
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A connection from `peer` that says when it is let go of. */
function stranger(name: string, peer: string): Stranger & { readonly close: () => void } {
  let closed: () => void = () => undefined;
  return {
    peer,
    onClosed: (callback) => (closed = callback),
    drop: () => {
      gone.push(name);
      closed();
    },
    close: () => {
      closed();
    },
  };
}

/** Connections that came in this order; the first letter tells the source. */
function arrived(...names: readonly string[]): {
  readonly unproven: Unproven;
  readonly of: (name: string) => ReturnType<typeof stranger>;
} {
  const addresses = new Map([
    ['a', '192.0.2.1'],
    ['b', '::ffff:192.0.2.2'],
    ['c', '2001:db8::1'],
    ['C', '2001:db8::2'],
  ]);
  const unproven = new Unproven();
  const all = new Map(
    names.map((name) => [name, stranger(name, addresses.get(name.slice(0, 1)) ?? '')] as const),
  );
  for (const one of all.values()) unproven.add(one);
  return { unproven, of: (name) => all.get(name) ?? stranger('nobody', '') };
}

it('room is made by the oldest connection of the source that has most', () => {
  const { unproven } = arrived('b1', 'a1', 'c1', 'a2', 'a3', 'b2', 'C2', 'c3', 'c4');
  now = 1_000;
  for (let times = 0; times < 10; times++) unproven.makeRoom();
  // Of equals the one that came first.
  expect(gone).toEqual(['c1', 'a1', 'C2', 'b1', 'a2', 'c3', 'b2', 'a3', 'c4']);
});

it('nobody makes room who came less than a second ago, so that a burst of honest ones stays', () => {
  const { unproven } = arrived(...Array.from({ length: 100 }, (_, n) => `a${n}`));
  now = 999;
  unproven.makeRoom();
  expect(gone).toEqual([]);
  now = 1_000;
  unproven.makeRoom();
  expect(gone).toEqual(['a0']);
});

it('whoever has proved itself or closed makes no room, and does not count', () => {
  const { unproven, of } = arrived('a1', 'a2', 'a3', 'b1', 'b2');
  now = 5_000;
  unproven.remove(of('a1'));
  of('a2').close();
  unproven.makeRoom();
  expect(gone).toEqual(['b1']);
});

it('all are let go of at once', () => {
  const { unproven } = arrived('a1', 'b1', 'a2');
  unproven.drop();
  unproven.drop();
  expect(gone).toEqual(['a1', 'b1', 'a2']);
});

it('whoever was let go of has proved itself too late', () => {
  const { unproven, of } = arrived('a1', 'a2', 'b1');
  expect([unproven.remove(of('a1')), unproven.remove(of('a1'))]).toEqual([true, false]);
  now = 1_000;
  unproven.makeRoom();
  unproven.drop();
  expect(['a2', 'b1'].map((name) => unproven.remove(of(name)))).toEqual([false, false]);
});

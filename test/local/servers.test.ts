import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { active, inTurn, type Rankable, seedOf } from '../../local/servers.js';

interface Named extends Rankable {
  readonly name: string;
}

const named = (name: string, changes: Partial<Rankable> = {}): Named => ({
  name,
  order: 0,
  weight: 1,
  seed: seedOf(name),
  up: true,
  ...changes,
});

const first = (servers: readonly Named[], host: string): string | undefined => inTurn(servers, host)[0]?.name;

const names = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 12 });
const weights = fc.double({ min: 0.001, max: 1000, noNaN: true });
const lists = fc
  .tuple(names, fc.infiniteStream(fc.record({ order: fc.nat(3), weight: weights, up: fc.boolean() })))
  .map(([all, changes]) => all.map((name) => named(name, changes.next().value as Partial<Rankable>)));

/** How many of 10,000 hosts each server has. */
function shares(servers: readonly Named[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (let at = 0; at < 10_000; at += 1) {
    const name = first(servers, `host-${at}.example`) ?? '';
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

describe('the servers of a conversation', () => {
  it('are all of them, each once: those that are up first, by their order', () => {
    fc.assert(
      fc.property(lists, fc.string(), (servers, host) => {
        const tried = inTurn(servers, host);
        expect(new Set(tried)).toEqual(new Set(servers));
        expect(tried.length).toBe(servers.length);
        const ranks = tried.map(({ up, order }) => (up ? 0 : 10) + order);
        expect(ranks).toEqual([...ranks].sort((one, other) => one - other));
      }),
    );
  });

  it('are tried though all of them are down', () => {
    const servers = ['a', 'b', 'c'].map((name, order) => named(name, { order, up: false }));
    expect(inTurn(servers, 'h').map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });

  it('are the same for the same target, in any case of its letters and any order of the list', () => {
    fc.assert(
      fc.property(lists, fc.domain(), (servers, host) => {
        const tried = inTurn(servers, host);
        expect(inTurn(servers, host.toUpperCase())).toEqual(tried);
        expect(inTurn([...servers].reverse(), host)).toEqual(tried);
      }),
    );
  });

  it('begin with the same one when any other is taken away, or goes down', () => {
    fc.assert(
      fc.property(lists, fc.string(), fc.nat(), (servers, host, dice) => {
        const mine = first(servers, host);
        const others = servers.filter(({ name }) => name !== mine);
        const gone = others[dice % others.length];
        expect(
          first(
            servers.filter((server) => server !== gone),
            host,
          ),
        ).toBe(mine);
        expect(
          first(
            servers.map((server) => (server === gone ? { ...server, up: false } : server)),
            host,
          ),
        ).toBe(mine);
      }),
    );
  });

  it('begin with the same one when another is added, or with the new one', () => {
    fc.assert(
      fc.property(lists, fc.string(), weights, (servers, host, weight) => {
        const added = named('the new one, whose name is long', { weight, order: servers[0]?.order ?? 0 });
        expect([first(servers, host), added.name]).toContain(first([...servers, added], host));
      }),
    );
  });

  it('of the same order have the shares of their weights', () => {
    const servers = [
      named('ss://a@tokyo:1', { weight: 3 }),
      named('ss://a@osaka:1'),
      named('ss://a@kyoto:1', { weight: 0.5 }),
      named('ss://a@nara:1', { order: 1, weight: 100 }),
      named('ss://a@kobe:1', { up: false, weight: 100 }),
    ];
    const counts = shares(servers);
    const total = 4.5;
    for (const [name, weight] of [
      ['tokyo', 3],
      ['osaka', 1],
      ['kyoto', 0.5],
    ] as const) {
      const share = (counts.get(`ss://a@${name}:1`) ?? 0) / 10_000;
      expect(Math.abs(share - weight / total)).toBeLessThan(0.02);
    }
    expect(counts.size).toBe(3);
  });

  it('share evenly where nothing is said of weights, though their names are nearly the same', () => {
    const counts = shares(Array.from({ length: 10 }, (_, at) => named(`halflight://k@192.0.2.${at}:8388`)));
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
    expect(counts.size).toBe(10);
  });

  it('leave the targets of one that goes down to all others, by their shares', () => {
    const servers = ['a', 'b', 'c', 'd'].map((name) => named(name));
    const fewer = servers.map((server) => (server.name === 'a' ? { ...server, up: false } : server));
    const heirs = new Map<string, number>();
    for (let at = 0; at < 10_000; at += 1) {
      const host = `${at}.example`;
      if (first(servers, host) !== 'a') continue;
      const heir = first(fewer, host) ?? '';
      heirs.set(heir, (heirs.get(heir) ?? 0) + 1);
    }
    for (const heir of ['b', 'c', 'd']) expect(Math.abs((heirs.get(heir) ?? 0) - 833)).toBeLessThan(120);
  });
});

describe('the servers that take conversations now', () => {
  const nobody = [named('a', { up: false }), named('b', { up: false })];
  it.each([
    [
      'are all that are up of the lowest order',
      [named('a'), named('b', { up: false }), named('c'), named('d', { order: 1 })],
      ['a', 'c'],
    ],
    [
      'are of the next order when none of the lowest is up',
      [named('a', { up: false }), named('b', { order: 4 }), named('c', { order: 9 })],
      ['b'],
    ],
    ['are none when none is up', nobody, []],
  ] as const)('%s', (_what, servers, expected) => {
    expect(active(servers).map(({ name }) => name)).toEqual(expected);
  });
});

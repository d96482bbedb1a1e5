import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { PacketSession } from '../../shared/codec/packets.js';
import type { ObservedEvent } from '../../shared/observe/events.js';
import { Account } from '../../shared/serve/accounts.js';
import { Association } from '../../shared/serve/association.js';
import { AssociationTable, type Key } from '../../shared/serve/association-table.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function session(): PacketSession & { readonly end: ReturnType<typeof vi.fn<() => void>> } {
  return { seal: (_, payload) => payload, end: vi.fn<() => void>() };
}

/** A table, and a way to fill it with associations that carry nothing. */
function rig(total: number): {
  readonly table: AssociationTable;
  readonly begin: (key: Key, source: string) => boolean;
  readonly closed: () => number;
} {
  const table = new AssociationTable({ total, perSource: 2 });
  const events: ObservedEvent[] = [];
  const around = {
    resolver: { resolve: () => Promise.resolve([]), close: () => undefined },
    guard: { allowPrivate: true, own: () => [] },
    observer: (event: ObservedEvent) => events.push(event),
    listener: {
      address: { host: '::', port: 1 },
      attach: () => undefined,
      send: () => undefined,
      close: () => undefined,
    },
    noDescriptor: () => undefined,
    account: new Account(undefined),
  };
  return {
    table,
    begin: (key, source) => {
      if (table.makeRoom(source) !== undefined) return false;
      const association = new Association({ address: source, port: 1 }, session(), around);
      table.add(key, source, association);
      return true;
    },
    closed: () => events.filter(({ event }) => event === 'closed').length,
  };
}

it('forgets the session with its association, and its source with the last of them', () => {
  const { table, begin, closed } = rig(8);
  const [first, second] = [session(), session()];
  begin(first, '192.0.2.1');
  vi.advanceTimersByTime(30_000);
  begin(second, '192.0.2.1');
  vi.advanceTimersByTime(31_000);
  table.endIdle({ udpIdleMs: 0, dnsIdleMs: 0 });
  expect([first.end.mock.calls.length, second.end.mock.calls.length, closed()]).toEqual([1, 0, 1]);
  expect([table.get(first), table.knows('192.0.2.1'), table.size]).toEqual([undefined, true, 1]);
  table.endAll();
  expect([second.end.mock.calls.length, closed(), table.knows('192.0.2.1'), table.size]).toEqual([
    1,
    2,
    false,
    0,
  ]);
});

it('never keeps more than it has places for, and forgets the sessions that made room', () => {
  const { table, begin, closed } = rig(4);
  const sessions = Array.from({ length: 100 }, session);
  const begun = sessions.filter((one, index) => begin(one, `192.0.2.${index}`));
  expect([begun.length, table.size, closed()]).toEqual([4, 4, 0]);
  vi.advanceTimersByTime(61_000);
  const later = Array.from({ length: 100 }, session).filter((one, index) =>
    begin(one, `198.51.100.${index}`),
  );
  expect([later.length, table.size, closed()]).toEqual([4, 4, 4]);
  expect(sessions.filter((one) => one.end.mock.calls.length > 0)).toEqual(begun);
});

it('makes room at the source that is full before it looks at the others', () => {
  const { table, begin } = rig(4);
  begin('other', '198.51.100.1');
  vi.advanceTimersByTime(1);
  for (const key of ['one', 'two']) begin(key, '192.0.2.1');
  vi.advanceTimersByTime(61_000);
  expect(begin('three', '192.0.2.1')).toBe(true);
  expect(['other', 'one', 'two', 'three'].map((key) => table.get(key) !== undefined)).toEqual([
    true,
    false,
    true,
    true,
  ]);
});

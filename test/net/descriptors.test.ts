import type fs from 'node:fs';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { bindDatagrams, openDatagrams } from '../../shared/net/datagrams.js';
import {
  countStanding,
  descriptorsToShare,
  mayStand,
  mostDatagramSockets,
  openDatagramSockets,
  seldom,
  seldomEach,
} from '../../shared/net/descriptors.js';
import { openJournal } from '../../shared/net/journal.js';
import { listen } from '../../shared/net/listen.js';
import { temporaryDirectory } from '../support/directory.js';

// What the system allows this process is whatever the test says.
vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  return { ...real, readFileSync: vi.fn(real.readFileSync) };
});

afterEach(() => {
  vi.restoreAllMocks();
});

it.each([
  ['1048576', 1_048_448, 262_112],
  ['4096', 3968, 992],
  ['256', 128, 32],
  ['128', 0, 8],
  ['64', -64, 8],
  ['unlimited', Infinity, Infinity],
])('of %s files %d are to be shared, and datagrams may have %d', (limit, shared, most) => {
  vi.mocked(readFileSync).mockReturnValue(`Max open files            ${limit}    1048576    files`);
  expect([descriptorsToShare(), mostDatagramSockets()]).toEqual([shared, most]);
});

it('sockets for datagrams are counted from their making to their end, those that failed too', async () => {
  const sink = { received: () => undefined, failed: () => undefined };
  const [opened, bound] = [openDatagrams(4, sink), await bindDatagrams({ host: '127.0.0.1', port: 0 })];
  await expect(bindDatagrams(bound.address)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  expect(openDatagramSockets()).toBe(2);
  for (const socket of [opened, opened, bound]) socket.close();
  expect(openDatagramSockets()).toBe(0);
});

it('listeners, journals and the pipes of plugins are counted apart, and those beyond 16 leave less to share', async () => {
  const real = await vi.importActual<typeof fs>('node:fs');
  vi.mocked(readFileSync).mockReturnValue('Max open files            256    1048576    files');
  const standing = [countStanding(15), await bindDatagrams({ host: '127.0.0.1', port: 0 }, countStanding)];
  const address = { host: '127.0.0.1', port: 0 };
  const listener = await listen(address, { accept: () => undefined, crowded: () => undefined });
  const journal = await openJournal(join(temporaryDirectory(), 'salts'), Buffer.alloc(32), () => undefined);
  expect([openDatagramSockets(), descriptorsToShare(), mostDatagramSockets()]).toEqual([0, 126, 31]);
  // Half of 128 at most.
  expect([mayStand(46), mayStand(47)]).toEqual([true, false]);
  for (const each of standing) {
    if ('uncount' in each) each.uncount();
    else each.close();
  }
  listener.close();
  await journal.close();
  expect([descriptorsToShare(), mayStand(64), mayStand(65)]).toEqual([128, true, false]);
  vi.mocked(readFileSync).mockReturnValue('Max open files            64    1048576    files');
  expect([mayStand(16), mayStand(17)]).toEqual([true, false]);
  vi.mocked(readFileSync).mockImplementation(real.readFileSync);
});

it('that there are too few is told once a minute', () => {
  const clock = vi.spyOn(performance, 'now');
  const told: number[] = [];
  const tell = seldom((limit: number) => told.push(limit));
  for (const [now, limit] of [
    [0, 1],
    [59_999, 2],
    [60_000, 3],
    [119_999, 4],
    [120_000, 5],
  ] as const) {
    clock.mockReturnValue(now);
    tell(limit);
  }
  expect(told).toEqual([1, 3, 5]);
});

it('what goes wrong in different ways is told in all of them, each once a minute, but never more than 16', () => {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
  const told: string[] = [];
  const tell = seldomEach((text) => told.push(text));
  for (const text of ['a', 'b', 'a']) tell(text);
  expect(told).toEqual(['a', 'b']);
  for (let at = 0; at < 100; at++) tell(String(at));
  expect(told).toHaveLength(16);
  clock.mockReturnValue(60_000);
  tell('a');
  expect(told).toHaveLength(17);
});

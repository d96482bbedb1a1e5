import type fs from 'node:fs';
import { readFileSync } from 'node:fs';
import { afterEach, expect, it, vi } from 'vitest';
import { bindDatagrams, openDatagrams } from '../../shared/net/datagrams.js';
import {
  descriptorsToShare,
  mostDatagramSockets,
  openDatagramSockets,
  seldom,
} from '../../shared/net/descriptors.js';

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

import { Socket } from 'node:dgram';
import type fs from 'node:fs';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Places } from '../../shared/serve/association-table.js';
import { datagramService, packetPeer, type RunningService } from '../support/associations.js';
import { turnsUntil } from '../support/turns.js';

// What the system allows this process is whatever the test says.
vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  return { ...real, readFileSync: vi.fn(real.readFileSync) };
});

const real = await vi.importActual<typeof fs>('node:fs');

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A service in a process that may have so many open files. */
async function serviceWith(files: number, places: Places): Promise<RunningService> {
  vi.mocked(readFileSync).mockReturnValue(`Max open files            ${files}    ${files}    files`);
  const service = await datagramService({ places });
  vi.mocked(readFileSync).mockImplementation(real.readFileSync);
  return service;
}

/** So many new clients come from there, and what they ask is dropped or not. */
async function arrive(service: RunningService, clients: number, host = '127.0.0.1'): Promise<void> {
  const { associations, dropped } = service.service.counts();
  for (let client = 0; client < clients; client++) {
    await (await packetPeer(service, { host })).ask({ host: '127.0.0.9', port: 7 });
  }
  await turnsUntil(() => {
    const now = service.service.counts();
    return now.associations + now.dropped >= associations + dropped + clients;
  });
}

const warnings = ({ seen }: RunningService): string[] => seen('warning').map(({ detail }) => detail);

it('a source with too many is told of once a minute, with the number of datagrams and no address', async () => {
  const service = await serviceWith(1_048_576, { total: 9, perSource: 2 });
  await arrive(service, 2);
  vi.advanceTimersByTime(5_000);
  expect(warnings(service)).toEqual([]);
  await arrive(service, 3);
  expect(warnings(service)).toEqual([]);
  vi.advanceTimersByTime(5_000);
  const told = 'associations: expected at most 2 of one source, got more; datagrams dropped: ';
  expect(warnings(service)).toEqual([`${told}3`]);
  await arrive(service, 1);
  vi.advanceTimersByTime(50_000);
  await arrive(service, 1);
  expect(warnings(service)).toHaveLength(1);
  vi.advanceTimersByTime(10_000);
  expect(warnings(service)).toEqual([`${told}3`, `${told}2`]);
  vi.advanceTimersByTime(600_000);
  expect(warnings(service)).toHaveLength(2);
});

it('so many in all that no place is left are told of, as nothing that descriptors would help', async () => {
  const service = await serviceWith(1_048_576, { total: 2, perSource: 2 });
  for (const host of ['127.0.0.1', '127.0.0.2', '127.0.0.3']) await arrive(service, 1, host);
  vi.advanceTimersByTime(5_000);
  expect(warnings(service)).toEqual(['associations: expected at most 2, got more; datagrams dropped: 1']);
});

it.each([
  ['a quarter of the descriptors, two each', 128 + 4 * 2 * 7, 7],
  ['four when there are next to none', 64, 4],
])('there are places for %s, and a warning says what to raise', async (_what, files, places) => {
  const service = await serviceWith(files, { total: 4096, perSource: 256 });
  await arrive(service, places);
  expect(service.service.counts()).toMatchObject({ associations: places, dropped: 0 });
  await arrive(service, 2);
  expect(service.service.counts()).toMatchObject({ associations: places, dropped: 2 });
  vi.advanceTimersByTime(5_000);
  expect(warnings(service)).toEqual([
    `associations: expected at most ${places}, got more; datagrams dropped: 2; ` +
      'raise the limit on open files (nofile)',
  ]);
});

it.each([
  ['EMFILE', 1],
  ['EAFNOSUPPORT', 0],
])('a socket that fails with %s is %i warnings that say what to raise', async (code, count) => {
  const service = await serviceWith(1_048_576, { total: 9, perSource: 9 });
  const client = await packetPeer(service);
  vi.spyOn(Socket.prototype, 'bind').mockImplementation(function (this: Socket) {
    this.emit('error', Object.assign(new Error(`bind ${code} 0.0.0.0`), { code }));
    return this;
  });
  for (let sent = 0; sent < 3; sent++) await client.ask({ host: '127.0.0.9', port: 7 });
  await client.peer.say('marker', service);
  await turnsUntil(() => service.service.counts().forged === 1);
  vi.advanceTimersByTime(5_000);
  const warning =
    'associations: expected as many as there are descriptors for, got more; datagrams dropped: 3; ' +
    'raise the limit on open files (nofile)';
  expect(warnings(service)).toEqual(Array<string>(count).fill(warning));
});

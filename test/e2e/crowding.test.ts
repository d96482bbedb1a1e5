import type fs from 'node:fs';
import { readFileSync } from 'node:fs';
import { afterEach, expect, it, vi } from 'vitest';
import { askAssociation } from '../support/associate.js';
import { connect, type Peer } from '../support/peer.js';
import { startEcho } from '../support/targets.js';
import { expectServed, startTunnel } from '../support/tunnel.js';
import { settle } from '../support/turns.js';

// What the system allows this process is whatever the test says.
vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  return { ...real, readFileSync: vi.fn(real.readFileSync) };
});

const real = await vi.importActual<typeof fs>('node:fs');

afterEach(() => {
  vi.restoreAllMocks();
});

it('a remote with few descriptors is not closed to everybody by connections that say nothing', async () => {
  vi.mocked(readFileSync).mockReturnValue(
    'Max open files            64                 64              files',
  );
  const tunnel = await startTunnel();
  vi.mocked(readFileSync).mockImplementation(real.readFileSync);
  const echo = await startEcho();
  const silent: Peer[] = [];
  for (let n = 0; n < 16; n++) silent.push(await connect(tunnel.remote.port));
  const late = await connect(tunnel.remote.port);
  expect(await late.ended()).toBe('fin');
  expect(silent.filter(({ ending }) => ending !== undefined)).toEqual([]);

  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + 1_000);
  // Who comes first finds it full, and makes it known; from then on one goes for each that comes.
  await (await connect(tunnel.remote.port)).ended();
  expect(await silent[0]?.ended()).toBe('fin');
  for (let n = 0; n < 8; n++) await expectServed(tunnel, echo);
  await settle();
  expect(silent.filter(({ ending }) => ending === 'reset')).toEqual([]);
  expect(silent.filter(({ ending }) => ending === undefined).length).toBeGreaterThan(8);
});

it('a local with few descriptors refuses associations before connections go without, and says what to raise', async () => {
  vi.mocked(readFileSync).mockReturnValue(
    'Max open files            64                 64              files',
  );
  const tunnel = await startTunnel({ remote: { udp: false } });
  const replies: number[] = [];
  for (let asked = 0; asked < 6; asked++) replies.push((await askAssociation(tunnel.local.port)).reply.code);
  vi.mocked(readFileSync).mockImplementation(real.readFileSync);
  expect(replies).toEqual([0, 0, 0, 0, 1, 1]);
  expect(tunnel.local.seen('warning')).toEqual([
    { event: 'warning', detail: expect.stringMatching(/^associations: .*\(nofile\)$/) as string },
  ]);
  await expectServed(tunnel, await startEcho());
});

import type fs from 'node:fs';
import { readFileSync } from 'node:fs';
import { expect, it, onTestFinished, vi } from 'vitest';
import { datagramService, packetPeer } from '../support/associations.js';
import { turnsUntil } from '../support/turns.js';
import { udpEcho } from '../support/udp.js';

// What the system allows this process is whatever the test says.
vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  return { ...real, readFileSync: vi.fn(real.readFileSync) };
});

it('each of twenty ports serves datagrams, though their listeners alone are more than a quarter of all descriptors', async () => {
  const real = await vi.importActual<typeof fs>('node:fs');
  vi.mocked(readFileSync).mockReturnValue(
    'Max open files            176                 176              files',
  );
  onTestFinished(() => {
    vi.mocked(readFileSync).mockImplementation(real.readFileSync);
  });
  const services = [];
  for (let port = 0; port < 20; port++) services.push(await datagramService());
  const echo = await udpEcho();
  for (const service of services.slice(0, 5)) {
    const client = await packetPeer(service);
    await client.ask(echo);
    await client.answer();
  }
});

it('several ports share the sockets that there are for datagrams', async () => {
  const real = await vi.importActual<typeof fs>('node:fs');
  vi.mocked(readFileSync).mockReturnValue(
    'Max open files            176                 176              files',
  );
  onTestFinished(() => {
    vi.mocked(readFileSync).mockImplementation(real.readFileSync);
  });
  // A quarter of 48: six associations with two each.
  const [one, other] = [await datagramService(), await datagramService()];
  const echo = await udpEcho();
  for (const service of [one, one, one, one]) {
    const client = await packetPeer(service);
    // Over both families, so that each has its two sockets.
    await client.ask({ host: '::1', port: 7 });
    await client.ask(echo);
    await client.answer();
  }
  for (let asked = 0; asked < 4; asked++) await (await packetPeer(other)).ask(echo);
  await turnsUntil(() => other.service.counts().associations + other.service.counts().dropped === 4);
  expect(other.service.counts().dropped).toBeGreaterThan(0);
  expect(one.service.counts().dropped).toBe(0);
});

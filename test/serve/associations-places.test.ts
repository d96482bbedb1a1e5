import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemEnvironment } from '../../shared/net/system.js';
import {
  datagramService,
  packetPeer,
  type PacketPeer,
  type RunningService,
} from '../support/associations.js';
import { flipBit } from '../support/codec.js';
import { turnsUntil } from '../support/turns.js';
import { type UdpPeer, udpEcho, udpPeer } from '../support/udp.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A client that has had its answer. */
async function served(service: RunningService, echo: UdpPeer, host = '127.0.0.1'): Promise<PacketPeer> {
  const client = await packetPeer(service, { host });
  await serve(client, echo);
  return client;
}

async function serve(client: PacketPeer, echo: UdpPeer): Promise<void> {
  await client.ask(echo, 'served?');
  expect(Buffer.from((await client.answer()).payload).toString()).toBe('served?');
}

async function expectTurnedAway(service: RunningService, client: PacketPeer, target: UdpPeer): Promise<void> {
  const { dropped, associations } = service.service.counts();
  const heard = target.count;
  await client.ask(target);
  await turnsUntil(() => service.service.counts().dropped > dropped);
  expect(service.service.counts()).toMatchObject({ dropped: dropped + 1, associations });
  expect(target.count).toBe(heard);
}

describe.each(['2022-blake3-aes-256-gcm', 'aes-256-gcm'] as const)('the places for %s', (method) => {
  it('are kept by those who have been busy within 61 s, and given up by the longest idle', async () => {
    const service = await datagramService({ method, places: { total: 3, perSource: 3 } });
    const echo = await udpEcho();
    const [first, second, third] = [
      await served(service, echo),
      await served(service, echo),
      await served(service, echo),
    ];
    const late = await packetPeer(service);
    await expectTurnedAway(service, late, echo);
    vi.advanceTimersByTime(30_000);
    for (const client of [first, third]) await serve(client, echo);
    vi.advanceTimersByTime(30_999);
    await expectTurnedAway(service, late, echo);
    vi.advanceTimersByTime(1);
    await serve(late, echo);
    expect(service.seen('closed')).toHaveLength(1);
    expect(service.service.counts().associations).toBe(3);
    for (const client of [first, third, late]) await serve(client, echo);
    await expectTurnedAway(service, second, echo);
  });

  it('of one source are not those of another', async () => {
    const service = await datagramService({ method, places: { total: 3, perSource: 2 } });
    const echo = await udpEcho();
    await served(service, echo);
    await served(service, echo);
    await expectTurnedAway(service, await packetPeer(service), echo);
    await served(service, echo, '127.0.0.2');
    await expectTurnedAway(service, await packetPeer(service, { host: '127.0.0.3' }), echo);
    expect(service.service.counts().associations).toBe(3);
  });

  it('are taken only by what is genuine', async () => {
    const service = await datagramService({ method, places: { total: 1, perSource: 1 } });
    const prober = await udpPeer();
    for (let sent = 0; sent < 50; sent++) await prober.say(Buffer.alloc(60, sent), service);
    await served(service, await udpEcho());
  });
});

describe('the session of a packet that may begin no association', () => {
  const method = '2022-blake3-aes-256-gcm';

  /** With its ID in memory, a forged packet of it is a replay; without, it has to prove that it is genuine. */
  async function expectForgotten(service: RunningService, client: PacketPeer): Promise<void> {
    const packet = client.seal({ host: '127.0.0.1', port: 7 });
    const { forged, dropped } = service.service.counts();
    await client.peer.say(packet, service);
    await turnsUntil(() => service.service.counts().dropped > dropped);
    await client.peer.say(flipBit(packet, 8 * packet.length - 1), service);
    const both = (): number => service.service.counts().forged + service.service.counts().dropped;
    await turnsUntil(() => both() >= forged + dropped + 2);
    expect(service.service.counts()).toMatchObject({ forged: forged + 1, dropped: dropped + 1 });
  }

  it('is not remembered when there is no place for it', async () => {
    const service = await datagramService({ method, places: { total: 1, perSource: 1 } });
    await served(service, await udpEcho());
    await expectForgotten(service, await packetPeer(service));
  });

  it('is not remembered when it may have been recorded before the service began', async () => {
    const now = Math.floor(systemEnvironment.now() / 1000);
    const service = await datagramService({ method, notBefore: now + 5 });
    await expectForgotten(service, await packetPeer(service));
  });
});

describe('an association', () => {
  it('ends after 300 s in which it has carried nothing either way', async () => {
    const service = await datagramService();
    const target = await udpPeer();
    const client = await packetPeer(service);
    await client.ask(target, 'up');
    const { from } = await target.next();
    vi.advanceTimersByTime(299_000);
    await target.say('down', from);
    await client.answer();
    vi.advanceTimersByTime(299_000);
    expect(service.seen('closed')).toEqual([]);
    vi.advanceTimersByTime(10_000);
    expect(service.service.counts().associations).toBe(0);
    expect(service.seen('closed')).toEqual([
      {
        ...{
          event: 'closed',
          id: service.seen('opened')[0]?.id,
          up: 2,
          down: 4,
          ms: expect.any(Number) as number,
        },
        datagrams: { up: 1, down: 1, dropped: 0 },
      },
    ]);
    // Its port is closed; the client begins anew without knowing.
    await client.ask(target, 'up again');
    expect((await target.next()).from).not.toEqual(from);
  });

  it.each([
    ['2022-blake3-aes-256-gcm', 61_000],
    ['aes-256-gcm', 60_000],
  ] as const)('that only asked name servers ends sooner, with %s after %i ms', async (method, idleMs) => {
    const service = await datagramService({ method });
    const client = await packetPeer(service);
    const begin = async (): Promise<void> => {
      await client.ask({ host: '127.0.0.9', port: 53 });
      await turnsUntil(() => service.service.counts().associations === 1);
    };
    await begin();
    vi.advanceTimersByTime(idleMs - 1_000);
    expect(service.service.counts().associations).toBe(1);
    vi.advanceTimersByTime(6_000);
    expect(service.service.counts().associations).toBe(0);

    await begin();
    await serve(client, await udpEcho());
    vi.advanceTimersByTime(70_000);
    expect(service.service.counts().associations).toBe(1);
  });

  it('ends with the service, and its ports are free again', async () => {
    const service = await datagramService();
    const target = await udpPeer();
    await (await packetPeer(service)).ask(target);
    const { from } = await target.next();
    service.service.close();
    expect(service.seen('closed')).toHaveLength(1);
    vi.useRealTimers();
    await vi.waitFor(() => udpPeer({ host: '0.0.0.0', port: from.port }));
    await vi.waitFor(() => udpPeer({ host: service.host, port: service.port }));
  });

  it('is swept by one timer, however many there are', async () => {
    const service = await datagramService();
    const echo = await udpEcho();
    for (let client = 0; client < 5; client++) await served(service, echo);
    expect(vi.getTimerCount()).toBe(1);
    service.service.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

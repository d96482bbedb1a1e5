import { describe, expect, it, vi } from 'vitest';
import { packetClient } from '../../shared/codec/packets.js';
import { systemEnvironment } from '../../shared/net/system.js';
import {
  datagramService,
  packetPeer,
  type PacketPeer,
  type RunningService,
} from '../support/associations.js';
import { allMethods, cipherFor, flipBit, methods2022, pattern } from '../support/codec.js';
import { turnsUntil } from '../support/turns.js';
import { type UdpPeer, udpEcho, udpPeer } from '../support/udp.js';

/** Sends these, waits until all have been looked at, and holds the service to silence towards the sender. */
async function expectSilence(
  service: RunningService,
  packets: readonly Uint8Array[],
  outcome: 'forged' | 'dropped' = 'forged',
): Promise<void> {
  const prober = await udpPeer();
  const before = service.service.counts();
  for (const packet of packets) await prober.say(packet, service);
  await turnsUntil(() => service.service.counts()[outcome] >= before[outcome] + packets.length);
  expect(service.service.counts()).toEqual({ ...before, [outcome]: before[outcome] + packets.length });
  expect(prober.count).toBe(0);
}

/** The service still serves: a new client gets its answer. */
async function expectServed(service: RunningService, echo: UdpPeer): Promise<PacketPeer> {
  const client = await packetPeer(service);
  await client.ask(echo, 'still there?');
  expect(Buffer.from((await client.answer()).payload).toString()).toBe('still there?');
  return client;
}

describe.each(allMethods)('what is no packet of $name', (method) => {
  it('is met with silence, whatever its length, and begins nothing', async () => {
    const service = await datagramService({ method: method.name });
    const lengths = [...Array.from({ length: 81 }, (_, length) => length), 500, 1472, 9000, 65_507];
    await expectSilence(
      service,
      lengths.map((length) => pattern(length, length + 1)),
    );
    expect(service.seen('opened')).toEqual([]);
    await expectServed(service, await udpEcho());
  });

  it('is met with silence when it was one, but is cut or flipped anywhere', async () => {
    const service = await datagramService({ method: method.name });
    const target = await udpPeer();
    const packet = (await packetPeer(service)).seal(target, 'x');
    const cut = Array.from(packet, (_, length) => packet.subarray(0, length));
    const flipped = Array.from(packet, (_, at) => flipBit(packet, 8 * at + (at % 8)));
    await expectSilence(service, [...cut, ...flipped]);
    expect(service.seen('opened')).toEqual([]);

    await (await udpPeer()).say(packet, service);
    expect((await target.next()).payload.toString()).toBe('x');
    expect(target.count).toBe(1);
  });

  it('is met with silence when it is sealed with another key, or is our own answer', async () => {
    const service = await datagramService({ method: method.name });
    const echo = await udpEcho();
    const other = packetClient(cipherFor(method, 'native', 99), systemEnvironment);
    await expectSilence(service, [other.seal(echo, Buffer.from('x'))]);

    const client = await packetPeer(service);
    await client.ask(echo);
    const { payload } = await client.peer.next();
    // The 2017 edition cannot tell its direction, only that it was here before.
    await expectSilence(service, [payload], method.edition === 2017 ? 'dropped' : 'forged');
    expect(service.service.counts().associations).toBe(1);
  });
});

describe.each(allMethods)('a recorded packet of $name', ({ name }) => {
  it('reaches its target once, however often it is sent again', async () => {
    const service = await datagramService({ method: name });
    const target = await udpPeer();
    const client = await packetPeer(service);
    const packet = client.seal(target, 'once');
    await client.peer.say(packet, service);
    expect((await target.next()).payload.toString()).toBe('once');
    await expectSilence(service, Array<Uint8Array>(100).fill(packet), 'dropped');
    await client.ask(target, 'next');
    expect((await target.next()).payload.toString()).toBe('next');
    expect(target.count).toBe(2);
  });
});

describe.each(methods2022)('a client of $name', ({ name }) => {
  it('cannot be robbed of its answers with a recorded packet', async () => {
    const service = await datagramService({ method: name });
    const target = await udpPeer();
    const client = await packetPeer(service);
    const recorded = client.seal(target, 'recorded');
    await client.peer.say(recorded, service);
    const { from } = await target.next();

    const thief = await udpPeer();
    await thief.say(recorded, service);
    await thief.say(flipBit(client.seal(target), 300), service);
    await turnsUntil(() => service.service.counts().dropped + service.service.counts().forged === 2);
    for (let sent = 0; sent < 10; sent++) await target.say(`answer ${sent}`, from);
    for (let sent = 0; sent < 10; sent++) {
      expect(Buffer.from((await client.answer()).payload).toString()).toBe(`answer ${sent}`);
    }
    expect(thief.count).toBe(0);
  });

  it('takes its answers along when it moves, with its next packet', async () => {
    const service = await datagramService({ method: name });
    const target = await udpPeer();
    const client = await packetPeer(service);
    await client.ask(target, 'from here');
    const { from } = await target.next();

    const elsewhere = await udpPeer({ host: '127.0.0.2' });
    await elsewhere.say(client.seal(target, 'from there'), service);
    expect(await target.next()).toMatchObject({ from });
    await target.say('an answer', from);
    expect((await elsewhere.next()).payload.length).toBeGreaterThan(0);
    expect(client.peer.count).toBe(0);
    expect(service.service.counts().associations).toBe(1);
  });

  it.each([-31, 31])('is not served when its clock is off by %i s', async (seconds) => {
    const service = await datagramService({ method: name });
    const environment = { ...systemEnvironment, now: () => systemEnvironment.now() + seconds * 1000 };
    const target = await udpPeer();
    const off = await packetPeer(service, { environment });
    await expectSilence(service, [off.seal(target)]);
    expect(service.seen('opened')).toEqual([]);
  });

  it('is not served by what was recorded before the service began', async () => {
    const now = Math.floor(systemEnvironment.now() / 1000);
    const service = await datagramService({ method: name, notBefore: now + 5 });
    const target = await udpPeer();
    const before = await packetPeer(service);
    await expectSilence(service, [before.seal(target), before.seal(target)], 'dropped');
    expect(service.seen('opened')).toEqual([]);

    let stamp = now + 5;
    const environment = { ...systemEnvironment, now: () => stamp * 1000 };
    const after = await packetPeer(service, { environment });
    await after.ask(target, 'new');
    expect((await target.next()).payload.toString()).toBe('new');
    stamp = now + 4;
    await expectSilence(service, [after.seal(target, 'old')], 'dropped');
    expect(target.count).toBe(1);
  });
});

describe('forgeries', () => {
  it('are told of once a minute, with their number, and nobody is named', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    try {
      const service = await datagramService();
      await expectSilence(service, [pattern(60), pattern(70), pattern(80)]);
      expect(service.seen('absorbed')).toEqual([]);
      vi.advanceTimersByTime(5000);
      expect(service.seen('absorbed')).toHaveLength(1);
      expect(service.seen('absorbed')[0]?.why).toMatch(/^datagrams: expected genuine ones, got 3 others; /);
      await expectSilence(service, [pattern(60)]);
      vi.advanceTimersByTime(55_000);
      expect(service.seen('absorbed')).toHaveLength(1);
      vi.advanceTimersByTime(5_000);
      expect(service.seen('absorbed')).toHaveLength(2);
      vi.advanceTimersByTime(600_000);
      expect(service.seen('absorbed')).toHaveLength(2);
      expect(JSON.stringify(service.seen('absorbed'))).not.toContain('127.0.0');
    } finally {
      vi.useRealTimers();
    }
  });

  it('beyond 1,000 a minute have their source ignored until the minute is over', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    try {
      const service = await datagramService();
      const target = await udpPeer();
      await expectSilence(service, Array<Uint8Array>(1000).fill(pattern(60)));
      const genuine = await packetPeer(service);
      await expectSilence(service, [genuine.seal(target, 'unheard')]);
      const other = await packetPeer(service, { host: '127.0.0.2' });
      await other.ask(target, 'from elsewhere');
      expect((await target.next()).payload.toString()).toBe('from elsewhere');
      vi.advanceTimersByTime(60_000);
      await genuine.ask(target, 'heard');
      expect((await target.next()).payload.toString()).toBe('heard');
    } finally {
      vi.useRealTimers();
    }
  });

  it('in the name of a client that is being served do not silence it', async () => {
    const service = await datagramService();
    const target = await udpPeer();
    const client = await packetPeer(service);
    await client.ask(target, 'before');
    await target.next();
    await expectSilence(service, Array<Uint8Array>(1001).fill(pattern(60)));
    await client.ask(target, 'after');
    expect((await target.next()).payload.toString()).toBe('after');
  });
});

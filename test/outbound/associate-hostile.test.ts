import { describe, expect, it, vi } from 'vitest';
import { concat } from '../../shared/bytes.js';
import type { Target } from '../../shared/codec/address.js';
import { type MethodName, methods } from '../../shared/codec/methods.js';
import { packetServer } from '../../shared/codec/packets.js';
import { systemEnvironment } from '../../shared/net/system.js';
import type { Association } from '../../shared/outbound/outbound.js';
import { cipherFor, flipBit, pattern } from '../support/codec.js';
import { type FarEnd, openRelay, socksAnswer, socksClient, socksDatagram } from '../support/relay.js';
import { turnsUntil } from '../support/turns.js';
import { type UdpPeer, udpPeer } from '../support/udp.js';

const target: Target = { host: '192.0.2.1', port: 7 };

/** A remote whose every packet is in the hands of the test. */
async function farEnd(
  name: MethodName = '2022-blake3-aes-256-gcm',
): Promise<FarEnd & { readonly peer: UdpPeer }> {
  const peer = await udpPeer();
  return { peer, host: peer.host, port: peer.port, cipher: cipherFor(methods[name]) };
}

interface Scene {
  readonly far: Awaited<ReturnType<typeof farEnd>>;
  readonly relay: Association;
  readonly client: UdpPeer;
  /** The next datagram that reaches the remote. */
  readonly arrived: () => Promise<{
    readonly target: Target;
    readonly text: string;
    readonly answer: AnswerWith;
  }>;
}

type AnswerWith = (text: string, source?: Target) => Buffer;

async function scene(
  changes: { readonly far?: Scene['far']; readonly announced?: Target } = {},
): Promise<Scene> {
  const { far = await farEnd(), announced } = changes;
  const relay = await openRelay(far, announced === undefined ? {} : { announced });
  const server = packetServer(far.cipher, systemEnvironment);
  return {
    far,
    relay,
    client: await socksClient(),
    arrived: async () => {
      const opened = server.open((await far.peer.next()).payload);
      return {
        target: opened.target,
        text: Buffer.from(opened.payload).toString(),
        answer: (text, source = opened.target) => Buffer.from(opened.sealer.seal(source, Buffer.from(text))),
      };
    },
  };
}

/** Sends these one after the other, then a good one: what arrives next must be that. Counts what was dropped. */
async function expectDropped(
  { relay, client, arrived }: Scene,
  datagrams: readonly Uint8Array[],
  from: UdpPeer = client,
): Promise<void> {
  const before = relay.counts();
  for (const datagram of datagrams) await from.say(datagram, relay.bound);
  await turnsUntil(() => relay.counts().dropped >= before.dropped + datagrams.length);
  await client.say(socksDatagram(target, 'good'), relay.bound);
  expect(await arrived()).toMatchObject({ target, text: 'good' });
  expect(relay.counts().datagramsUp).toBe(before.datagramsUp + 1);
}

describe('what a client sends that is none', () => {
  it.each(Array.from({ length: 41 }, (_, length) => length))(
    '%i random bytes are dropped',
    async (length) => {
      // RSV is set, or the address is unknown, or cut off.
      const shapes = [pattern(length, length + 1), new Uint8Array(length), new Uint8Array(length).fill(0xff)];
      await expectDropped(await scene(), shapes);
    },
  );

  it.each([
    ['RSV set', Uint8Array.of(0, 1, 0, 1, 192, 0, 2, 1, 0, 7, 65)],
    ['the other byte of RSV set', Uint8Array.of(1, 0, 0, 1, 192, 0, 2, 1, 0, 7, 65)],
    ['an unknown address type', Uint8Array.of(0, 0, 0, 2, 192, 0, 2, 1, 0, 7, 65)],
    ['port 0', Uint8Array.of(0, 0, 0, 1, 192, 0, 2, 1, 0, 0, 65)],
    ['a name of no bytes', Uint8Array.of(0, 0, 0, 3, 0, 0, 7, 65)],
    ['a name that is longer than the datagram', Uint8Array.of(0, 0, 0, 3, 9, 97, 98, 0, 7)],
    ['a name with a NUL', concat([Uint8Array.of(0, 0, 0, 3, 3, 97, 0, 98, 0, 7), pattern(9)])],
    ['a cut address', socksDatagram({ host: '2001:db8::1', port: 7 }, '').subarray(0, -1)],
  ])('%s is dropped', async (_what, datagram) => {
    await expectDropped(await scene(), [datagram]);
  });

  it('more than fits into a packet is dropped', async () => {
    const scenery = await scene();
    await scenery.client.say(socksDatagram(target, pattern(65_507 - 10)), scenery.relay.bound);
    await turnsUntil(() => scenery.relay.counts().dropped === 1);
    await expectDropped(scenery, [Uint8Array.of(1)]);
  });
});

describe('a datagram in pieces', () => {
  const piece = (fragment: number, text: string): Uint8Array => socksDatagram(target, text, fragment);

  it('is put together', async () => {
    const { relay, client, arrived } = await scene();
    for (const one of [piece(1, 'a'), piece(2, 'b'), piece(0x83, 'c')]) await client.say(one, relay.bound);
    expect(await arrived()).toMatchObject({ target, text: 'abc' });
  });

  it.each([
    ['out of order', [piece(2, 'b'), piece(1, 'a'), piece(0x83, 'c')]],
    ['without one in the middle', [piece(1, 'a'), piece(0x83, 'c')]],
    ['without the first', [piece(2, 'b'), piece(0x83, 'c')]],
    ['for two targets', [piece(1, 'a'), socksDatagram({ host: '192.0.2.2', port: 7 }, 'b', 0x82)]],
    ['with a whole one in between', [piece(1, 'a'), piece(0, 'good'), piece(0x82, 'b')]],
  ])('is lost when it comes %s', async (_how, pieces) => {
    const { relay, client, arrived } = await scene();
    for (const one of pieces) await client.say(one, relay.bound);
    await client.say(piece(0, 'good'), relay.bound);
    expect(await arrived()).toMatchObject({ target, text: 'good' });
  });

  it('is lost when the last piece comes late', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      const { relay, client, arrived } = await scene();
      await client.say(piece(1, 'in '), relay.bound);
      await client.say(piece(2, 'good '), relay.bound);
      await client.say(piece(0x83, 'time'), relay.bound);
      expect((await arrived()).text).toBe('in good time');

      await client.say(piece(1, 'much '), relay.bound);
      await client.say(piece(2, 'too '), relay.bound);
      // No datagram at all: it touches nothing, and shows that those before it have arrived.
      await client.say('marker', relay.bound);
      await turnsUntil(() => relay.counts().dropped === 1);
      vi.advanceTimersByTime(5000);
      await client.say(piece(0x83, 'late'), relay.bound);
      await client.say(piece(0, 'good'), relay.bound);
      expect((await arrived()).text).toBe('good');
    } finally {
      vi.useRealTimers();
    }
  });

  it('is forgotten after 5 s, by one timer however many are begun', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { relay, client, arrived } = await scene();
      expect(vi.getTimerCount()).toBe(0);
      for (let begun = 0; begun < 10; begun++) await client.say(piece(1, 'never ends'), relay.bound);
      await client.say(piece(0, 'good'), relay.bound);
      await arrived();
      expect(vi.getTimerCount()).toBe(1);
      vi.advanceTimersByTime(5000);
      expect(vi.getTimerCount()).toBe(0);
      await client.say(piece(1, 'once more'), relay.bound);
      await client.say(piece(0, 'good'), relay.bound);
      await arrived();
      expect(vi.getTimerCount()).toBe(1);
      relay.close();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a stranger', () => {
  it('on another address is not heard', async () => {
    await expectDropped(await scene(), [socksDatagram(target, 'me too')], await socksClient('127.0.0.2'));
  });

  it('on another port of the same address is not heard, once the client has spoken', async () => {
    const scenery = await scene();
    await expectDropped(scenery, []);
    await expectDropped(scenery, [socksDatagram(target, 'me too')], await socksClient());
  });

  it('on another port than the announced one is not heard even before', async () => {
    const client = await socksClient();
    const scenery = { ...(await scene({ announced: { host: '127.0.0.1', port: client.port } })), client };
    await expectDropped(scenery, [socksDatagram(target, 'me first')], await socksClient());
  });

  it('cannot take the place of the client with what is no datagram', async () => {
    const scenery = await scene();
    await expectDropped(scenery, [Uint8Array.of(9, 9, 9), new Uint8Array(4)], await socksClient());
  });

  it('does not make an announced port of another host count', async () => {
    await expectDropped(await scene({ announced: { host: '203.0.113.9', port: 9 } }), []);
  });
});

describe('what comes from the side of the remote', () => {
  it('is passed on when it is genuine, and dropped when it is not or not new', async () => {
    const { far, relay, client, arrived } = await scene();
    await client.say(socksDatagram(target, 'ask'), relay.bound);
    const { answer } = await arrived();
    const genuine = answer('one');
    const tampered = Buffer.from(answer('two'));
    tampered.writeUInt8(tampered.readUInt8(30) ^ 1, 30);
    const bound = { host: '127.0.0.1', port: await farPort(far, client, relay) };
    await far.peer.say(tampered, bound);
    for (let repeated = 0; repeated < 3; repeated++) await far.peer.say(genuine, bound);
    for (let length = 0; length <= 40; length++) await far.peer.say(pattern(length), bound);
    await far.peer.say(answer('three'), bound);
    expect(await socksAnswer(client)).toEqual({ source: target, text: 'one' });
    expect(await socksAnswer(client)).toEqual({ source: target, text: 'three' });
    expect(relay.counts()).toMatchObject({ datagramsDown: 2, dropped: 1 + 2 + 41 });
  });

  it.each([
    ['2022-blake3-aes-256-gcm', ['another host', 'the remote'], 1],
    ['aes-256-gcm', ['the remote'], 2],
  ] as const)('with %s is heard when it is genuine, from %j', async (name, expected, dropped) => {
    const { far, relay, client, arrived } = await scene({ far: await farEnd(name) });
    await client.say(socksDatagram(target, 'ask'), relay.bound);
    const { answer } = await arrived();
    const bound = { host: '127.0.0.1', port: await farPort(far, client, relay) };
    await (await udpPeer()).say(answer('another port'), bound);
    await (await udpPeer({ host: '127.0.0.2', port: far.port })).say(answer('another host'), bound);
    await far.peer.say(answer('the remote'), bound);
    for (const text of expected) expect((await socksAnswer(client)).text).toBe(text);
    expect(relay.counts().dropped).toBe(dropped);
  });

  it('is dropped when it is not genuine, whichever host sends it', async () => {
    const { far, relay, client, arrived } = await scene();
    await client.say(socksDatagram(target, 'ask'), relay.bound);
    const { answer } = await arrived();
    const bound = { host: '127.0.0.1', port: await farPort(far, client, relay) };
    const stranger = await udpPeer({ host: '127.0.0.2', port: far.port });
    const genuine = answer('genuine');
    await stranger.say(flipBit(Uint8Array.from(genuine), 300), bound);
    await far.peer.say(genuine, bound);
    await stranger.say(genuine, bound);
    await far.peer.say(answer('last'), bound);
    expect((await socksAnswer(client)).text).toBe('genuine');
    expect((await socksAnswer(client)).text).toBe('last');
    expect(relay.counts().dropped).toBe(2);
  });

  it('is dropped when it is an answer 31 s old, or one to another association', async () => {
    let aside = 0;
    const environment = { ...systemEnvironment, now: () => systemEnvironment.now() + aside };
    const far = await farEnd();
    const server = packetServer(far.cipher, environment);
    const clients = await Promise.all([socksClient(), socksClient()]);
    const [mine, others] = await Promise.all(
      clients.map(async (client) => {
        const relay = await openRelay(far);
        await client.say(socksDatagram(target, 'ask'), relay.bound);
        const { payload, from } = await far.peer.next();
        return { relay, client, from, ...server.open(payload) };
      }),
    );
    if (mine === undefined || others === undefined) throw new Error('associations: expected two');
    aside = -31_000;
    await far.peer.say(mine.sealer.seal(target, Buffer.from('old')), mine.from);
    aside = 0;
    await far.peer.say(others.sealer.seal(target, Buffer.from('not yours')), mine.from);
    await far.peer.say(mine.sealer.seal(target, Buffer.from('yours')), mine.from);
    expect((await socksAnswer(mine.client)).text).toBe('yours');
    expect(mine.relay.counts().dropped).toBe(2);
  });
});

/** The port that the relay sends packets from. */
async function farPort(
  { peer }: { readonly peer: UdpPeer },
  client: UdpPeer,
  relay: Association,
): Promise<number> {
  await client.say(socksDatagram(target, 'where from?'), relay.bound);
  return (await peer.next()).from.port;
}

import { Socket } from 'node:dgram';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Target } from '../../shared/codec/address.js';
import { createResolver, type Resolver } from '../../shared/net/resolve.js';
import { datagramService, packetPeer, type RunningService } from '../support/associations.js';
import { type DnsReply, fakeDns, type FakeDns, type Zone } from '../support/dns.js';
import { settle, turnsUntil } from '../support/turns.js';
import { udpEcho, udpPeer } from '../support/udp.js';

afterEach(() => {
  vi.restoreAllMocks();
});

/** Waits until all associations are over, and says how many datagrams they dropped in all. */
function droppedAtEnd({ service, seen }: RunningService): number {
  service.close();
  return seen('closed').reduce((sum, { datagrams }) => sum + (datagrams?.dropped ?? 0), 0);
}

describe('the guard', () => {
  const refused: readonly Target[] = [
    { host: '127.0.0.1', port: 7 },
    { host: '::1', port: 7 },
    { host: '::ffff:10.0.0.1', port: 7 },
    { host: '192.168.1.1', port: 53 },
    { host: '169.254.169.254', port: 80 },
    { host: '224.0.0.251', port: 5353 },
    { host: '255.255.255.255', port: 9 },
    { host: 'localhost', port: 7 },
    { host: 'printer.local', port: 7 },
    { host: '203.0.113.1', port: 25 },
    { host: '127.0.0.1.example.com.', port: 25 },
    { host: '2130706433', port: 7 },
  ];

  it('drops every datagram to where a remote goes for nobody, without a socket', async () => {
    const send = vi.spyOn(Socket.prototype, 'send');
    const service = await datagramService({ guard: { allowPrivate: false, own: () => [] } });
    const client = await packetPeer(service);
    for (const target of refused) await client.ask(target);
    await client.peer.say('marker', service);
    await turnsUntil(() => service.service.counts().forged === 1);
    await settle();
    // Those of the test itself.
    expect(send).toHaveBeenCalledTimes(refused.length + 1);
    expect(service.seen('opened')).toHaveLength(1);
    expect(droppedAtEnd(service)).toBe(refused.length);
  });

  it('drops datagrams to our own port, private targets allowed or not', async () => {
    const service = await datagramService();
    const client = await packetPeer(service);
    await client.ask(service);
    await client.peer.say('marker', service);
    await turnsUntil(() => service.service.counts().forged > 0);
    expect(service.service.counts()).toEqual({ associations: 1, forged: 1, dropped: 0 });
    expect(droppedAtEnd(service)).toBe(1);
  });
});

describe('a target that is asked for time and again', () => {
  it('is refused each time, and does not open the way to another', async () => {
    const service = await datagramService({ guard: { allowPrivate: false, own: () => [] } });
    const client = await packetPeer(service);
    const target = { host: '127.0.0.1', port: 7 };
    for (let time = 0; time < 3; time += 1) await client.ask(target);
    await client.peer.say('marker', service);
    await turnsUntil(() => service.service.counts().forged === 1);
    expect(droppedAtEnd(service)).toBe(3);
  });

  it('is no longer let through once we listen there ourselves', async () => {
    const own: Target[] = [];
    const service = await datagramService({ guard: { allowPrivate: true, own: () => own } });
    const client = await packetPeer(service);
    const echo = await udpEcho();
    for (const payload of ['one', 'two', 'three']) {
      await client.ask(echo, payload);
      expect(Buffer.from((await client.answer()).payload).toString()).toBe(payload);
    }
    own.push({ host: echo.host, port: echo.port });
    await client.ask(echo);
    await client.peer.say('marker', service);
    await turnsUntil(() => service.service.counts().forged === 1);
    expect(droppedAtEnd(service)).toBe(1);
  });

  it('takes turns with others, and each answers for itself', async () => {
    const service = await datagramService();
    const client = await packetPeer(service);
    const echoes = [await udpEcho(), await udpEcho()] as const;
    for (const at of [0, 0, 1, 1, 0, 1] as const) {
      await client.ask(echoes[at], `to ${at}`);
      const { source, payload } = await client.answer();
      expect([source.port, Buffer.from(payload).toString()]).toEqual([echoes[at].port, `to ${at}`]);
    }
  });
});

describe('a name', () => {
  interface Rig {
    readonly dns: FakeDns;
    readonly resolver: Resolver;
    readonly service: RunningService;
  }

  async function rig(zone: Zone, allowPrivate = true): Promise<Rig> {
    const dns = await fakeDns(zone);
    onTestFinished(() => dns.close());
    const resolver = createResolver({ servers: [dns.address], hosts: '/dev/null' });
    onTestFinished(() => {
      resolver.close();
    });
    const service = await datagramService({ resolver, guard: { allowPrivate, own: () => [] } });
    return { dns, resolver, service };
  }

  const only =
    (...ipv4: readonly string[]): Zone =>
    (_, family): DnsReply => ({ addresses: family === 'A' ? ipv4 : [], ttl: 0 });

  it('is looked up once for all datagrams of an association, and the early ones wait', async () => {
    const { dns, service } = await rig(only('127.0.0.1'));
    const echo = await udpEcho();
    const client = await packetPeer(service);
    const named = { host: 'echo.example', port: echo.port };
    for (let sent = 0; sent < 5; sent++) await client.ask(named, `early ${sent}`);
    for (let sent = 0; sent < 5; sent++) {
      expect(Buffer.from((await client.answer()).payload).toString()).toBe(`early ${sent}`);
    }
    await client.ask(named, 'late');
    const { source, payload } = await client.answer();
    expect(source).toEqual({ host: '127.0.0.1', port: echo.port });
    expect(Buffer.from(payload).toString()).toBe('late');
    expect(dns.asked.filter((question) => question.startsWith('A '))).toEqual(['A echo.example']);
  });

  it('keeps few datagrams waiting, and few names', async () => {
    let answer: (reply: DnsReply) => void = () => undefined;
    const held = new Promise<DnsReply>((resolve) => (answer = resolve));
    const { service } = await rig((_, family) => (family === 'A' ? held : { addresses: [] }));
    const target = await udpPeer();
    const client = await packetPeer(service);
    for (let sent = 0; sent < 20; sent++) {
      await client.ask({ host: 'one.example', port: target.port }, `${sent}`);
    }
    for (let sent = 0; sent < 20; sent++) {
      await client.ask({ host: `${sent}.example`, port: target.port }, 'another');
    }
    await client.peer.say('marker', service);
    await turnsUntil(() => service.service.counts().forged > 0);
    answer({ addresses: ['127.0.0.1'] });
    const heard: string[] = [];
    // 16 to the first name, and one to each of 15 others.
    for (let sent = 0; sent < 31; sent++) heard.push((await target.next()).payload.toString());
    expect(heard.filter((text) => text !== 'another')).toEqual(Array.from({ length: 16 }, (_, n) => `${n}`));
    expect(droppedAtEnd(service)).toBe(4 + 5);
    expect(target.count).toBe(31);
  });

  it('keeps no more than 64 KiB waiting', async () => {
    const { service } = await rig(() => 'silent');
    const client = await packetPeer(service);
    for (let sent = 0; sent < 3; sent++) {
      await client.ask({ host: 'big.example', port: 7 }, Buffer.alloc(30_000));
    }
    await client.peer.say('marker', service);
    await turnsUntil(() => service.service.counts().forged > 0);
    expect(droppedAtEnd(service)).toBe(1);
  });

  it.each(['NXDOMAIN', 'SERVFAIL'] as const)('with %s is dropped, and nobody is told', async (reply) => {
    const { resolver, service } = await rig(() => reply);
    const client = await packetPeer(service);
    await client.ask({ host: 'nobody.example', port: 7 });
    await turnsUntil(() => service.seen('opened').length === 1);
    // This waits for the same answer.
    await expect(resolver.resolve('nobody.example')).rejects.toThrow();
    await settle();
    expect(client.peer.count).toBe(0);
    expect(droppedAtEnd(service)).toBe(1);
  });

  it('that leads to private addresses is dropped, whatever else it leads to at another time', async () => {
    let asked = 0;
    const zone: Zone = (_, family) => {
      if (family === 'AAAA') return { addresses: ['::ffff:127.0.0.1'] };
      return { addresses: [asked++ === 0 ? '10.0.0.1' : '127.0.0.1'], ttl: 0 };
    };
    const { resolver, service } = await rig(zone, false);
    const target = await udpPeer();
    const client = await packetPeer(service);
    for (const name of ['first.example', 'second.example', 'first.example']) {
      await client.ask({ host: name, port: target.port });
      await turnsUntil(() => service.seen('opened').length === 1);
      await resolver.resolve(name);
      await settle();
    }
    expect(droppedAtEnd(service)).toBe(3);
    expect(target.count).toBe(0);
  });

  it('that is found after the association has ended opens nothing', async () => {
    let answer: (addresses: readonly string[]) => void = () => undefined;
    const found = new Promise<readonly string[]>((resolve) => (answer = resolve));
    const resolver = { resolve: () => found, close: () => undefined };
    const service = await datagramService({ resolver });
    const client = await packetPeer(service);
    await client.ask({ host: 'late.example', port: 7 });
    await turnsUntil(() => service.seen('opened').length === 1);
    service.service.close();
    const send = vi.spyOn(Socket.prototype, 'send');
    answer(['127.0.0.1']);
    await settle();
    expect(send).not.toHaveBeenCalled();
  });
});

describe('a target', () => {
  it('sees one sender for all that an association sends, and anyone may answer it', async () => {
    const service = await datagramService();
    const targets = [await udpPeer(), await udpPeer(), await udpPeer()];
    const client = await packetPeer(service);
    const [first, ...others] = await Promise.all(
      targets.map(async (target) => {
        await client.ask(target);
        return (await target.next()).from;
      }),
    );
    if (first === undefined) throw new Error('targets: expected three, got none');
    expect(others).toEqual([first, first]);

    const passerBy = await udpPeer({ host: '127.0.0.2' });
    await passerBy.say('hello', first);
    expect((await client.answer()).source).toEqual({ host: '127.0.0.2', port: passerBy.port });
  });

  it('hears datagrams of no bytes, and may answer with them', async () => {
    const service = await datagramService();
    const echo = await udpEcho();
    const client = await packetPeer(service);
    await client.ask(echo, '');
    expect((await client.answer()).payload).toHaveLength(0);
    expect(echo.count).toBe(1);
  });

  it('may answer more than fits into a packet: that is dropped, and the next is not', async () => {
    const service = await datagramService();
    const target = await udpPeer();
    const client = await packetPeer(service);
    await client.ask(target);
    const { from } = await target.next();
    await target.say(Buffer.alloc(65_507), from);
    await target.say('small', from);
    expect(Buffer.from((await client.answer()).payload).toString()).toBe('small');
    expect(droppedAtEnd(service)).toBe(1);
  });

  it('is reached over both families, IPv4 clients of a dual-stack port too', async () => {
    const service = await datagramService({ host: '::' });
    for (const host of ['127.0.0.1', '::1']) {
      const client = await packetPeer({ ...service, host }, { host });
      for (const echo of [await udpEcho('127.0.0.1'), await udpEcho('::1')]) {
        await client.ask(echo, host);
        expect((await client.answer()).source).toEqual({ host: echo.host, port: echo.port });
      }
    }
    expect(service.service.counts()).toEqual({ associations: 2, forged: 0, dropped: 0 });
  });
});

import { Socket } from 'node:dgram';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { concat } from '../../shared/bytes.js';
import { encodeTarget, type Target } from '../../shared/codec/address.js';
import { DialError } from '../../shared/errors.js';
import type { Resolver } from '../../shared/net/resolve.js';
import type { FarWay } from '../../shared/outbound/associate.js';
import { HopError } from '../../shared/outbound/hop.js';
import { socks5Datagrams } from '../../shared/outbound/socks5-datagrams.js';
import { readUdpHeader } from '../../shared/proxy/udp-header.js';
import { errno, knows } from '../support/fake-net.js';
import type { Peer } from '../support/peer.js';
import { socksDatagram } from '../support/relay.js';
import { hopErrorOf, never, scriptedProxy, type ScriptedProxy, straight } from '../support/scripted-proxy.js';
import { type UdpPeer, udpPeer } from '../support/udp.js';

const target = { host: 'example.com', port: 53 };
const request = '05030001 00000000 0000';

function granted(relay: Target): Uint8Array {
  return concat([Uint8Array.of(5, 0, 0), encodeTarget(relay)]);
}

function proxyWith(relay: Target): Promise<ScriptedProxy> {
  return scriptedProxy([
    { hears: '050100', says: '0500' },
    { hears: request, says: granted(relay) },
  ]);
}

/** Knows two names, and addresses by themselves. */
const known: Readonly<Record<string, string>> = {
  'relay.example': '127.0.0.1',
  'spelt.example': '0:0:0:0:0:0:0:1',
};
const names: Resolver = {
  resolve: (host) => Promise.resolve([known[host] ?? host]),
  close: () => undefined,
};

/** Through a proxy that is known by its name only. */
function associate({ at: { port } }: ScriptedProxy, resolver = names, signal = never): Promise<FarWay> {
  const at = { host: 'proxy.example', port };
  const hop = { protocol: 'SOCKS5', name: 'socks5://proxy.example', at } as const;
  return socks5Datagrams(straight, hop, resolver)({ signal });
}

/** What a way has brought back. */
class Answers {
  readonly got: [Target, string][] = [];
  dropped = 0;
  over: { readonly broken: Error | undefined } | undefined;
  #wake: () => void = () => undefined;

  constructor(way: FarWay) {
    way.attach({
      answered: (source, payload) => {
        this.got.push([source, Buffer.from(payload).toString()]);
        this.#wake();
      },
      dropped: () => {
        this.dropped += 1;
        this.#wake();
      },
      ended: (broken) => {
        this.over = { broken };
        this.#wake();
      },
    });
    onTestFinished(() => {
      way.close();
    });
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

interface Open {
  readonly relay: UdpPeer;
  readonly way: FarWay;
  readonly answers: Answers;
  readonly control: Peer;
  /** Where the way sends from, known by a datagram that it has sent. */
  readonly near: Target;
}

async function opened(bound: Partial<Target> = {}, host = '127.0.0.1'): Promise<Open> {
  const relay = await udpPeer({ host });
  const proxy = await proxyWith({ host: relay.host, port: relay.port, ...bound });
  const way = await associate(proxy);
  const answers = new Answers(way);
  way.send(target, Buffer.from('ping'), () => undefined);
  const { payload, from } = await relay.next();
  expect(readUdpHeader(payload)).toEqual({ fragment: 0, target, payload: Buffer.from('ping') });
  return { relay, way, answers, control: await proxy.played(), near: from };
}

describe('datagrams through a SOCKS5 proxy', () => {
  it.each<[string, Partial<Target>]>([
    ['the address it says', {}],
    ['its own address where it says none', { host: '0.0.0.0' }],
    ['its own address where it says none in IPv6', { host: '::' }],
    ['a name it says', { host: 'relay.example' }],
  ])('go to %s, and answers come back', async (_, bound) => {
    const { relay, answers, near } = await opened(bound);
    await relay.say(socksDatagram({ host: '192.0.2.1', port: 53 }, 'pong'), near);
    await relay.say(socksDatagram(target, 'pong too'), near);
    await answers.until(() => answers.got.length === 2);
    expect(answers.got).toEqual([
      [{ host: '192.0.2.1', port: 53 }, 'pong'],
      [target, 'pong too'],
    ]);
  });

  it.each<[string, Partial<Target>]>([
    ['its address', {}],
    ['a name whose address is spelt in another way', { host: 'spelt.example' }],
  ])('go to a relay in IPv6 by %s', async (_, bound) => {
    const { relay, answers, near } = await opened(bound, '::1');
    await relay.say(socksDatagram(target, 'pong'), near);
    await answers.until(() => answers.got.length === 1);
    expect(answers.got).toEqual([[target, 'pong']]);
  });

  it('come from the relay alone, and make sense', async () => {
    const { relay, answers, near } = await opened();
    const stranger = await udpPeer();
    const neighbour = await udpPeer({ host: '127.0.0.2', port: relay.port });
    await stranger.say(socksDatagram(target, 'forged'), near);
    await neighbour.say(socksDatagram(target, 'forged'), near);
    await relay.say('rubbish', near);
    await answers.until(() => answers.dropped + answers.got.length === 3);
    expect(answers.dropped).toBe(3);
    await relay.say(socksDatagram(target, 'genuine'), near);
    await answers.until(() => answers.got.length === 1);
    expect(answers.got).toEqual([[target, 'genuine']]);
  });

  it('may come in pieces', async () => {
    const { relay, answers, near } = await opened();
    for (const bytes of [
      socksDatagram(target, 'one ', 1),
      socksDatagram(target, 'two ', 2),
      socksDatagram(target, 'three', 0x83),
    ])
      await relay.say(bytes, near);
    await relay.say(socksDatagram(target, 'lost', 2), near);
    await relay.say(socksDatagram(target, 'alone', 0), near);
    await answers.until(() => answers.got.length === 2);
    expect(answers.got.map(([, text]) => text)).toEqual(['one two three', 'alone']);
  });

  it('go nowhere when nothing can name their target, and the way goes on', async () => {
    const { relay, way } = await opened();
    expect(() => {
      way.send({ host: '', port: 53 }, Buffer.from('x'), () => undefined);
    }).toThrow('target domain');
    way.send(target, Buffer.from('y'), () => undefined);
    expect(readUdpHeader((await relay.next()).payload)?.payload).toEqual(Buffer.from('y'));
  });
});

describe('an association at a SOCKS5 proxy', () => {
  it.each(['ends', 'resets'] as const)('is over when the proxy %s its connection', async (how) => {
    const { answers, control, way } = await opened();
    if (how === 'ends') control.end();
    else control.reset();
    await answers.until(() => answers.over !== undefined);
    expect(answers.over?.broken === undefined).toBe(how === 'ends');
    const failure = await new Promise((resolve) => {
      way.send(target, Buffer.from('late'), resolve);
    });
    expect(failure).toBeInstanceOf(Error);
  });

  it('whose connection had ended before anybody listened is over for who comes then', async () => {
    const proxy = await proxyWith({ host: '127.0.0.1', port: 9 });
    const way = await associate(proxy);
    (await proxy.played()).end();
    const answers = new Answers(way);
    await answers.until(() => answers.over !== undefined);
    expect(answers.over?.broken).toBeUndefined();
  });

  it('hears nothing of words on its connection, and takes the connection with it', async () => {
    const { answers, control, way, relay, near } = await opened();
    await control.send('what is this?');
    await relay.say(socksDatagram(target, 'still here'), near);
    await answers.until(() => answers.got.length === 1);
    way.close();
    way.close();
    await control.ended();
    expect(answers.over).toBeUndefined();
  });

  it('is refused with a number', async () => {
    const proxy = await scriptedProxy([
      { hears: '050100', says: '0500' },
      { hears: request, says: '05070001 00000000 0000' },
    ]);
    expect(await hopErrorOf(associate(proxy))).toMatchObject({
      phase: 'request',
      fault: 'refused',
      reply: 7,
      code: 'command-not-supported',
    });
    await (await proxy.played()).ended();
  });

  const nowhere: Resolver = {
    resolve: () =>
      Promise.reject(new DialError('name-not-resolved', 'name: expected an address, got ENOTFOUND')),
    close: () => undefined,
  };
  it.each<[string, Target, Resolver, string]>([
    [
      'no port',
      { host: '127.0.0.1', port: 0 },
      knows(),
      'SOCKS5 relay: expected a port of 1 to 65535, got 0',
    ],
    ['a dead name', { host: 'a.example', port: 9 }, nowhere, 'name: expected an address, got ENOTFOUND'],
    ['a name of nothing', { host: 'a.example', port: 9 }, knows(), 'name: expected an address, got none'],
  ])('is none when the relay has %s', async (_, relay, resolver, message) => {
    const proxy = await proxyWith(relay);
    const error = await hopErrorOf(associate(proxy, resolver));
    expect(error).toMatchObject({ phase: 'request', fault: 'invalid' });
    expect(error.message).toBe(`socks5://proxy.example: ${message}`);
    await (await proxy.played()).ended();
  });

  it('is none without a socket of our own, which is no word against the proxy', async () => {
    const proxy = await proxyWith({ host: '127.0.0.1', port: 9 });
    const bind = vi.spyOn(Socket.prototype, 'bind').mockImplementationOnce(function (this: Socket) {
      this.emit('error', errno('EMFILE'));
      return this;
    });
    onTestFinished(() => {
      bind.mockRestore();
    });
    const error: unknown = await associate(proxy).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DialError);
    expect(error).not.toBeInstanceOf(HopError);
    expect(error).toMatchObject({ message: 'dial: expected a connection, got EMFILE' });
    await (await proxy.played()).ended();
  });

  it('is given up while the name of the relay is looked up', async () => {
    const proxy = await proxyWith({ host: 'slow.example', port: 9 });
    const leaving = new AbortController();
    const slow: Resolver = {
      resolve: () => {
        leaving.abort(new Error('enough'));
        return new Promise(() => undefined);
      },
      close: () => undefined,
    };
    const error = await hopErrorOf(associate(proxy, slow, leaving.signal));
    expect(error).toMatchObject({ phase: 'request', fault: 'given-up' });
    await (await proxy.played()).ended();
  });
});

import { Socket } from 'node:dgram';
import dns from 'node:dns';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  anyAddress,
  bindDatagrams,
  type Datagrams,
  type DatagramSink,
  type Endpoint,
  maxDatagram,
  openDatagrams,
} from '../../shared/net/datagrams.js';
import { routedAddress } from '../../shared/net/routes.js';
import { pattern } from '../support/codec.js';
import { udpPeer } from '../support/udp.js';

afterEach(() => {
  vi.restoreAllMocks();
});

const ignore = (): void => undefined;

interface Listening {
  readonly socket: Datagrams;
  /** What nobody has taken yet. */
  readonly heard: readonly Heard[];
  readonly next: () => Promise<Heard>;
}

/** A bound socket. */
async function bound(host = '127.0.0.1'): Promise<Listening> {
  const socket = await bindDatagrams({ host, port: 0 });
  onTestFinished(() => {
    socket.close();
  });
  const heard: Heard[] = [];
  socket.attach({
    received: (datagram, from) => heard.push({ text: Buffer.from(datagram).toString(), from }),
    failed: ignore,
  });
  return { socket, heard, next: () => vi.waitUntil(() => heard.shift(), { interval: 1 }) };
}

interface Heard {
  readonly text: string;
  readonly from: Endpoint;
}

function opened(family: 4 | 6, sink: Partial<DatagramSink> = {}): Datagrams {
  const socket = openDatagrams(family, { received: ignore, failed: ignore, ...sink });
  onTestFinished(() => {
    socket.close();
  });
  return socket;
}

describe('a socket for datagrams', () => {
  it.each(['127.0.0.1', '::1'])('on %s sends, and hears who sent what', async (host) => {
    const { socket, next } = await bound(host);
    const peer = await udpPeer({ host });
    await peer.say('up', socket.address);
    const { text, from } = await next();
    expect({ text, ...from }).toMatchObject({ text: 'up', address: host, port: peer.port });
    socket.send(Buffer.from('down'), from, ignore);
    expect(await peer.next()).toMatchObject({ payload: Buffer.from('down'), from: socket.address });
  });

  it('on every IPv6 address hears IPv4 as well, and can answer it', async () => {
    const { socket, next } = await bound('::');
    const peer = await udpPeer();
    await peer.say('up', { host: '127.0.0.1', port: socket.address.port });
    const { from } = await next();
    expect(from.address).toBe('::ffff:127.0.0.1');
    socket.send(Buffer.from('down'), from, ignore);
    expect((await peer.next()).payload.toString()).toBe('down');
  });

  it('that cannot be had is refused with the error of the system', async () => {
    const { port } = await udpPeer();
    await expect(bindDatagrams({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(bindDatagrams({ host: '203.0.113.77', port: 0 })).rejects.toMatchObject({
      code: 'EADDRNOTAVAIL',
    });
  });

  it('asks nobody what an address means', async () => {
    const lookup = vi.spyOn(dns, 'lookup');
    const peer = await udpPeer();
    const before = lookup.mock.calls.length;
    const { socket } = await bound();
    socket.send(Buffer.from('x'), { address: '127.0.0.1', port: peer.port }, ignore);
    await peer.next();
    expect(lookup).toHaveBeenCalledTimes(before);
  });

  it('says what became of a datagram, too long a one and one after the end included', async () => {
    const peer = await udpPeer();
    const to = { address: peer.host, port: peer.port };
    let { socket } = await bound();
    const send = (datagram: Uint8Array): Promise<string | undefined> =>
      new Promise((resolve) => {
        socket.send(datagram, to, (error) => {
          resolve(error?.message);
        });
      });
    expect(await send(pattern(maxDatagram))).toBeUndefined();
    expect((await peer.next()).payload).toEqual(Buffer.from(pattern(maxDatagram)));
    expect(await send(pattern(maxDatagram + 1))).toBe('datagram: expected at most 65507 bytes, got more');
    socket.close();
    expect(await send(pattern(1))).toMatch(/full or closed/);
    ({ socket } = await bound());
    vi.spyOn(Socket.prototype, 'getSendQueueSize').mockReturnValueOnce(2 ** 21);
    expect(await send(pattern(1))).toMatch(/full or closed/);
    expect(await send(pattern(1))).toBeUndefined();
  });

  it('with a full queue takes nothing until it has room, and is looked at every 64 KiB', async () => {
    const { socket } = await bound();
    const to = { address: '127.0.0.1', port: (await udpPeer()).port };
    const sent = vi.fn();
    const queue = vi.spyOn(Socket.prototype, 'getSendQueueSize').mockReturnValue(0);
    for (let time = 0; time < 100; time += 1) socket.send(pattern(1000), to, sent);
    expect(queue).toHaveBeenCalledTimes(2);
    queue.mockReturnValue(2 ** 21);
    for (let time = 0; time < 100; time += 1) socket.send(pattern(1000), to, sent);
    const refused = sent.mock.calls.filter(([error]) => error !== null);
    expect(refused).toHaveLength(100 - 32);
    queue.mockReturnValue(0);
    const again = vi.fn();
    socket.send(pattern(1000), to, again);
    await vi.waitFor(() => {
      expect(again).toHaveBeenCalledExactlyOnceWith(null);
    });
  });

  it('asks after one of sixteen datagrams while all goes well, and after each once one is refused', async () => {
    const { socket } = await bound();
    const to = { address: '127.0.0.1', port: (await udpPeer()).port };
    const answers: (Error | null)[] = [];
    const trouble = new Error('send ENETUNREACH');
    let fault: Error | null = null;
    let asked = 0;
    vi.spyOn(Socket.prototype, 'send').mockImplementation((...args: unknown[]) => {
      const told = args.at(-1);
      if (typeof told !== 'function') return;
      asked += 1;
      (told as (error: Error | null) => void)(fault);
    });
    const send = (count: number): void => {
      for (let time = 0; time < count; time += 1) {
        socket.send(pattern(1), to, (error) => answers.push(error));
      }
    };
    send(32);
    expect(asked).toBe(2);
    fault = trouble;
    send(20);
    expect(answers).toEqual([null, null, ...new Array<Error>(20).fill(trouble)]);
    fault = null;
    send(17);
    expect(asked).toBe(24);
  });

  it('hears nothing after its end, and may be closed twice', async () => {
    const { socket, heard } = await bound();
    const address = socket.address;
    socket.close();
    socket.close();
    const successor = await vi.waitFor(() => udpPeer(address));
    await (await udpPeer()).say('too late', address);
    expect((await successor.next()).payload.toString()).toBe('too late');
    expect(heard).toEqual([]);
  });
});

describe('a socket of a family', () => {
  it.each([
    [4, '127.0.0.1'],
    [6, '::1'],
  ] as const)('IPv%i has a port of its own from its first datagram on', async (family, host) => {
    const heard: string[] = [];
    const socket = opened(family, { received: (datagram) => heard.push(Buffer.from(datagram).toString()) });
    const peer = await udpPeer({ host });
    socket.send(Buffer.from('up'), { address: host, port: peer.port }, ignore);
    const { payload, from } = await peer.next();
    expect(payload.toString()).toBe('up');
    expect(socket.address).toEqual({ host: anyAddress[family], port: from.port });
    await peer.say('down', from);
    await vi.waitUntil(() => heard.length > 0);
    expect(heard).toEqual(['down']);
  });

  it('tells its sink when there is no port for it', () => {
    vi.spyOn(Socket.prototype, 'bind').mockImplementation(function (this: Socket) {
      this.emit('error', Object.assign(new Error('bind EMFILE 0.0.0.0'), { code: 'EMFILE' }));
      return this;
    });
    const failed = vi.fn();
    opened(4, { failed }).send(Buffer.from('x'), { address: '127.0.0.1', port: 9 }, ignore);
    expect(failed).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'EMFILE' }));
  });

  it('hears no complaint of a host where nobody listens', async () => {
    const failed = vi.fn();
    const sent = vi.fn();
    const send = vi.spyOn(Socket.prototype, 'send');
    const attached = send.mock.contexts as Socket[];
    const socket = opened(4, { failed });
    const peer = await udpPeer();
    const gone = await udpPeer();
    gone.close();
    for (let datagram = 0; datagram < 10; datagram++) {
      socket.send(Buffer.from('x'), { address: gone.host, port: gone.port }, sent);
      socket.send(Buffer.from('y'), { address: peer.host, port: peer.port }, sent);
      await peer.next();
    }
    // As other systems than Linux say it.
    attached[0]?.emit('error', Object.assign(new Error('recvmsg ECONNRESET'), { code: 'ECONNRESET' }));
    expect(failed).not.toHaveBeenCalled();
    expect(sent.mock.calls.every(([error]) => error === null)).toBe(true);
  });
});

describe('of several addresses', () => {
  // Connecting to the broadcast address is not permitted, which stands for a host without IPv4 here.
  it.each([
    ['nothing of nothing', [], undefined],
    ['the only one', ['2001:db8::1'], '2001:db8::1'],
    ['the only one, a route or not', ['255.255.255.255'], '255.255.255.255'],
    ['IPv4 before IPv6', ['::1', '127.0.0.1', '127.0.0.2'], '127.0.0.1'],
    ['IPv6 when there is no route to IPv4', ['::1', '255.255.255.255'], '::1'],
  ])('datagrams go to %s', async (_which, addresses, chosen) => {
    expect(await routedAddress(addresses)).toBe(chosen);
  });
});

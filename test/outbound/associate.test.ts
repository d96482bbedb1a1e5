import { Socket } from 'node:dgram';
import { describe, expect, it, vi } from 'vitest';
import { systemEnvironment } from '../../shared/net/system.js';
import { tunnelAssociator } from '../../shared/outbound/associate.js';
import { datagramService } from '../support/associations.js';
import { allMethods, pattern } from '../support/codec.js';
import { openRelay, socksAnswer, socksClient, socksDatagram, unspecified } from '../support/relay.js';
import { udpEcho, udpPeer } from '../support/udp.js';

describe.each(allMethods)('an association with $name', ({ name }) => {
  it('carries datagrams of every size both ways, and counts them', async () => {
    const relay = await openRelay(await datagramService({ method: name }));
    const echo = await udpEcho();
    const client = await socksClient();
    const sizes = [0, 1, 2, 100, 1199, 1400, 9000];
    for (const size of sizes) {
      const payload = pattern(size);
      await client.say(socksDatagram(echo, payload), relay.bound);
      const { payload: answer, from } = await client.next();
      expect(from).toEqual(relay.bound);
      expect(answer).toEqual(Buffer.from(socksDatagram(echo, payload)));
    }
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    const datagrams = { datagramsUp: sizes.length, datagramsDown: sizes.length, dropped: 0 };
    expect(relay.counts()).toEqual({ up: bytes, down: bytes, ...datagrams });
  });
});

describe('an association', () => {
  it('keeps the answers of several targets apart', async () => {
    const relay = await openRelay(await datagramService());
    const client = await socksClient();
    const echoes = await Promise.all([udpEcho(), udpEcho(), udpEcho('::1')]);
    for (const { host, port } of echoes)
      await client.say(socksDatagram({ host, port }, `to ${port}`), relay.bound);
    const answers = await Promise.all(echoes.map(() => socksAnswer(client)));
    for (const { host, port } of echoes) {
      expect(answers).toContainEqual({ source: { host, port }, text: `to ${port}` });
    }
  });

  it('takes a name as the target, and answers with the address that it turned out to be', async () => {
    const relay = await openRelay(await datagramService());
    const client = await socksClient();
    const echo = await udpEcho();
    await client.say(socksDatagram({ host: 'localhost', port: echo.port }, 'by name'), relay.bound);
    expect(await socksAnswer(client)).toEqual({
      source: { host: '127.0.0.1', port: echo.port },
      text: 'by name',
    });
  });

  it('listens on the very address that the connection came to, IPv4 behind an IPv6 socket too', async () => {
    const service = await datagramService();
    const near = { host: '::ffff:127.0.0.1', port: 1080 };
    const mapped = await openRelay(service, { near, host: '::ffff:127.0.0.1' });
    expect(mapped.bound.host).toBe('127.0.0.1');
    const six = await openRelay(service, { near: { host: '::1', port: 1080 }, host: '::1' });
    expect(six.bound.host).toBe('::1');

    const echo = await udpEcho();
    for (const [relay, host] of [
      [mapped, '127.0.0.1'],
      [six, '::1'],
    ] as const) {
      const client = await socksClient(host);
      await client.say(socksDatagram(echo, host), relay.bound);
      expect((await socksAnswer(client)).text).toBe(host);
    }
  });

  it('gives its port back when it is closed, and says that nothing broke it', async () => {
    const relay = await openRelay(await datagramService());
    relay.close();
    relay.close();
    expect(await relay.closed).toBeUndefined();
    await vi.waitFor(() => udpPeer(relay.bound));
  });

  it('survives a remote that is not there, and serves when it comes', async () => {
    const free = await udpPeer();
    const remote = { host: free.host, port: free.port };
    free.close();
    const { cipher } = await datagramService();
    const relay = await openRelay({ ...remote, cipher });
    const client = await socksClient();
    const echo = await udpEcho();
    for (let sent = 0; sent < 20; sent++) await client.say(socksDatagram(echo, 'nobody'), relay.bound);

    await vi.waitFor(() => {
      expect(relay.counts().datagramsUp).toBe(20);
    });
    const late = await udpPeer(remote);
    await client.say(socksDatagram(echo, 'somebody'), relay.bound);
    expect((await late.next()).payload.length).toBeGreaterThan(50);
  });

  it('is refused as a general failure when the remote has no address', async () => {
    const associate = tunnelAssociator({
      remote: { host: 'nobody.invalid', port: 1 },
      cipher: (await datagramService()).cipher,
      environment: systemEnvironment,
      resolver: { resolve: () => Promise.reject(new Error('no such name')), close: () => undefined },
      timeouts: { dialMs: 1000 },
      crowded: () => undefined,
    });
    const client = { near: { host: '127.0.0.1', port: 1 }, host: '127.0.0.1', announced: unspecified };
    await expect(associate(client, { signal: new AbortController().signal })).rejects.toMatchObject({
      name: 'DialError',
      code: 'general-failure',
      message: 'remote nobody.invalid:1: no such name',
    });
  });

  it('is refused, and leaves no port open, when there is no descriptor for the second socket', async () => {
    const service = await datagramService();
    const real = Reflect.get(Socket.prototype, 'bind') as (this: Socket, ...words: unknown[]) => Socket;
    const bound: Socket[] = [];
    vi.spyOn(Socket.prototype, 'bind').mockImplementation(function (this: Socket, ...words: unknown[]) {
      if (bound.push(this) === 1) return real.apply(this, words);
      this.emit('error', Object.assign(new Error('bind EMFILE 0.0.0.0'), { code: 'EMFILE' }));
      return this;
    });
    await expect(openRelay(service)).rejects.toMatchObject({
      code: 'general-failure',
      message: expect.stringMatching(/^remote 127\.0\.0\.1:\d+: bind EMFILE/) as string,
    });
    vi.restoreAllMocks();
    expect(bound).toHaveLength(2);
    for (const socket of bound) expect(() => socket.address()).toThrow(/not running/i);
  });

  it('is given up with the reason of its signal while the name of the remote is looked up', async () => {
    const associate = tunnelAssociator({
      remote: { host: 'slow.invalid', port: 1 },
      cipher: (await datagramService()).cipher,
      environment: systemEnvironment,
      resolver: { resolve: () => new Promise(() => undefined), close: () => undefined },
      timeouts: { dialMs: 60_000 },
      crowded: () => undefined,
    });
    const client = { near: { host: '127.0.0.1', port: 1 }, host: '127.0.0.1', announced: unspecified };
    const controller = new AbortController();
    const opening = associate(client, { signal: controller.signal });
    controller.abort(new Error('the client has left'));
    await expect(opening).rejects.toThrow('the client has left');
    await expect(associate(client, { signal: controller.signal })).rejects.toThrow('the client has left');
  });

  it('leaves no port open for a client that leaves while its sockets are bound', async () => {
    const { cipher, host, port } = await datagramService();
    const controller = new AbortController();
    const real = Reflect.get(Socket.prototype, 'bind') as (this: Socket, ...words: unknown[]) => Socket;
    const bound: Socket[] = [];
    vi.spyOn(Socket.prototype, 'bind').mockImplementation(function (this: Socket, ...words: unknown[]) {
      if (bound.push(this) === 2) controller.abort(new Error('the client has left'));
      return real.apply(this, words);
    });
    const associate = tunnelAssociator({
      ...{ remote: { host, port }, cipher, environment: systemEnvironment, timeouts: { dialMs: 1000 } },
      crowded: () => undefined,
      resolver: { resolve: () => Promise.resolve([host]), close: () => undefined },
    });
    const client = { near: { host: '127.0.0.1', port: 1 }, host: '127.0.0.1', announced: unspecified };
    const opening = associate(client, { signal: controller.signal });
    await expect(opening).rejects.toThrow('the client has left');
    vi.restoreAllMocks();
    expect(bound).toHaveLength(2);
    for (const socket of bound) expect(() => socket.address()).toThrow(/not running/i);
  });

  it('ends with the error of its socket', async () => {
    const bind = vi.spyOn(Socket.prototype, 'bind');
    const relay = await openRelay(await datagramService());
    const [near, far] = bind.mock.contexts.slice(-2) as Socket[];
    bind.mockRestore();
    if (near === undefined || far === undefined) throw new Error('sockets: expected two, got fewer');
    const closed = Promise.all(
      [near, far].map((socket) => new Promise((resolve) => socket.once('close', resolve))),
    );
    far.emit('error', Object.assign(new Error('recvmsg ENOBUFS'), { code: 'ENOBUFS' }));
    expect(await relay.closed).toMatchObject({ code: 'ENOBUFS' });
    await closed;
  });
});

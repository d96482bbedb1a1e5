import { once } from 'node:events';
import { connect, createServer, type Server, Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { DialError, RefusedError } from '../../shared/errors.js';
import { dial } from '../../shared/net/dial.js';
import { refusalOf } from '../../shared/net/dial-errors.js';
import { createResolver } from '../../shared/net/resolve.js';
import { fakeDns } from '../support/dns.js';
import { errno, fakeNet, knows } from '../support/fake-net.js';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A listener on loopback that says which of its own it is. */
async function listener(
  host = '127.0.0.1',
  port = 0,
): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(host);
  });
  server.listen({ host, port, ipv6Only: host.includes(':') });
  await once(server, 'listening');
  cleanups.push(() => new Promise((closed) => server.close(closed)));
  return { port: (server.address() as { port: number }).port, server };
}

/** A port nobody listens on. */
async function refusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

const target = { host: 'example.com', port: 80 };
const ours = ['connect', 'error', 'close'];

function listenersOf(socket: Socket): number {
  return ours.reduce((count, event) => count + socket.listenerCount(event), 0);
}

describe('dialling on loopback', () => {
  const real = { timeoutMs: 5_000, socket: (host: string, port: number): Socket => connect({ host, port }) };

  const loopbacks = Object.values(networkInterfaces()).flatMap((each = []) =>
    each.map(({ address }) => address),
  );

  it.each(['127.0.0.1', '::1'].filter((host) => loopbacks.includes(host)))(
    'reaches the literal %s and hands over a socket without listeners of ours',
    async (host) => {
      const { port } = await listener(host);
      const untouched = new Socket();
      const socket = await dial({ host, port }, { ...real, resolver: knows() });
      expect(listenersOf(socket)).toBe(listenersOf(untouched));
      expect(socket.remoteAddress).toBe(host);
      const [said] = (await once(socket, 'data')) as [Buffer];
      expect(said.toString()).toBe(host);
      socket.destroy();
    },
  );

  it('falls to the family that answers', async () => {
    const { port } = await listener('127.0.0.1');
    const socket = await dial({ ...target, port }, { ...real, resolver: knows('127.0.0.1', '::1') });
    expect(socket.remoteAddress).toBe('127.0.0.1');
    socket.destroy();
  });

  it('says when it was refused, without naming the target', async () => {
    const dialling = dial({ host: '127.0.0.1', port: await refusedPort() }, { ...real, resolver: knows() });
    await expect(dialling).rejects.toThrow(DialError);
    await expect(dialling).rejects.toMatchObject({
      code: 'connection-refused',
      message: 'dial: expected a connection, got ECONNREFUSED',
    });
  });

  it('dials the very address the guard has seen, though the name would answer otherwise the next time', async () => {
    const { port } = await listener('127.0.0.1');
    const answers = ['93.184.216.34', '127.0.0.1'];
    const dns = await fakeDns((_, family) => ({
      addresses: family === 'A' ? answers.splice(0, 1) : [],
      ttl: 0,
    }));
    cleanups.push(() => dns.close());
    const resolver = createResolver({ servers: [dns.address] });
    const { options, dialled } = fakeNet({ '93.184.216.34': 'connects' });
    const guard = { allowPrivate: false, own: () => [] };
    const dialThere = (): Promise<Socket> =>
      dial({ host: 'rebind.example', port }, { ...options, resolver, guard });
    (await dialThere()).destroy();
    await expect(dialThere()).rejects.toThrow(RefusedError);
    expect(dialled).toEqual(['93.184.216.34']);
  });
});

describe('dialling behind the guard', () => {
  const guard = { allowPrivate: false, own: () => [] };

  it('uses only the public addresses of a mixed answer', async () => {
    const { options, dialled } = fakeNet(
      { '::ffff:127.0.0.1': 'connects', '10.0.0.1': 'connects', '93.184.216.34': 'connects' },
      { guard },
    );
    await dial(target, options);
    expect(dialled).toEqual(['93.184.216.34']);
  });

  it.each([
    '127.0.0.1',
    '::1',
    '::ffff:7f00:1',
    '169.254.169.254',
    'localhost',
    'metadata.google.internal',
    'example.com',
  ])('makes no socket for %s when all it stands for is private', async (host) => {
    const { options, dialled } = fakeNet({ '127.0.0.1': 'connects', 'fd00::1': 'connects' }, { guard });
    await expect(dial({ host, port: 80 }, options)).rejects.toThrow(RefusedError);
    expect(dialled).toEqual([]);
  });

  it.each([
    ['a private name', 'localhost', 80],
    ['port 25', 'example.com', 25],
  ])('does not even look up a target that is refused for %s', async (_, host, port) => {
    const { options } = fakeNet({ '93.184.216.34': 'connects' }, { guard });
    const looked: string[] = [];
    const resolver = {
      ...options.resolver,
      resolve: (name: string): Promise<readonly string[]> => {
        looked.push(name);
        return options.resolver.resolve(name);
      },
    };
    await expect(dial({ host, port }, { ...options, resolver })).rejects.toThrow(RefusedError);
    expect(looked).toEqual([]);
  });

  it('tells the failure of the public addresses, not the refusal of the others', async () => {
    const { options } = fakeNet(
      { '127.0.0.1': 'connects', '93.184.216.34': errno('ECONNREFUSED') },
      { guard },
    );
    await expect(dial(target, options)).rejects.toMatchObject({ code: 'connection-refused' });
  });
});

describe('the refusal behind an error', () => {
  it.each([
    ['ECONNREFUSED', 'connection-refused'],
    ['ENETUNREACH', 'network-unreachable'],
    ['ENETDOWN', 'network-unreachable'],
    ['EHOSTUNREACH', 'host-unreachable'],
    ['ETIMEDOUT', 'timed-out'],
    ['ENOTFOUND', 'name-not-resolved'],
    ['EACCES', 'not-allowed'],
    ['EPERM', 'not-allowed'],
    ['EADDRNOTAVAIL', 'general-failure'],
    ['__proto__', 'general-failure'],
  ])('%s is %s', (code, refusal) => {
    expect(refusalOf(errno(code))).toBe(refusal);
  });

  it('is the one an error of ours names, and a general failure for what is no error', () => {
    expect(refusalOf(new DialError('timed-out', 'late'))).toBe('timed-out');
    expect(refusalOf(new RefusedError('no'))).toBe('not-allowed');
    expect(refusalOf('ECONNREFUSED')).toBe('general-failure');
  });
});

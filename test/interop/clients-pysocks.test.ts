import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { content, digest, type Receipt } from './content.js';
import { askingDoors, doors, password, user } from './doors.js';
import { pysocks, type PySocksTask } from './pysocks.js';
import { startTarget } from './target.js';

const length = 100_000;
const path = `/${length}/1`;

async function fetched(task: PySocksTask): Promise<{ complaint: string; answer: Receipt }> {
  const { complaint, output } = await pysocks({ ...task, path });
  return { complaint, answer: await digest([output]) };
}

async function asSent(): Promise<{ complaint: string; answer: Receipt }> {
  return { complaint: '', answer: await digest(content(length, 1)) };
}

describe.each(Object.entries(doors))('PySocks over %s', (_name, startDoor) => {
  it.each(['SOCKS4', 'SOCKS5', 'HTTP'] as const)(
    'gets answers by %s from a name, looked up here or there',
    async (kind) => {
      const door = await startDoor();
      const target = await startTarget();
      for (const rdns of [false, true]) {
        const task = { kind, rdns, proxy: door.port, target: ['localhost', target.port] } as const;
        expect(await fetched(task)).toEqual(await asSent());
      }
      await door.expectThrough(target);
    },
  );

  it('sends and receives datagrams of every size, and from names as from addresses', async () => {
    const door = await startDoor();
    const port = await startEcho();
    const lengths = [0, 1, 2, 39, 40, 512, 1232, 1400, 8000];
    for (const host of ['127.0.0.1', 'localhost']) {
      const { complaint, output } = await pysocks({
        kind: 'UDP',
        proxy: door.port,
        target: [host, port],
        lengths,
      });
      expect(complaint).toBe('');
      expect(JSON.parse(output.toString())).toEqual(lengths.map((bytes) => [bytes, '127.0.0.1', port]));
    }
  });
});

describe.each(Object.entries(askingDoors))('PySocks at %s', (_name, startDoor) => {
  it('comes in by SOCKS5 and by HTTP with its password', async () => {
    const door = await startDoor();
    const target = await startTarget();
    for (const kind of ['SOCKS5', 'HTTP'] as const) {
      const login = [user, password];
      const task = { kind, proxy: door.port, login, target: ['localhost', target.port] } as const;
      expect(await fetched(task)).toEqual(await asSent());
    }
    await door.expectThrough(target);
  });

  it('hears by each protocol that it may not come in with a wrong password, or with none', async () => {
    const { port: proxy } = await startDoor();
    const target = await startTarget();
    const wrong = [user, 'another'];
    for (const [kind, login, says] of [
      ['SOCKS5', wrong, 'SOCKS5 authentication failed'],
      ['SOCKS5', [], 'All offered SOCKS5 authentication methods were rejected'],
      ['SOCKS4', [], '0x5b: Request rejected or failed'],
      ['HTTP', wrong, '407: Proxy Authentication Required'],
      ['HTTP', [], '407: Proxy Authentication Required'],
    ] as const) {
      const outcome = await pysocks({ kind, proxy, login, target: ['localhost', target.port], path });
      expect(outcome).toMatchObject({ exitCode: 1, complaint: expect.stringContaining(says) as string });
    }
    expect(target.peers()).toEqual([]);
  });

  it('sends and receives datagrams with its password', async () => {
    const door = await startDoor();
    const port = await startEcho();
    const task = {
      kind: 'UDP',
      proxy: door.port,
      login: [user, password],
      target: ['127.0.0.1', port],
    } as const;
    const { complaint, output } = await pysocks({ ...task, lengths: [1400] });
    expect(complaint).toBe('');
    expect(JSON.parse(output.toString())).toEqual([[1400, '127.0.0.1', port]]);
  });
});

/** A port of 127.0.0.1 from which every datagram comes back. */
async function startEcho(): Promise<number> {
  const socket = createSocket('udp4');
  socket.on('message', (payload, { port, address }) => {
    socket.send(payload, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(async () => {
    socket.close();
    await once(socket, 'close');
  });
  return socket.address().port;
}

import { describe, expect, it, vi } from 'vitest';
import { methods, type MethodName } from '../../shared/codec/methods.js';
import { askAssociation, udpClient, type UdpClient } from '../support/associate.js';
import { pattern } from '../support/codec.js';
import { socksAnswer, socksDatagram } from '../support/relay.js';
import { remoteHalf, startTunnel } from '../support/tunnel.js';
import { settle } from '../support/turns.js';
import { type UdpPeer, udpEcho, udpPeer } from '../support/udp.js';

/** What an answer of an IPv4 address is longer for being sealed, in bytes. */
const overheads = {
  '2022-blake3-aes-256-gcm': 16 + 19 + 7 + 16,
  '2022-blake3-aes-128-gcm': 16 + 19 + 7 + 16,
  '2022-blake3-chacha20-poly1305': 24 + 16 + 19 + 7 + 16,
  'aes-256-gcm': 32 + 7 + 16,
  'aes-128-gcm': 16 + 7 + 16,
  'chacha20-ietf-poly1305': 32 + 7 + 16,
  'xchacha20-ietf-poly1305': 32 + 7 + 16,
} satisfies Record<MethodName, number>;

const largest = 65_507;

async function expectEchoed(client: UdpClient, echo: UdpPeer, payload: Uint8Array): Promise<void> {
  await client.send(echo, payload);
  const answer = await client.socket.next();
  expect(answer.payload.equals(socksDatagram(echo, payload))).toBe(true);
}

describe.each(['raw', 'shadowsocks'] as const)('datagrams through both halves, %s wire', (wire) => {
  describe.each(Object.values(methods))('with $name', ({ name }) => {
    it('come back as they were sent, from no byte to 1,400', async () => {
      const tunnel = await startTunnel({ remote: { method: name }, local: { wire } });
      const echo = await udpEcho();
      const client = await udpClient(tunnel.local.port);
      for (let size = 0; size <= 1400; size += size < 40 || size > 1360 ? 1 : 17) {
        await expectEchoed(client, echo, pattern(size, size + 1));
      }
    });

    it('may be as large as a sealed one can be, and no larger', async () => {
      const tunnel = await startTunnel({ remote: { method: name }, local: { wire } });
      const echo = await udpEcho();
      const client = await udpClient(tunnel.local.port);
      const most = largest - overheads[name];
      await expectEchoed(client, echo, pattern(most));
      await client.send(echo, pattern(most + 1));
      await expectEchoed(client, echo, pattern(20));
      expect(client.socket.count).toBe(2);
    });
  });

  it('are counted by both halves when the association is over', async () => {
    const { local, remote } = await startTunnel({ local: { wire } });
    const target = await udpPeer();
    const client = await udpClient(local.port);
    await client.send(target, 'twelve bytes');
    const { from } = await target.next();
    await target.say('yes', from);
    await client.socket.next();
    await client.socket.say('no datagram', client.relay);
    await client.send(target, 'x');
    await target.next();
    client.control.end();
    await vi.waitFor(() => {
      expect(local.seen('closed')).toHaveLength(1);
    });
    await remote.service.stop(0);
    const carried = { up: 13, down: 3 };
    expect(local.seen('closed')[0]).toMatchObject({ ...carried, datagrams: { up: 2, down: 1, dropped: 1 } });
    expect(local.seen('closed')[0]?.error).toBeUndefined();
    expect(remote.seen('closed')).toHaveLength(1);
    expect(remote.seen('closed')[0]).toMatchObject({ ...carried, datagrams: { up: 2, down: 1, dropped: 0 } });
  });
});

describe('an association', () => {
  it.each(['end', 'reset'] as const)(
    'ends with the %s of its connection, and its port is closed',
    async (how) => {
      const { local } = await startTunnel();
      const echo = await udpEcho();
      const client = await udpClient(local.port);
      await expectEchoed(client, echo, pattern(10));
      if (how === 'end') client.control.end();
      else client.control.socket.resetAndDestroy();
      // Whoever can bind it has it for himself.
      const successor = await vi.waitFor(() => udpPeer(client.relay));
      await client.send(echo, 'too late');
      expect((await successor.next()).payload.length).toBeGreaterThan(0);
    },
  );

  it('ends with the local, which resets the connection', async () => {
    const { local } = await startTunnel();
    const client = await udpClient(local.port);
    await local.service.stop(0);
    await client.control.ended();
    await vi.waitFor(() => udpPeer(client.relay));
  });

  it('is kept apart from the others', async () => {
    const { local } = await startTunnel();
    const echo = await udpEcho();
    const clients = await Promise.all(Array.from({ length: 20 }, () => udpClient(local.port)));
    await Promise.all(
      clients.map(async (client, index) => {
        for (let turn = 0; turn < 20; turn++) {
          await client.send(echo, `${index}: ${turn}`);
          expect(await socksAnswer(client.socket)).toMatchObject({ text: `${index}: ${turn}` });
        }
      }),
    );
    for (const client of clients) expect(client.socket.count).toBe(20);
  });

  it('takes names, which the remote resolves', async () => {
    const { local } = await startTunnel();
    const echo = await udpEcho();
    const client = await udpClient(local.port);
    await client.send({ host: 'localhost', port: echo.port }, 'by name');
    expect(await socksAnswer(client.socket)).toEqual({
      source: { host: echo.host, port: echo.port },
      text: 'by name',
    });
  });

  it('leads to no private target unless the remote was told to let it', async () => {
    const { local, remote } = await startTunnel({ remote: { allowPrivate: false } });
    const target = await udpPeer();
    const client = await udpClient(local.port);
    for (const host of ['127.0.0.1', 'localhost']) await client.send({ host, port: target.port }, 'hello?');
    await vi.waitFor(() => {
      expect(remote.seen('opened')).toHaveLength(1);
    });
    await settle();
    await remote.service.stop(0);
    expect(remote.seen('closed')[0]?.datagrams).toEqual({ up: 0, down: 0, dropped: 2 });
    expect(target.count).toBe(0);
  });

  it('is not supported (07) by a local without UDP', async () => {
    const { local } = await startTunnel({ local: { udp: false } });
    const { control, reply } = await askAssociation(local.port);
    expect(reply.code).toBe(7);
    await control.ended();
  });

  it('gets no answers from a remote without UDP, whose port is closed', async () => {
    const { local, remote } = await startTunnel({ remote: { udp: false } });
    const client = await udpClient(local.port);
    const port = await udpPeer({ port: remote.port });
    await client.send({ host: '192.0.2.1', port: 7 }, 'hello?');
    expect((await port.next()).payload.length).toBeGreaterThan(50);
    expect(client.socket.count).toBe(0);
  });

  it('goes on when the remote has been restarted', async () => {
    const { local, remote } = await startTunnel();
    const echo = await udpEcho();
    const client = await udpClient(local.port);
    await expectEchoed(client, echo, pattern(10));
    await remote.service.stop(0);
    await remoteHalf({ secret: remote.settings.secret, listen: { host: '127.0.0.1', port: remote.port } });
    await expectEchoed(client, echo, pattern(11));
  });
});

it('10,000 datagrams in bursts come back, every one of them', async () => {
  const { local } = await startTunnel();
  const echo = await udpEcho();
  const client = await udpClient(local.port);
  const missing = new Set<number>();
  let repeated = 0;
  client.socket.socket.on('message', (datagram) => {
    if (!missing.delete(datagram.readUInt32BE(10))) repeated += 1;
  });
  const payload = Buffer.alloc(1200, 7);
  for (let sent = 0; sent < 10_000; sent++) {
    payload.writeUInt32BE(sent);
    missing.add(sent);
    await client.send(echo, payload);
    // No more on the way than the buffers of the system can hold.
    if (missing.size >= 64) await vi.waitUntil(() => missing.size < 32, { interval: 1 });
  }
  await vi.waitUntil(() => missing.size === 0, { timeout: 10_000 });
  expect(repeated).toBe(0);
});

import net from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { concat } from '../../shared/bytes.js';
import { encodeTarget, type Target } from '../../shared/codec/address.js';
import { parseIp } from '../../shared/codec/ip.js';
import { connect, Peer } from '../support/peer.js';
import { startEcho, startTarget } from '../support/targets.js';
import { expectServed, localHalf, startTunnel, type RemoteChanges, type Tunnel } from '../support/tunnel.js';

/** How a protocol asks for a binding, and what it hears, word for word. */
interface Dialect {
  readonly greet: (client: Peer) => Promise<void>;
  readonly request: (expected: Target) => Uint8Array;
  /** The reply with this address in it. */
  readonly granted: (bound: Target) => string;
  /** The replies of refusals, in hex; only SOCKS5 tells them apart. */
  readonly refused: Readonly<Record<'general' | 'notAllowed' | 'timedOut' | 'unsupported', string>>;
}

const refused4 = '005b000000000000';

const dialects: Readonly<Record<'SOCKS4' | 'SOCKS5', Dialect>> = {
  SOCKS4: {
    greet: () => Promise.resolve(),
    request: ({ host, port }) => {
      const ip = parseIp(host);
      const head = Uint8Array.of(4, 2, port >>> 8, port & 0xff);
      if (ip !== undefined) return concat([head, ip, Buffer.from('user\0')]);
      return concat([head, Uint8Array.of(0, 0, 0, 1), Buffer.from(`user\0${host}\0`)]);
    },
    granted: ({ host, port }) =>
      Buffer.from([0, 90, port >>> 8, port & 0xff, ...(parseIp(host) ?? [])]).toString('hex'),
    refused: { general: refused4, notAllowed: refused4, timedOut: refused4, unsupported: refused4 },
  },
  SOCKS5: {
    greet: async (client) => {
      void client.send(Uint8Array.of(5, 1, 0));
      expect((await client.read(2)).toString('hex')).toBe('0500');
    },
    request: (expected) => concat([Uint8Array.of(5, 2, 0), encodeTarget(expected)]),
    granted: (bound) => `050000${Buffer.from(encodeTarget(bound)).toString('hex')}`,
    refused: {
      general: '05010001000000000000',
      notAllowed: '05020001000000000000',
      timedOut: '05060001000000000000',
      unsupported: '05070001000000000000',
    },
  },
};

/** A client that has asked for a binding and heard nothing yet. */
async function ask(port: number, { greet, request }: Dialect, expected: Target): Promise<Peer> {
  const client = await connect(port);
  await greet(client);
  void client.send(request(expected));
  return client;
}

/** The port in the first reply, whose other words are those of a grant at 127.0.0.1. */
async function readBound(client: Peer, { granted }: Dialect): Promise<Target> {
  const length = granted({ host: '127.0.0.1', port: 0 }).length / 2;
  const reply = await client.read(length);
  const bound = { host: '127.0.0.1', port: reply.readUInt16BE(length === 8 ? 2 : 8) };
  expect(reply.toString('hex')).toBe(granted(bound));
  return bound;
}

const anyPort: Target = { host: '127.0.0.1', port: 0 };
const wires = ['raw', 'shadowsocks'] as const;
const rows = wires.flatMap((wire) =>
  Object.entries(dialects).map(([name, dialect]) => ({ wire, name, dialect })),
);

describe.each(rows)('$name BIND over the $wire wire', ({ wire, dialect }) => {
  const start = (remote: RemoteChanges = {}): Promise<Tunnel> =>
    startTunnel({ remote: { allowBind: true, ...remote }, local: { wire } });

  /** A client that has been told where its peer may come. */
  async function waiting(tunnel: Tunnel, expected = anyPort): Promise<{ client: Peer; bound: Target }> {
    const client = await ask(tunnel.local.port, dialect, expected);
    return { client, bound: await readBound(client, dialect) };
  }

  it('answers twice, then carries bytes both ways until each direction ends', async () => {
    const { client, bound } = await waiting(await start());
    expect(client.waiting).toBe(0);
    const peer = await connect(bound.port);
    const second = dialect.granted({ host: '127.0.0.1', port: peer.socket.localPort ?? 0 });
    expect((await client.read(second.length / 2)).toString('hex')).toBe(second);

    const [down, up] = await Promise.all([peer.pour(300_000), client.pour(200_000)]);
    client.end();
    expect(await peer.digest()).toEqual(up);
    void peer.send('one more word');
    peer.end();
    const rest = await client.rest();
    expect(rest.length).toBe(down.length + 13);
    expect([rest.subarray(-13).toString(), client.ending, peer.ending]).toEqual([
      'one more word',
      'fin',
      'fin',
    ]);
  });

  it('takes the host by its name, and loses nothing that the peer says at once', async () => {
    const { client, bound } = await waiting(await start(), { host: 'localhost', port: 21 });
    const peer = await connect(bound.port);
    void peer.send('220 ready\r\n');
    peer.end();
    const second = dialect.granted({ host: '127.0.0.1', port: peer.socket.localPort ?? 0 });
    expect((await client.rest()).toString('latin1')).toBe(
      `${Buffer.from(second, 'hex').toString('latin1')}220 ready\r\n`,
    );
  });

  it('is refused by a remote that was not told to allow it', async () => {
    const tunnel = await start({ allowBind: false });
    const client = await ask(tunnel.local.port, dialect, anyPort);
    expect([(await client.rest()).toString('hex'), client.ending]).toEqual([
      dialect.refused.notAllowed,
      'fin',
    ]);
    await expectServed(tunnel, await startEcho());
  });

  it('is refused for a private host, unless those are allowed', async () => {
    const { local } = await start({ allowPrivate: false });
    for (const host of ['127.0.0.1', '10.1.2.3', 'localhost']) {
      const client = await ask(local.port, dialect, { host, port: 80 });
      expect([(await client.rest()).toString('hex'), client.ending]).toEqual([
        dialect.refused.notAllowed,
        'fin',
      ]);
    }
  });

  it('is answered with a refusal the second time when another host comes, which is reset', async () => {
    const { client, bound } = await waiting(await start());
    const stranger = new Peer(net.connect({ ...bound, localAddress: '127.0.0.2' }));
    expect(await stranger.ended()).toBe('reset');
    expect([(await client.rest()).toString('hex'), client.ending]).toEqual([
      dialect.refused.notAllowed,
      'fin',
    ]);
    await expect(connect(bound.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('is answered with a refusal the second time when nobody comes in time', async () => {
    const { client, bound } = await waiting(await start({ timeouts: { bindMs: 100 } }));
    expect([(await client.rest()).toString('hex'), client.ending]).toEqual([dialect.refused.timedOut, 'fin']);
    await expect(connect(bound.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('is answered with a refusal when the remote stops meanwhile', async () => {
    const tunnel = await start();
    const { client, bound } = await waiting(tunnel);
    void tunnel.remote.service.stop(5_000);
    expect((await client.rest()).toString('hex')).toBe(dialect.refused.general);
    await expect(connect(bound.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it.each(['resets', 'ends'] as const)('leaves no port open when the client %s meanwhile', async (how) => {
    const tunnel = await start();
    const { client, bound } = await waiting(tunnel);
    if (how === 'resets') client.reset();
    else client.end();
    await vi.waitFor(() => {
      expect(tunnel.remote.seen('closed')).toHaveLength(1);
    });
    await expect(connect(bound.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('leaves no port open when the local stops meanwhile', async () => {
    const tunnel = await start();
    const { bound } = await waiting(tunnel);
    await tunnel.local.service.stop(0);
    await vi.waitFor(() => {
      expect(tunnel.remote.seen('closed')).toHaveLength(1);
    });
    await expect(connect(bound.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe.each(Object.entries(dialects))('%s BIND through a server that is not ours', (_name, dialect) => {
  it.each(['end', 'reset'] as const)('is not supported: its %s says so', async (how) => {
    const tunnel = await startTunnel();
    const foreign = await startTarget({
      serve: (peer) => {
        void peer.read(1).then(() => {
          peer[how]();
        });
      },
    });
    const local = await localHalf(tunnel.remote, { wire: 'shadowsocks', port: foreign.port });
    const client = await ask(local.port, dialect, anyPort);
    expect([(await client.rest()).toString('hex'), client.ending]).toEqual([
      dialect.refused.unsupported,
      'fin',
    ]);
    expect(local.seen('refused').map(({ reason }) => reason)).toEqual(['command-not-supported']);
  });
});

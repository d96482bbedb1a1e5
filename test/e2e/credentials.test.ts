import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { encodeTarget, type Target } from '../../shared/codec/address.js';
import { connect, type Peer } from '../support/peer.js';
import { startEcho } from '../support/targets.js';
import { ask, localHalf, readReply, remoteHalf, startTunnel, type Tunnel } from '../support/tunnel.js';

const alice = { user: 'alice', password: 'wonder' };
const soon = { deniedMs: 1 };

/** The two places that may ask for credentials; to a client they are the same. */
const doors: readonly (readonly [where: string, start: () => Promise<Tunnel>])[] = [
  ['the local', () => startTunnel({ local: { credentials: [alice], timeouts: soon } })],
  [
    'the local, before a standard server',
    () => startTunnel({ local: { wire: 'shadowsocks', credentials: [alice], timeouts: soon } }),
  ],
  ['the remote', () => startTunnel({ remote: { credentials: [alice], timeouts: soon } })],
];

function login(user: string, password: string): Buffer {
  return Buffer.concat([
    Uint8Array.of(1, user.length),
    Buffer.from(user),
    Uint8Array.of(password.length),
    Buffer.from(password),
  ]);
}

function request(target: Target): Buffer {
  return Buffer.concat([Uint8Array.of(5, 1, 0), encodeTarget(target)]);
}

/** A client that has been asked for its credentials. */
async function greeted({ local }: Tunnel): Promise<Peer> {
  const client = await connect(local.port);
  void client.send(Uint8Array.of(5, 2, 0, 2));
  expect((await client.read(2)).toString('hex')).toBe('0502');
  return client;
}

describe.each(doors)('credentials asked for by %s', (where, start) => {
  it('let somebody in who has them', async () => {
    const [tunnel, echo] = [await start(), await startEcho()];
    const client = await greeted(tunnel);
    void client.send(login('alice', 'wonder'));
    expect((await client.read(2)).toString('hex')).toBe('0100');
    void client.send(request(echo));
    expect((await readReply(client)).code).toBe(0);
    void client.send('hello');
    expect(String(await client.read(5))).toBe('hello');
  });

  it('are taken when all is said at once, and what follows is the conversation', async () => {
    const [tunnel, echo] = [await start(), await startEcho()];
    const client = await connect(tunnel.local.port);
    const words = [Uint8Array.of(5, 1, 2), login('alice', 'wonder'), request(echo), Buffer.from('early')];
    void client.send(Buffer.concat(words));
    expect((await client.read(4)).toString('hex')).toBe('05020100');
    expect((await readReply(client)).code).toBe(0);
    expect(String(await client.read(5))).toBe('early');
  });

  it.each([
    ['another password', login('alice', 'wonde')],
    ['another user', login('alicf', 'wonder')],
    ['a password that belongs to the name', login('alicew', 'onder')],
    ['an empty password', login('alice', '')],
    ['the version of SOCKS', Uint8Array.of(5, 1, 0x61, 1, 0x62)],
  ])('keep out somebody with %s, in the same words', async (_what, words) => {
    const tunnel = await start();
    const client = await greeted(tunnel);
    void client.send(words);
    // A malformed message is relayed to a remote up to where it stops making sense.
    expect((await client.rest()).toString('hex')).toBe('0101');
    const half = where === 'the remote' ? tunnel.remote : tunnel.local;
    expect(half.seen('denied').map(({ protocol }) => protocol)).toEqual(['SOCKS5']);
  });

  it('keep out somebody who offers none', async () => {
    const tunnel = await start();
    const client = await connect(tunnel.local.port);
    void client.send(Uint8Array.of(5, 1, 0));
    expect((await client.rest()).toString('hex')).toBe('05ff');
    const half = where === 'the remote' ? tunnel.remote : tunnel.local;
    expect(half.seen('denied')).toHaveLength(1);
  });

  it('keep out SOCKS4, which has none', async () => {
    const [tunnel, echo] = [await start(), await startEcho()];
    const client = await connect(tunnel.local.port);
    const port = [echo.port >>> 8, echo.port & 0xff];
    void client.send(Buffer.concat([Uint8Array.of(4, 1, ...port, 127, 0, 0, 1), Buffer.from('alice\0')]));
    expect((await client.rest()).toString('hex')).toBe('005b000000000000');
  });
});

describe('a remote that asks for credentials', () => {
  it('and a local that does not know it: the client is refused, and the check says what to do', async () => {
    const remote = await remoteHalf({ credentials: [alice], timeouts: soon });
    const unaware = { ...remote, settings: { ...remote.settings, credentials: [] } };
    const [local, echo] = [await localHalf(unaware), await startEcho()];
    expect(await local.service.check()).toMatchObject({ ok: true, wantsCredentials: true });
    expect(local.seen('warning').map(({ detail }) => detail)).toEqual([
      expect.stringContaining('write ?auth=remote before the # of its URI'),
    ]);
    const { reply } = await ask(local.port, echo);
    expect(reply.code).toBe(2);
    expect(local.seen('remote-lost')).toEqual([]);
  });

  it('is left in peace when a client leaves in the middle of its greeting', async () => {
    const tunnel = await startTunnel({ remote: { credentials: [alice] } });
    const client = await greeted(tunnel);
    expect(tunnel.remote.seen('opened')).toHaveLength(1);
    client.reset();
    await vi.waitFor(() => {
      expect(tunnel.remote.seen('closed')).toHaveLength(1);
    });
  });

  it('gives a client its time once, not once for each message', async () => {
    const tunnel = await startTunnel({
      remote: { credentials: [alice] },
      local: { timeouts: { handshakeMs: 400 } },
    });
    const client = await greeted(tunnel);
    await sleep(250);
    void client.send(login('alice', 'wonder'));
    await client.read(2);
    await sleep(250);
    void client.send(request(await startEcho()));
    expect((await client.rest()).toString('hex')).toBe('');
  });

  it('and says nothing is not waited for by a local that stops', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    onTestFinished(() => void silent.close());
    await once(silent, 'listening');
    const remote = await remoteHalf({ credentials: [alice] });
    const { port } = silent.address() as AddressInfo;
    const local = await localHalf(remote, { port, timeouts: { replyMs: 600_000, handshakeMs: 600_000 } });
    const client = await connect(local.port);
    void client.send(Uint8Array.of(5, 1, 2));
    await once(silent, 'connection');
    const stopped = local.service.stop(600_000);
    expect((await client.rest()).toString('hex')).toBe('');
    client.end();
    await stopped;
  });

  it('is asked once for UDP too: who is let in may associate', async () => {
    const tunnel = await startTunnel({ remote: { credentials: [alice], timeouts: soon } });
    const client = await greeted(tunnel);
    void client.send(login('alice', 'wonder'));
    await client.read(2);
    void client.send(Uint8Array.of(5, 3, 0, 1, 0, 0, 0, 0, 0, 0));
    const { code, bound } = await readReply(client);
    expect([code, bound.host]).toEqual([0, '127.0.0.1']);
    // The conversation in which it was let in is over: datagrams take another way.
    await vi.waitFor(() => {
      expect(tunnel.remote.seen('closed')).toHaveLength(1);
    });
  });
});

/** Dials that nobody waits for any more: targets and remotes that never answer, and clients that leave. */
import net from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type * as Lending from '../../shared/net/lending.js';
import { connect, type Peer } from '../support/peer.js';
import { startTarget } from '../support/targets.js';
import { localHalf, readReply, remoteHalf, socksWords, startTunnel } from '../support/tunnel.js';

const long = 60_000;
const wires = ['raw', 'shadowsocks'] as const;
/** A target that answers no SYN. */
const silent = { host: '192.0.2.1', port: 80 };
const dialled: net.Socket[] = [];

vi.mock('../../shared/net/lending.js', async (original) => {
  const lending = await original<typeof Lending>();
  const connectSocket = (ip: string, port: number): net.Socket => {
    if (ip !== silent.host) return lending.connectSocket(ip, port);
    const socket = new lending.LendingSocket();
    dialled.push(socket);
    return socket;
  };
  return { ...lending, connectSocket };
});

afterEach(() => {
  for (const socket of dialled.splice(0)) socket.destroy();
});

/** A client that has asked for the silent target, and waits. */
async function waiting(port: number): Promise<Peer> {
  const client = await connect(port);
  const { greeting, request } = socksWords(silent);
  void client.send(greeting);
  await client.read(2);
  void client.send(request);
  return client;
}

describe('a target that never answers', () => {
  it('is dialled no longer when the client of a raw tunnel leaves', async () => {
    const { remote, local } = await startTunnel();
    const client = await waiting(local.port);
    await vi.waitUntil(() => dialled.length === 1);
    client.reset();
    await vi.waitUntil(() => local.seen('closed').length === 1 && remote.seen('closed').length === 1);
    expect(dialled[0]?.destroyed).toBe(true);
    expect([local.seen('closed')[0]?.error, remote.seen('closed')[0]?.error]).toEqual([
      'ECONNRESET',
      'ECONNRESET',
    ]);
    expect([remote.seen('refused'), local.seen('refused'), local.seen('remote-lost')]).toEqual([[], [], []]);
  });

  it('is dialled no longer when the client of a shadowsocks tunnel leaves', async () => {
    const { remote, local } = await startTunnel({ local: { wire: 'shadowsocks' } });
    const client = await waiting(local.port);
    await vi.waitUntil(() => dialled.length === 1);
    client.reset();
    await vi.waitUntil(() => remote.seen('closed').length === 1);
    expect([dialled[0]?.destroyed, remote.seen('closed')[0]?.error]).toEqual([true, 'ECONNRESET']);
  });

  it('is waited for by a client that has nothing more to say', async () => {
    const { remote, local } = await startTunnel();
    const client = await waiting(local.port);
    await vi.waitUntil(() => dialled.length === 1);
    client.end();
    dialled[0]?.destroy(Object.assign(new Error('no route'), { code: 'EHOSTUNREACH' }));
    expect((await readReply(client)).code).toBe(4);
    expect(remote.seen('refused')).toMatchObject([{ reason: 'host-unreachable' }]);
  });

  it.each(wires)('is given up by a remote that is stopped, and told before it is (%s)', async (wire) => {
    const { remote, local } = await startTunnel({ local: { wire } });
    const client = await waiting(local.port);
    await vi.waitUntil(() => dialled.length === 1);
    client.end();
    await remote.service.stop(long);
    expect(dialled[0]?.destroyed).toBe(true);
    expect(remote.seen('refused')).toMatchObject([{ reason: 'general-failure' }]);
    expect(remote.seen('refused')[0]?.detail).toContain('stop: ');
    expect(remote.seen('closed')).toMatchObject([{ error: 'stopped' }]);
  });

  it('is given up by a local that is stopped, which refuses', async () => {
    const { remote, local } = await startTunnel();
    const client = await waiting(local.port);
    await vi.waitUntil(() => dialled.length === 1);
    const stopping = local.service.stop(long);
    expect((await readReply(client)).code).toBe(1);
    client.end();
    await stopping;
    expect(local.seen('closed')).toMatchObject([{ error: 'stopped' }]);
    expect([local.seen('refused').length, local.seen('remote-lost')]).toEqual([1, []]);
    await vi.waitUntil(() => remote.seen('closed').length === 1);
    expect(dialled[0]?.destroyed).toBe(true);
  });
});

describe('a remote that never replies', () => {
  it('is let go of when the client leaves', async () => {
    const mute = await startTarget();
    const local = await localHalf({ settings: (await remoteHalf()).settings, port: mute.port });
    const client = await waiting(local.port);
    const carrier = await mute.next();
    await carrier.read(1);
    client.reset();
    expect(await carrier.ended()).toBe('reset');
    expect(local.seen('closed')).toMatchObject([{ error: 'ECONNRESET' }]);
  });

  it.each(wires)('is not waited for by a check when the local stops (%s)', async (wire) => {
    const mute = await startTarget();
    const { settings } = await remoteHalf();
    const local = await localHalf({ settings, port: mute.port }, { wire });
    const check = local.service.check();
    const carrier = await mute.next();
    await carrier.read(1);
    await local.service.stop(long);
    expect(await check).toMatchObject({ ok: false, detail: expect.stringContaining('stop: ') as string });
    expect(await carrier.ended()).toBe('reset');
  });
});

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ConfigError } from '../../index.js';
import { udpClient } from '../support/associate.js';
import { relayPlugin, runs } from '../support/plugin.js';
import { socksDatagram } from '../support/relay.js';
import { startEcho } from '../support/targets.js';
import {
  ask,
  connectThrough,
  expectServed,
  type Half,
  type LocalChanges,
  localHalf,
  type RemoteChanges,
  remoteHalf,
  type Tunnel,
} from '../support/tunnel.js';
import { udpEcho } from '../support/udp.js';

/** Both halves, each with its plugin. */
async function startDressed(
  changes: { readonly remote?: RemoteChanges; readonly local?: LocalChanges } = {},
): Promise<Tunnel> {
  const name = relayPlugin();
  const remote = await remoteHalf({ plugin: { name, options: 'server' }, ...changes.remote });
  return { remote, local: await localHalf(remote, { plugin: { name }, ...changes.local }) };
}

/** The process ID that the plugin of a half has said last, once it has said `runs` of them. */
async function pidOf(half: Half, runs = 1): Promise<number> {
  const pids = (): readonly string[] =>
    half.seen('plugin-said').flatMap(({ line }) => /^pid (\d+)$/.exec(line)?.[1] ?? []);
  await vi.waitUntil(() => pids().length >= runs, { timeout: 10_000 });
  return Number(pids().at(-1));
}

describe.each(['raw', 'shadowsocks'] as const)('a tunnel with plugins, %s wire', (wire) => {
  it('carries streams as they are', async () => {
    const tunnel = await startDressed({ local: { wire } });
    const echo = await startEcho();
    const client = await connectThrough(tunnel, echo);
    const sent = randomBytes(300_000);
    void client.send(sent);
    expect((await client.read(sent.length)).equals(sent)).toBe(true);
    client.end();
    expect(await client.ended()).toBe('fin');
  });

  it('carries datagrams past them', async () => {
    const { local } = await startDressed({ local: { wire } });
    const echo = await udpEcho();
    const client = await udpClient(local.port);
    await client.send(echo, 'hello');
    expect((await client.socket.next()).payload.equals(socksDatagram(echo, 'hello'))).toBe(true);
  });
});

describe('a tunnel with plugins', () => {
  it('knows its path to be good when it has been started', async () => {
    const { local } = await startDressed();
    expect(await local.service.check()).toMatchObject({ ok: true, verified: true });
  });

  it('is none for a local without one', async () => {
    const { remote } = await startDressed();
    const bare = await localHalf(remote, { timeouts: { replyMs: 300 } });
    const { reply } = await ask(bare.port, await startEcho());
    expect(reply.code).toBe(1);
  });

  it('refuses the two ports of its own remote', async () => {
    const { remote, local } = await startDressed();
    const told = remote.seen('plugin-said').find(({ line }) => line.startsWith('told '));
    const { SS_LOCAL_PORT } = JSON.parse(told?.line.slice(5) ?? '{}') as Record<string, string>;
    for (const port of [remote.port, Number(SS_LOCAL_PORT)]) {
      expect((await ask(local.port, { host: '127.0.0.1', port })).reply.code).toBe(2);
    }
  });

  it.each(['remote', 'local'] as const)('comes back when the plugin of its %s ends', async (half) => {
    const tunnel = await startDressed();
    const echo = await startEcho();
    await expectServed(tunnel, echo);
    process.kill(await pidOf(tunnel[half]), 'SIGKILL');
    await vi.waitUntil(() => tunnel[half].seen('warning').length > 0);
    expect(tunnel[half].seen('warning')[0]?.detail).toContain(
      'got signal SIGKILL; it is started again in 1 s',
    );
    await pidOf(tunnel[half], 2);
    await vi.waitFor(() => expectServed(tunnel, echo), { timeout: 10_000 });
  });

  it('stops with its halves, once the conversations have ended', async () => {
    const tunnel = await startDressed();
    const pids = [await pidOf(tunnel.remote), await pidOf(tunnel.local)];
    const client = await connectThrough(tunnel, await startEcho());
    const stopped = Promise.all([tunnel.local.service.stop(5_000), tunnel.remote.service.stop(5_000)]);
    void client.send('still there?');
    expect((await client.read(12)).toString()).toBe('still there?');
    expect(pids.map(runs)).toEqual([true, true]);
    client.end();
    await stopped;
    expect(pids.map(runs)).toEqual([false, false]);
  });
});

describe('a half whose plugin does not run', () => {
  const missing = { name: 'no-such-plugin' };
  const why = /^plugin no-such-plugin: expected it to listen on .*, got no such program on the PATH$/;

  it('is a remote that does not start, and leaves its port alone', async () => {
    const taken = net.createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as net.AddressInfo;
    taken.close();
    await once(taken, 'close');
    const listen = { host: '127.0.0.1', port };
    await expect(remoteHalf({ plugin: missing, listen })).rejects.toThrow(why);
    await expect(remoteHalf({ plugin: missing, listen })).rejects.toThrow(ConfigError);
    const again = await remoteHalf({ listen });
    expect(again.port).toBe(port);
  });

  it('is a local that does not start', async () => {
    const remote = await remoteHalf();
    await expect(localHalf(remote, { plugin: missing })).rejects.toThrow(why);
  });

  it('is one whose port somebody else has, and says so', async () => {
    const taken = net.createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await once(taken, 'listening');
    const listen = { host: '127.0.0.1', port: (taken.address() as net.AddressInfo).port };
    const name = relayPlugin();
    await expect(remoteHalf({ plugin: { name }, listen })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    const remote = await remoteHalf();
    await expect(localHalf(remote, { plugin: { name }, listen })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });
});

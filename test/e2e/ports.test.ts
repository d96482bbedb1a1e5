import { createServer } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ConfigError, findMethod, generateSecret, type MethodName, systemEnvironment } from '../../index.js';
import { masterKey } from '../../shared/codec/keys.js';
import type { Cipher } from '../../shared/codec/stream.js';
import type { PortSettings } from '../../shared/config/settings.js';
import { udpClient } from '../support/associate.js';
import { connect } from '../support/peer.js';
import { expectSilence, shadowsocksFlight } from '../support/prober.js';
import { startEcho } from '../support/targets.js';
import {
  ask,
  expectServed,
  type FarEnd,
  localHalf,
  remoteHalf,
  type RunningRemote,
} from '../support/tunnel.js';
import { udpEcho } from '../support/udp.js';

function portOf(name: MethodName, changes: Partial<PortSettings> = {}): PortSettings {
  const method = findMethod(name);
  const secret = generateSecret(method, systemEnvironment);
  const listen = { host: '127.0.0.1', port: 0 };
  return { listen, method, secret, udp: true, freshKey: true, ...changes };
}

/** The ports of a remote as locals and strangers know them, its own first. */
function farEnds({ service, settings }: RunningRemote): readonly (FarEnd & { readonly cipher: Cipher })[] {
  const all = [settings, ...(settings.ports ?? [])];
  return service.ports.map(({ listen }, at) => {
    const { method, secret } = all[at] ?? settings;
    return {
      port: Number(listen.slice(listen.lastIndexOf(':') + 1)),
      settings: { method, secret, credentials: [] },
      cipher: { method, key: masterKey(method, secret), backend: 'native' },
    };
  });
}

describe('a remote with several ports', () => {
  it('serves each with its own method and key, streams and datagrams', async () => {
    const ports = [portOf('aes-256-gcm'), portOf('2022-blake3-chacha20-poly1305')];
    const remote = await remoteHalf({ ports });
    const [echo, datagrams] = [await startEcho(), await udpEcho()];
    expect(remote.service.ports).toHaveLength(3);
    expect(remote.service.ports[0]?.listen).toBe(remote.service.listen);
    for (const end of farEnds(remote)) {
      for (const wire of ['raw', 'shadowsocks'] as const) {
        const local = await localHalf(end, { wire });
        await expectServed({ local }, echo);
        const client = await udpClient(local.port);
        await client.send(datagrams, 'hello');
        await client.socket.next();
      }
    }
  });

  it('lets nobody in at one with the key of another', async () => {
    const remote = await remoteHalf({ ports: [portOf('2022-blake3-aes-256-gcm')] });
    const echo = await startEcho();
    const [first, second] = farEnds(remote);
    const peer = await connect(second?.port ?? 0);
    void peer.send(shadowsocksFlight(first?.cipher ?? remote.cipher, echo).bytes);
    await expectSilence(peer);
    expect(echo.accepted).toBe(0);
  });

  it.each(['2022-blake3-aes-128-gcm', 'aes-128-gcm'] as const)(
    'answers an opening once, whichever of two with one key it comes to, %s',
    async (method) => {
      const { secret } = portOf(method);
      const remote = await remoteHalf({ method, secret, ports: [portOf(method, { secret })] });
      const echo = await startEcho();
      const [first, second] = farEnds(remote);
      const { bytes } = shadowsocksFlight(first?.cipher ?? remote.cipher, echo);
      const served = await connect(first?.port ?? 0);
      void served.send(bytes);
      await served.read(1);
      const replayed = await connect(second?.port ?? 0);
      void replayed.send(bytes);
      await vi.waitUntil(() => remote.seen('absorbed').length === 1);
      await expectSilence(replayed);
      expect(echo.accepted).toBe(1);
      served.end();
    },
  );

  it('dials none of them for anybody', async () => {
    const remote = await remoteHalf({ ports: [portOf('aes-256-gcm')] });
    for (const end of farEnds(remote)) {
      const local = await localHalf(end);
      for (const { port } of farEnds(remote)) {
        expect((await ask(local.port, { host: '127.0.0.1', port })).reply.code).toBe(2);
      }
    }
  });

  it('knows the users of each, and counts for each', async () => {
    const ann = (secret: string) => ({ users: [{ name: 'ann', secret }] });
    const [one, other] = [portOf('aes-256-gcm').secret, portOf('aes-256-gcm').secret];
    const port = portOf('aes-256-gcm', ann(other));
    const remote = await remoteHalf({ method: 'aes-256-gcm', ...ann(one), ports: [port] });
    const echo = await startEcho();
    const [, second] = farEnds(remote);
    await expectServed({ local: await localHalf(second ?? remote, { secret: other }) }, echo);
    const [first, last] = remote.service.ports;
    expect(await first?.usage.of('ann')).toMatchObject({ up: 0 });
    await vi.waitFor(async () => {
      expect(await last?.usage.of('ann')).toMatchObject({ up: 12, openedStreams: 1 });
    });
    expect(await last?.users.list()).toEqual([{ name: 'ann', secret: other }]);
  });

  it('stops with all of them', async () => {
    const remote = await remoteHalf({ ports: [portOf('aes-256-gcm')] });
    const ports = farEnds(remote).map(({ port }) => port);
    await remote.service.stop(0);
    for (const port of ports) await expect(connect(port)).rejects.toThrow('ECONNREFUSED');
  });
});

describe('a remote of which one port cannot be opened', () => {
  it('opens none, and says which', async () => {
    const taken = createServer();
    taken.listen(0, '127.0.0.1');
    await once(taken, 'listening');
    onTestFinished(() => {
      taken.close();
    });
    const { port } = taken.address() as { port: number };
    const listen = { host: '127.0.0.1', port };
    const own = createServer();
    own.listen(0, '127.0.0.1');
    await once(own, 'listening');
    const free = (own.address() as { port: number }).port;
    own.close();
    const starting = remoteHalf({
      listen: { host: '127.0.0.1', port: free },
      ports: [portOf('aes-256-gcm', { listen })],
    });
    await expect(starting).rejects.toThrow(`127.0.0.1:${port}`);
    await expect(connect(free)).rejects.toThrow('ECONNREFUSED');
  });

  it('names it when its settings cannot be used', async () => {
    const ports = [portOf('2022-blake3-aes-256-gcm', { secret: 'AAAA' })];
    await expect(remoteHalf({ ports })).rejects.toThrow(ConfigError);
    await expect(remoteHalf({ ports })).rejects.toThrow('port 127.0.0.1:0: key for 2022');
  });
});

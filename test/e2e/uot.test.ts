import { describe, expect, it, vi } from 'vitest';
import { encodeTarget } from '../../shared/codec/address.js';
import { concat } from '../../shared/bytes.js';
import { UotCodec, type UotVersion } from '../../shared/proxy/uot.js';
import type { Peer } from '../support/peer.js';
import {
  connectThrough,
  localHalf,
  type RemoteChanges,
  startTunnel,
  type Tunnel,
} from '../support/tunnel.js';
import { askAssociation, udpClient } from '../support/associate.js';
import { socksDatagram } from '../support/relay.js';
import { udpEcho, udpPeer } from '../support/udp.js';

const hosts = { 1: 'sp.udp-over-tcp.arpa', 2: 'sp.v2.udp-over-tcp.arpa' } as const;
const anywhere = concat([Uint8Array.of(0), encodeTarget({ host: '0.0.0.0', port: 0 })]);

async function open(
  version: UotVersion,
  remote: RemoteChanges = {},
): Promise<{ tunnel: Tunnel; client: Peer }> {
  const tunnel = await startTunnel({ remote, local: { wire: 'shadowsocks' } });
  const client = await connectThrough(tunnel, { host: hosts[version], port: 443 });
  if (version === 2) void client.send(anywhere);
  return { tunnel, client };
}

const sealed = (target: Parameters<UotCodec['seal']>[0], payload: string): Uint8Array =>
  new UotCodec(1).seal(target, Buffer.from(payload));

describe.each([1, 2] as const)('UDP over TCP at the remote, version %d', (version) => {
  it('carries datagrams to several targets, and their answers back', async () => {
    const { client } = await open(version);
    for (const echo of [await udpEcho(), await udpEcho()]) {
      for (const payload of ['hello', '', 'x'.repeat(1400)]) {
        const datagram = sealed(echo, payload);
        void client.send(datagram);
        expect((await client.read(datagram.length)).equals(datagram)).toBe(true);
      }
    }
  });

  it('goes nowhere that the guard does not let it go', async () => {
    const { tunnel, client } = await open(version, { allowPrivate: false });
    const target = await udpPeer();
    void client.send(sealed(target, 'hello'));
    void client.send(sealed({ host: 'localhost', port: target.port }, 'hello'));
    client.end();
    await client.ended();
    await vi.waitUntil(() => tunnel.remote.seen('closed').length === 1);
    expect(tunnel.remote.seen('closed')[0]?.datagrams).toEqual({ up: 0, down: 0, dropped: 2 });
    expect(target.count).toBe(0);
  });

  it('ends with its stream, and leaves no socket', async () => {
    const { tunnel, client } = await open(version);
    const echo = await udpEcho();
    const datagram = sealed(echo, 'hello');
    void client.send(datagram);
    await client.read(datagram.length);
    client.end();
    expect(await client.ended()).toBe('fin');
    await vi.waitUntil(() => tunnel.remote.seen('closed').length === 1);
    expect(tunnel.remote.seen('closed')[0]).toMatchObject({ up: 5, down: 5, datagrams: { up: 1, down: 1 } });
  });

  it('is reset when what comes is no datagram', async () => {
    const { client } = await open(version);
    void client.send(Uint8Array.of(9));
    expect(await client.ended()).toBe('reset');
  });

  it('is refused by a remote without UDP', async () => {
    const { client } = await open(version, { udp: false });
    void client.send(sealed(await udpEcho(), 'hello'));
    expect(await client.ended()).toBe('reset');
  });

  it('stops with the remote', async () => {
    const { tunnel, client } = await open(version);
    const echo = await udpEcho();
    const datagram = sealed(echo, 'hello');
    void client.send(datagram);
    await client.read(datagram.length);
    await tunnel.remote.service.stop(0);
    expect(tunnel.remote.seen('closed')).toHaveLength(1);
  });
});

it('an only target gets datagrams without an address, and nobody else is heard', async () => {
  const tunnel = await startTunnel({ local: { wire: 'shadowsocks' } });
  const client = await connectThrough(tunnel, { host: hosts[2], port: 443 });
  const target = await udpPeer();
  void client.send(concat([Uint8Array.of(1), encodeTarget(target), Uint8Array.of(0, 2, 0x68, 0x69)]));
  const { payload, from } = await target.next();
  expect(payload.toString()).toBe('hi');
  const stranger = await udpPeer();
  const relay = { host: '127.0.0.1', port: from.port };
  await stranger.say('from another', relay);
  await target.say('ok', relay);
  expect((await client.read(4)).toString('latin1')).toBe('\0\x02ok');
});

describe.each(['raw', 'shadowsocks'] as const)('UDP over TCP at the local, %s wire', (wire) => {
  it('carries datagrams to several targets, and their answers back', async () => {
    const { local, remote } = await startTunnel({ local: { wire, udpOverTcp: true } });
    const client = await udpClient(local.port);
    for (const echo of [await udpEcho(), await udpEcho()]) {
      for (const payload of ['hello', '', 'x'.repeat(1400)]) {
        await client.send(echo, payload);
        expect((await client.socket.next()).payload.equals(socksDatagram(echo, payload))).toBe(true);
      }
    }
    client.control.end();
    await vi.waitUntil(() => remote.seen('closed').length === 1 && local.seen('closed').length === 1);
    for (const half of [remote, local]) {
      expect(half.seen('closed')[0]?.datagrams).toEqual({ up: 6, down: 6, dropped: 0 });
      expect(half.seen('closed')[0]?.error).toBeUndefined();
    }
  });

  it('ends the association when the remote is gone', async () => {
    const { local, remote } = await startTunnel({ local: { wire, udpOverTcp: true } });
    const echo = await udpEcho();
    const client = await udpClient(local.port);
    await client.send(echo, 'hello');
    await client.socket.next();
    await remote.service.stop(0);
    expect(await client.control.ended()).toBe('reset');
  });

  it('refuses an association when the remote cannot be reached', async () => {
    const { remote } = await startTunnel();
    await remote.service.stop(0);
    const local = await localHalf(remote, { wire, udpOverTcp: true });
    expect((await askAssociation(local.port)).reply.code).toBe(1);
  });
});

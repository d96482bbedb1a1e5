import { createHash, randomBytes } from 'node:crypto';
import { getEventListeners, once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { formatServerUri } from '../../index.js';
import type { Target } from '../../shared/codec/address.js';
import type { WayOut } from '../../shared/serve/way-out.js';
import { hopErrorOf, never } from '../support/scripted-proxy.js';
import { startTap } from '../support/tap.js';
import { deadPort, startEcho, startTarget } from '../support/targets.js';
import { remoteHalf, startTunnel, uriOf } from '../support/tunnel.js';
import { dialled, lineOf, proxies, type ProxyName, wayThrough } from '../support/way-out.js';

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Says so many bytes, ends, and hears all of them back, then the end. */
async function expectEcho(way: WayOut, target: Target, size = 5_000_000): Promise<void> {
  const socket = await dialled(way, target);
  const body = randomBytes(size);
  socket.end(body);
  const back = Buffer.concat((await socket.toArray()) as Buffer[]);
  expect([back.length, sha256(back)]).toEqual([size, sha256(body)]);
}

describe('a way out', () => {
  it.each<readonly [string, readonly ProxyName[]]>([
    ['no proxy', []],
    ['SOCKS5, halflight, Shadowsocks', ['socks5', 'halflight', 'ss']],
    ['HTTP, Shadowsocks, halflight', ['http', 'ss', 'halflight']],
    ['halflight, SOCKS4A, HTTP', ['halflight', 'socks4a', 'http']],
    ['Shadowsocks, HTTP, SOCKS5', ['ss', 'http', 'socks5']],
    ['halflight, SOCKS5, another halflight', ['halflight', 'socks5', 'another halflight']],
  ])('carries every byte and both ends through %s', async (_names, kinds) => {
    const known = await proxies();
    const way = wayThrough(...kinds.map((kind) => known[kind]));
    await expectEcho(way, await startEcho());
    // Again, over what was kept.
    await expectEcho(way, await startEcho(), 100_000);
  });

  it('passes a reset on through two tunnels', async () => {
    const [target, one, other] = await Promise.all([startTarget(), remoteHalf(), remoteHalf()]);
    const socket = await dialled(wayThrough(lineOf(one), lineOf(other)), target);
    const peer = await target.next();
    peer.socket.resetAndDestroy();
    await expect(once(socket.resume(), 'end')).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('uses a carrier for one conversation after another', async () => {
    const [echo, remote] = await Promise.all([startEcho(), remoteHalf()]);
    const tap = await startTap(remote.port);
    const way = wayThrough(formatServerUri(uriOf(remote, { port: tap.port })));
    for (let each = 0; each < 10; each += 1) await expectEcho(way, echo, 1000);
    // One for the first, and those that were opened ahead.
    expect(tap.connections.length).toBeLessThan(5);
  });

  it('says which proxy could not be reached, and which refused', async () => {
    const [remote, dead] = await Promise.all([remoteHalf(), deadPort()]);
    const target = { host: '127.0.0.1', port: dead };
    const unreached = await hopErrorOf(
      wayThrough(lineOf(remote), `socks5://127.0.0.1:${dead}`).dial(target, { signal: never }),
    );
    expect([unreached.hop.protocol, unreached.phase, unreached.fault]).toEqual([
      'SOCKS5',
      'connect',
      'unreachable',
    ]);
    expect(unreached.cause).toMatchObject({ hop: { protocol: 'halflight' }, fault: 'refused', reply: 5 });
    const first = await hopErrorOf(
      wayThrough(`http://127.0.0.1:${dead}`, lineOf(remote)).dial(target, { signal: never }),
    );
    expect([first.hop.protocol, first.phase, first.fault, first.code]).toEqual([
      'HTTP',
      'connect',
      'unreachable',
      'connection-refused',
    ]);
    const far = await hopErrorOf(wayThrough(`socks5://127.0.0.1:${dead}`).bind(target, { signal: never }));
    expect([far.hop.protocol, far.phase, far.fault]).toEqual(['SOCKS5', 'connect', 'unreachable']);
  });

  it.each(['halflight', 'ss'] as const)('names a %s server that is not there', async (wire) => {
    const remote = await remoteHalf();
    const port = await deadPort();
    const gone = formatServerUri(uriOf(remote, { wire: wire === 'ss' ? 'shadowsocks' : 'raw', port }));
    const { phase, fault, message } = await hopErrorOf(
      wayThrough(gone).dial({ host: 'x.example', port: 1 }, { signal: never }),
    );
    expect([phase, fault]).toEqual(['connect', 'unreachable']);
    expect(message).not.toContain(remote.settings.secret);
  });

  it('gives a hop its own time, and says so', async () => {
    const silent = await startTarget();
    const way = wayThrough(`socks5://127.0.0.1:${silent.port}?timeout=50ms`);
    const { phase, fault } = await hopErrorOf(way.dial({ host: 'x.example', port: 1 }, { signal: never }));
    expect([phase, fault]).toEqual(['handshake', 'given-up']);
    expect(await (await silent.next()).ended()).toBe('reset');
  });

  it('ends at once when it is given up, with the reason', async () => {
    const silent = await startTarget();
    const giving = new AbortController();
    const remote = await remoteHalf();
    const secret = formatServerUri(uriOf(remote, { port: silent.port }));
    const dialling = hopErrorOf(wayThrough(secret).dial(silent, { signal: giving.signal }));
    const peer = await silent.next();
    await peer.read(1);
    giving.abort(new Error('changed my mind'));
    const { fault, cause } = await dialling;
    expect([fault, cause]).toEqual(['given-up', giving.signal.reason]);
    expect(await peer.ended()).toBe('reset');
  });

  it('leaves nothing with a signal that lives on', async () => {
    const [known, echo] = await Promise.all([proxies(), startEcho()]);
    const { signal } = new AbortController();
    const chains = [['socks5'], ['http', 'ss'], ['socks4a', 'halflight']] as const;
    for (const limit of ['', '?timeout=20s']) {
      for (const kinds of chains) {
        const way = wayThrough(...kinds.map((kind) => known[kind] + limit));
        const { stream } = await way.dial(echo, { signal });
        stream.abort();
        await way.dial({ ...echo, port: await deadPort() }, { signal }).catch(() => undefined);
        expect(getEventListeners(signal, 'abort')).toEqual([]);
      }
    }
  });

  it('asks for an IPv4 address where names are looked up here', async () => {
    const echo = await startEcho();
    const { local } = await startTunnel();
    await expectEcho(wayThrough(`socks4://127.0.0.1:${local.port}`), { ...echo, host: 'localhost' }, 1000);
  });
});

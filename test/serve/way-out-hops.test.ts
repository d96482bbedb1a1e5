import { getEventListeners } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { encodeTarget } from '../../shared/codec/address.js';
import { DialError } from '../../shared/errors.js';
import { HopError } from '../../shared/outbound/hop.js';
import { knows } from '../support/fake-net.js';
import { hopErrorOf, never, scriptedProxy } from '../support/scripted-proxy.js';
import { deadPort, startEcho } from '../support/targets.js';
import { secured } from '../support/tls-door.js';
import { startTunnel } from '../support/tunnel.js';
import { udpEcho } from '../support/udp.js';
import { wayAmid, wayThrough } from '../support/way-out.js';
import { authority as ca } from '../support/web.js';

/** A name that nobody else knows. */
const host = 'only-here.example';

describe('a proxy over TLS', () => {
  it('is reached with what there is to say of its TLS, and not without', async () => {
    const [{ local }, echo] = await Promise.all([startTunnel(), startEcho()]);
    const at = await secured(local.port);
    const uri = `https://localhost:${at.port}`;
    const { stream } = await wayAmid({ proxyTls: { ca } }, uri).dial(echo, { signal: never });
    stream.abort();
    const error = await hopErrorOf(wayThrough(uri).dial(echo, { signal: never }));
    expect([error.phase, error.fault]).toEqual(['handshake', 'invalid']);
  });
});

describe('a proxy that is not to know names', () => {
  it('of SOCKS4 hears nothing of one that has no IPv4 address', async () => {
    const proxy = await scriptedProxy([]);
    const way = wayAmid({ resolver: knows('2001:db8::1') }, `socks4://127.0.0.1:${proxy.at.port}`);
    const error: unknown = await way
      .dial({ host, port: 80 }, { signal: never })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DialError);
    expect(error).not.toBeInstanceOf(HopError);
    expect(error).toMatchObject({ code: 'name-not-resolved' });
    expect(proxy.accepted).toBe(0);
  });

  it('is asked for a binding for an address', async () => {
    const proxy = await scriptedProxy([
      { hears: '05 01 00', says: '05 00' },
      { hears: '05 02 00 01 7f000001 0015', says: '05 07 00 01 00000000 0000' },
    ]);
    const way = wayAmid({ resolver: knows('127.0.0.1') }, `socks5://127.0.0.1:${proxy.at.port}?dns=local`);
    const error = await hopErrorOf(way.bind({ host, port: 21 }, { signal: never }));
    expect(error).toMatchObject({ fault: 'refused', reply: 7 });
    await proxy.played();
  });

  it('brings datagrams to an address', async () => {
    const [{ local }, echo] = await Promise.all([startTunnel(), udpEcho()]);
    const way = wayAmid({ resolver: knows('127.0.0.1') }, `socks5://127.0.0.1:${local.port}?dns=local`);
    const far = await way.datagrams({ signal: never });
    onTestFinished(() => {
      far.close();
    });
    const answered = new Promise((resolve) => {
      far.attach({ answered: resolve, dropped: () => undefined, ended: () => undefined });
    });
    far.send({ host, port: echo.port }, Buffer.from('ping'), () => undefined);
    expect(await answered).toEqual({ host: '127.0.0.1', port: echo.port });
  });
});

describe('a binding at a proxy with a time of its own', () => {
  it('waits for its connection for longer than that', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const granted = Buffer.concat([
      Buffer.from('050000', 'hex'),
      encodeTarget({ host: '127.0.0.1', port: 21 }),
    ]);
    const proxy = await scriptedProxy([
      { hears: '05 01 00', says: '05 00' },
      { hears: '05 02 00 01 7f000001 0015', says: granted },
    ]);
    const way = wayThrough(`socks5://127.0.0.1:${proxy.at.port}?timeout=1s`);
    const { accepted } = await way.bind({ host: '127.0.0.1', port: 21 }, { signal: never });
    vi.advanceTimersByTime(60_000);
    await (await proxy.played()).send(granted);
    const { bound, stream } = await accepted;
    expect(bound).toEqual({ host: '127.0.0.1', port: 21 });
    stream.abort();
  });

  it('that fails leaves nothing with the signal', async () => {
    const { signal } = new AbortController();
    const way = wayThrough(`socks5://127.0.0.1:${await deadPort()}?timeout=20s`);
    await hopErrorOf(way.bind({ host: '127.0.0.1', port: 21 }, { signal }));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

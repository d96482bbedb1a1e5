import net from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Target } from '../../shared/codec/address.js';
import { StreamSocket } from '../../shared/net/stream-socket.js';
import type { FarWay } from '../../shared/outbound/associate.js';
import type { WayOut } from '../../shared/serve/way-out.js';
import { connect, Peer } from '../support/peer.js';
import { hopErrorOf, never } from '../support/scripted-proxy.js';
import { startTarget } from '../support/targets.js';
import { remoteHalf, startTunnel } from '../support/tunnel.js';
import { udpEcho } from '../support/udp.js';
import { lineOf, proxies, type ProxyName, wayThrough } from '../support/way-out.js';

interface Answer {
  readonly source: Target;
  readonly text: string;
}

/** A way for datagrams, and what comes back on it, one after the other. */
async function opened(way: WayOut): Promise<{ readonly far: FarWay; readonly next: () => Promise<Answer> }> {
  const far = await way.datagrams({ signal: never });
  onTestFinished(() => {
    far.close();
  });
  const heard: Answer[] = [];
  const asking: ((answer: Answer) => void)[] = [];
  far.attach({
    answered: (source, payload) => {
      const answer = { source, text: Buffer.from(payload).toString() };
      const taker = asking.shift();
      if (taker === undefined) heard.push(answer);
      else taker(answer);
    },
    dropped: () => undefined,
    ended: () => undefined,
  });
  const next = (): Promise<Answer> => {
    const answer = heard.shift();
    return answer === undefined ? new Promise((resolve) => asking.push(resolve)) : Promise.resolve(answer);
  };
  return { far, next };
}

describe('datagrams through a way out', () => {
  it.each<readonly [string, readonly ProxyName[]]>([
    ['no proxy', []],
    ['Shadowsocks', ['ss']],
    ['halflight', ['halflight']],
    ['SOCKS5', ['socks5']],
    ['SOCKS5 and halflight, in a stream', ['socks5', 'halflight']],
    ['halflight and another, in a stream', ['halflight', 'another halflight']],
  ])('arrive and are answered through %s', async (_names, kinds) => {
    const [known, echo] = await Promise.all([proxies(), udpEcho()]);
    const { far, next } = await opened(wayThrough(...kinds.map((kind) => known[kind])));
    const target = { host: echo.host, port: echo.port };
    for (const text of ['one', 'another']) {
      const payload = Buffer.from(text);
      far.send(target, payload, () => undefined);
      payload.fill(0);
      expect(await next()).toEqual({ source: target, text });
    }
  });

  it.each<readonly [string, readonly ProxyName[]]>([
    ['no proxy', []],
    ['a proxy that is not to know them', ['socks5']],
  ])('find their targets by name with %s', async (_names, kinds) => {
    const [known, echo] = await Promise.all([proxies(), udpEcho()]);
    const { far, next } = await opened(wayThrough(...kinds.map((kind) => `${known[kind]}?dns=local`)));
    far.send({ host: 'localhost', port: echo.port }, Buffer.from('by name'), () => undefined);
    expect(await next()).toEqual({ source: { host: '127.0.0.1', port: echo.port }, text: 'by name' });
  });

  it('say of a name that there is none', async () => {
    const { far } = await opened(wayThrough());
    const error = await new Promise<Error | null>((resolve) => {
      far.send({ host: 'no name', port: 1 }, Buffer.from('x'), resolve);
    });
    expect(error?.message).toMatch(/^name: /);
  });

  it('are not to be had where the protocol has none', async () => {
    const { http, socks4a, ss, socks5, halflight } = await proxies();
    for (const uris of [[http], [socks4a], [halflight, socks5], [halflight, ss], [socks5, http]]) {
      const { fault, code } = await hopErrorOf(wayThrough(...uris).datagrams({ signal: never }));
      expect([fault, code]).toEqual(['unsupported', 'command-not-supported']);
    }
  });
});

describe('a binding through a way out', () => {
  it('waits at the last proxy, and carries both ways', async () => {
    const [{ local }, far] = await Promise.all([
      startTunnel({ remote: { allowBind: true } }),
      remoteHalf({ allowBind: true }),
    ]);
    const socks = (scheme: string): string => `${scheme}://127.0.0.1:${local.port}`;
    for (const uris of [
      [socks('socks5')],
      [socks('socks4')],
      [lineOf(far)],
      [socks('socks5'), lineOf(far)],
    ]) {
      const binding = await wayThrough(...uris).bind({ host: '127.0.0.1', port: 0 }, { signal: never });
      const peer = new Peer(net.connect({ ...binding.bound, allowHalfOpen: true }));
      const { stream } = await binding.accepted;
      const socket = new StreamSocket(stream, { allowHalfOpen: true });
      socket.end('from here');
      expect((await peer.rest()).toString()).toBe('from here');
      void peer.send('from there');
      peer.end();
      expect(Buffer.concat((await socket.toArray()) as Buffer[]).toString()).toBe('from there');
    }
  });

  it('has a halflight remote wait for whoever is to connect there', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): unknown => warnings.push(warning);
    process.on('warning', note);
    onTestFinished(() => {
      process.off('warning', note);
    });
    const remote = await remoteHalf({ allowBind: true });
    const expected = { host: '127.0.0.1', port: 0 };
    const { bound, accepted } = await wayThrough(lineOf(remote)).bind(expected, { signal: never });
    const peer = await connect(bound.port);
    const { stream } = await accepted;
    stream.write([Buffer.from('hello')]);
    expect((await peer.read(5)).toString()).toBe('hello');
    stream.abort();
    // A timer that is set for longer than any can wait does not wait at all, and Node says so.
    expect(warnings).toEqual([]);
  });

  it('ends with its signal, after its time to come about is over', async () => {
    const { local } = await startTunnel({ remote: { allowBind: true } });
    const giving = new AbortController();
    const way = wayThrough(`socks5://127.0.0.1:${local.port}?timeout=20s`);
    const binding = await way.bind({ host: '127.0.0.1', port: 0 }, { signal: giving.signal });
    giving.abort(new Error('changed my mind'));
    const { fault, cause } = await hopErrorOf(binding.accepted);
    expect([fault, cause]).toEqual(['given-up', giving.signal.reason]);
  });

  it('is not to be had where the protocol has none', async () => {
    const { http, ss } = await proxies();
    const nobody = await startTarget();
    for (const uris of [[http], [ss], [`socks5://127.0.0.1:${nobody.port}`, http], []]) {
      const { fault, code } = await hopErrorOf(wayThrough(...uris).bind(nobody, { signal: never }));
      expect([fault, code]).toEqual(['unsupported', 'command-not-supported']);
    }
  });
});

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { formatServerUri, systemEnvironment } from '../../index.js';
import type { Target } from '../../shared/codec/address.js';
import { parseHop } from '../../shared/config/proxy-uri.js';
import { createResolver } from '../../shared/net/resolve.js';
import { StreamSocket } from '../../shared/net/stream-socket.js';
import { HopError } from '../../shared/outbound/hop.js';
import { type WayOut, wayOut } from '../../shared/serve/way-out.js';
import { connect } from '../support/peer.js';
import { startTap } from '../support/tap.js';
import { deadPort, startEcho, startTarget } from '../support/targets.js';
import { remoteHalf, type RunningRemote, startTunnel, uriOf } from '../support/tunnel.js';

const never = new AbortController().signal;

function wayThrough(...uris: readonly string[]): WayOut {
  const resolver = createResolver();
  const way = wayOut(
    uris.map((uri) => parseHop(uri)),
    { environment: systemEnvironment, resolver },
  );
  onTestFinished(() => {
    way.close();
    resolver.close();
  });
  return way;
}

async function dialled(way: WayOut, target: Target): Promise<StreamSocket> {
  const { stream } = await way.dial(target, { signal: never });
  const socket = new StreamSocket(stream, { allowHalfOpen: true });
  onTestFinished(() => {
    socket.destroy();
  });
  return socket;
}

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

async function failureOf(work: Promise<unknown>): Promise<HopError> {
  const error = await work.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  if (!(error instanceof HopError)) throw new Error(`expected a HopError, got ${String(error)}`);
  return error;
}

const uri = (remote: RunningRemote, wire: 'raw' | 'shadowsocks' = 'raw'): string =>
  formatServerUri(uriOf(remote, { wire }));

type ProxyName = 'socks4a' | 'socks5' | 'http' | 'halflight' | 'another halflight' | 'ss';

/** One proxy of each kind. */
async function proxies(): Promise<Readonly<Record<ProxyName, string>>> {
  const [{ local }, remote, other] = await Promise.all([startTunnel(), remoteHalf(), remoteHalf()]);
  const at = `127.0.0.1:${local.port}`;
  return {
    socks4a: `socks4a://${at}`,
    socks5: `socks5://${at}`,
    http: `http://${at}`,
    halflight: uri(remote),
    'another halflight': uri(other),
    ss: uri(other, 'shadowsocks'),
  };
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
    const socket = await dialled(wayThrough(uri(one), uri(other)), target);
    const peer = await target.next();
    peer.socket.resetAndDestroy();
    await expect(once(socket.resume(), 'end')).rejects.toThrow(/reset|truncat|end of the connection/);
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
    const unreached = await failureOf(
      wayThrough(uri(remote), `socks5://127.0.0.1:${dead}`).dial(target, { signal: never }),
    );
    expect([unreached.hop.protocol, unreached.phase, unreached.fault, unreached.reply]).toEqual([
      'halflight',
      'request',
      'refused',
      5,
    ]);
    const first = await failureOf(
      wayThrough(`http://127.0.0.1:${dead}`, uri(remote)).dial(target, { signal: never }),
    );
    expect([first.hop.protocol, first.phase, first.fault, first.code]).toEqual([
      'HTTP',
      'connect',
      'unreachable',
      'connection-refused',
    ]);
    const far = await failureOf(wayThrough(`socks5://127.0.0.1:${dead}`).bind(target, { signal: never }));
    expect([far.hop.protocol, far.phase, far.fault]).toEqual(['SOCKS5', 'connect', 'unreachable']);
  });

  it.each(['halflight', 'ss'] as const)('names a %s server that is not there', async (wire) => {
    const remote = await remoteHalf();
    const port = await deadPort();
    const gone = formatServerUri(uriOf(remote, { wire: wire === 'ss' ? 'shadowsocks' : 'raw', port }));
    const { phase, fault, message } = await failureOf(
      wayThrough(gone).dial({ host: 'x.example', port: 1 }, { signal: never }),
    );
    expect([phase, fault]).toEqual(['connect', 'unreachable']);
    expect(message).not.toContain(remote.settings.secret);
  });

  it('gives a hop its own time, and says so', async () => {
    const silent = await startTarget();
    const way = wayThrough(`socks5://127.0.0.1:${silent.port}?timeout=50ms`);
    const { phase, fault } = await failureOf(way.dial({ host: 'x.example', port: 1 }, { signal: never }));
    expect([phase, fault]).toEqual(['handshake', 'given-up']);
    expect(await (await silent.next()).ended()).toBe('reset');
  });

  it('ends at once when it is given up, with the reason', async () => {
    const silent = await startTarget();
    const giving = new AbortController();
    const remote = await remoteHalf();
    const secret = formatServerUri(uriOf(remote, { port: silent.port }));
    const dialling = failureOf(wayThrough(secret).dial(silent, { signal: giving.signal }));
    const peer = await silent.next();
    await peer.read(1);
    giving.abort(new Error('changed my mind'));
    const { fault, cause } = await dialling;
    expect([fault, cause]).toEqual(['given-up', giving.signal.reason]);
    expect(await peer.ended()).toBe('reset');
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
    const { bound, accepted } = await wayThrough(uri(remote)).bind(expected, { signal: never });
    const peer = await connect(bound.port);
    const { stream } = await accepted;
    stream.write([Buffer.from('hello')]);
    expect((await peer.read(5)).toString()).toBe('hello');
    stream.abort();
    // A timer that is set for longer than any can wait does not wait at all, and Node says so.
    expect(warnings).toEqual([]);
  });

  it('asks for an IPv4 address where names are looked up here', async () => {
    const echo = await startEcho();
    const { local } = await startTunnel();
    await expectEcho(wayThrough(`socks4://127.0.0.1:${local.port}`), { ...echo, host: 'localhost' }, 1000);
  });

  it('says what a kind of proxy cannot do', async () => {
    const { http, ss, socks5, halflight } = await proxies();
    const target = { host: '127.0.0.1', port: 1 };
    for (const uris of [[http], [ss], ['direct:']]) {
      const error = await failureOf(wayThrough(...uris).bind(target, { signal: never }));
      expect([error.fault, error.code]).toEqual(['unsupported', 'command-not-supported']);
    }
    for (const uris of [[http], [halflight, socks5], [halflight, ss], [socks5, http]]) {
      expect((await failureOf(wayThrough(...uris).datagrams({ signal: never }))).fault).toBe('unsupported');
    }
  });
});

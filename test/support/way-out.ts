/** Ways out for tests: put together from URIs, and one proxy of each kind to put them together from. */
import { onTestFinished } from 'vitest';
import { formatServerUri, systemEnvironment } from '../../index.js';
import type { Target } from '../../shared/codec/address.js';
import { parseHop } from '../../shared/config/proxy-uri.js';
import { createResolver } from '../../shared/net/resolve.js';
import { StreamSocket } from '../../shared/net/stream-socket.js';
import { type WayAround, type WayOut, wayOut } from '../../shared/serve/way-out.js';
import { never } from './scripted-proxy.js';
import { remoteHalf, type RunningRemote, startTunnel, uriOf } from './tunnel.js';

/** Through these, nearest first. */
export function wayThrough(...uris: readonly string[]): WayOut {
  return wayAmid({}, ...uris);
}

/** The same, with other things around. */
export function wayAmid(around: Partial<WayAround>, ...uris: readonly string[]): WayOut {
  const resolver = createResolver();
  const way = wayOut(
    uris.map((uri) => parseHop(uri)),
    { environment: systemEnvironment, resolver, ...around },
  );
  onTestFinished(() => {
    way.close();
    resolver.close();
  });
  return way;
}

/** A connection through it. Each direction ends by itself. */
export async function dialled(way: WayOut, target: Target): Promise<StreamSocket> {
  const { stream } = await way.dial(target, { signal: never });
  const socket = new StreamSocket(stream, { allowHalfOpen: true });
  onTestFinished(() => {
    socket.destroy();
  });
  return socket;
}

/** A remote as one line of text. */
export function lineOf(remote: RunningRemote, wire: 'raw' | 'shadowsocks' = 'raw'): string {
  return formatServerUri(uriOf(remote, { wire }));
}

export type ProxyName = 'socks4a' | 'socks5' | 'http' | 'halflight' | 'another halflight' | 'ss';

/** One proxy of each kind. */
export async function proxies(): Promise<Readonly<Record<ProxyName, string>>> {
  const [{ local }, remote, other] = await Promise.all([startTunnel(), remoteHalf(), remoteHalf()]);
  const at = `127.0.0.1:${local.port}`;
  return {
    socks4a: `socks4a://${at}`,
    socks5: `socks5://${at}`,
    http: `http://${at}`,
    halflight: lineOf(remote),
    'another halflight': lineOf(other),
    ss: lineOf(other, 'shadowsocks'),
  };
}

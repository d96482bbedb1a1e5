/** Ways out through proxies, one behind another, put together from what each of them can do. */
import type { ConnectionOptions } from 'node:tls';
import type { Target } from '../codec/address.js';
import { parseIp } from '../codec/ip.js';
import type { DirectHop, Hop } from '../config/proxy-uri.js';
import type { Environment } from '../environment.js';
import { DialError } from '../errors.js';
import { deadline } from '../net/deadline.js';
import type { Guard } from '../net/guard.js';
import type { Resolver } from '../net/resolve.js';
import { within } from '../net/within.js';
import type { FarWay } from '../outbound/associate.js';
import { untilAccepted } from '../outbound/closable-binding.js';
import { directDialer } from '../outbound/direct.js';
import { DirectWay, resolving } from '../outbound/direct-datagrams.js';
import { HopError, type HopName } from '../outbound/hop.js';
import { httpConnectDialer } from '../outbound/http-connect.js';
import type { Binder, Dialer, DialerOptions } from '../outbound/outbound.js';
import { secureDialer } from '../outbound/secure.js';
import { socks4Binder, socks4Dialer } from '../outbound/socks4.js';
import { socks5Binder, socks5Dialer } from '../outbound/socks5.js';
import { socks5Datagrams } from '../outbound/socks5-datagrams.js';
import { tunnelHop } from '../outbound/tunnel-hop.js';
import { defaultTimeouts } from './timeouts.js';

/** All that can be asked for through some proxies. What one of them cannot do rejects with a HopError. */
export interface WayOut {
  readonly dial: Dialer;
  readonly bind: Binder;
  readonly datagrams: (options: DialerOptions) => Promise<FarWay>;
  /** Keeps no connection for later any more. */
  close(): void;
}

/** What ways out have around them. */
export interface WayAround {
  readonly environment: Environment;
  readonly resolver: Resolver;
  /** TLS to proxies that want it. */
  readonly proxyTls?: ConnectionOptions;
  /** Nothing follows the one dial: no connection is kept or opened for others. */
  readonly once?: boolean;
  /** Where what leaves this host must not go. */
  readonly guard?: Guard;
}

/** What can be asked of one hop. */
type Ways = Omit<WayOut, 'close'> & Partial<Pick<WayOut, 'close'>>;

/** Where a hop stands. */
interface Place extends WayAround {
  /** What reaches it. */
  readonly over: Dialer;
  /** Nothing is before it. */
  readonly first: boolean;
}

type Proxy = Exclude<Hop, DirectHop>;

/** The way through `hops`, the nearest first; those that are `direct` are none. */
export function wayOut(hops: readonly Hop[], around: WayAround): WayOut {
  const { resolver, guard } = around;
  const straight = directDialer({ resolver, timeoutMs: Infinity, ...(guard && { guard }) });
  const proxies = hops.filter((hop) => hop.kind !== 'direct');
  let way: Ways | undefined;
  const closing: (() => void)[] = [];
  for (const hop of proxies) {
    const own = waysThrough(hop, { ...around, over: way?.dial ?? straight, first: way === undefined });
    if (own.close !== undefined) closing.push(own.close);
    way = limited(hop, named(hop, own, resolver));
  }
  way ??= limited(hops.at(-1), straightWays(straight, resolver));
  return {
    ...way,
    close: () => {
      for (const close of closing) close();
    },
  };
}

const stepsByKind: {
  readonly [Kind in Proxy['kind']]: (hop: Extract<Proxy, { kind: Kind }>, place: Place) => Ways;
} = {
  socks4: (hop, { over }) => {
    const place = { ...hop, protocol: 'SOCKS4' } as const;
    return {
      dial: socks4Dialer(over, place),
      bind: socks4Binder(over, place),
      datagrams: noDatagrams(place),
    };
  },
  socks5: (hop, { over, first, resolver }) => {
    const place = { ...hop, protocol: 'SOCKS5' } as const;
    return {
      dial: socks5Dialer(over, place),
      bind: socks5Binder(over, place),
      datagrams: first ? socks5Datagrams(over, place, resolver) : noDatagrams(place),
    };
  },
  http: (hop, { over, proxyTls = {} }) => {
    const place = { ...hop, protocol: 'HTTP' } as const;
    const reached = hop.tls ? secureDialer(over, place, proxyTls) : over;
    return { dial: httpConnectDialer(reached, place), bind: noBinding(place), datagrams: noDatagrams(place) };
  },
  tunnel: ({ uri, name }, { over, first, environment, resolver, once = false }) => {
    const raw = uri.wire === 'raw';
    const place = { name, protocol: raw ? 'halflight' : 'Shadowsocks', end: uri } as const;
    const parts = { environment, resolver, once, timeouts: defaultTimeouts };
    const ways = tunnelHop(place, first ? parts : { ...parts, over });
    return {
      ...ways,
      ...(!raw && { bind: noBinding(place) }),
      // Whether another server than ours takes them in a stream cannot be told.
      ...(!raw && !first && { datagrams: noDatagrams(place) }),
    };
  },
};

function waysThrough(hop: Proxy, place: Place): Ways {
  const step = stepsByKind[hop.kind] as (hop: Proxy, place: Place) => Ways;
  return step(hop, place);
}

function straightWays(dial: Dialer, resolver: Resolver): Ways {
  const datagrams = (): Promise<FarWay> => Promise.resolve(resolving(new DirectWay(), resolver));
  return { dial, datagrams, bind: noBinding({ protocol: 'direct', name: 'direct:' }) };
}

function noBinding(hop: HopName): Binder {
  return () => Promise.reject(unsupported(hop, 'BIND'));
}

function noDatagrams(hop: HopName): Ways['datagrams'] {
  return () => Promise.reject(unsupported(hop, 'datagrams'));
}

function unsupported(hop: HopName, what: string): HopError {
  const message = `${what}: expected a proxy that can do it there, got ${hop.protocol}`;
  return new HopError(hop, {
    phase: 'request',
    fault: 'unsupported',
    message,
    code: 'command-not-supported',
  });
}

/** Names are looked up here first where the hop is not to know them. */
function named(hop: Proxy, ways: Ways, resolver: Resolver): Ways {
  if (hop.dns === 'remote') return ways;
  const known = async ({ host, port }: Target, { signal }: DialerOptions): Promise<Target> => {
    if (parseIp(host) !== undefined) return { host, port };
    const found = await within(resolver.resolve(host), Infinity, signal);
    const ipv4 = found.find((ip) => !ip.includes(':'));
    const ip = ipv4 ?? (hop.kind === 'socks4' ? undefined : found[0]);
    if (ip !== undefined) return { host: ip, port };
    throw new DialError('name-not-resolved', 'name: expected an IPv4 address, got none');
  };
  return {
    ...ways,
    dial: async (target, options) => ways.dial(await known(target, options), options),
    bind: async (expected, options) => ways.bind(await known(expected, options), options),
    datagrams: async (options) => resolving(await ways.datagrams(options), resolver),
  };
}

/** What belongs to a hop is to come about in its time. */
function limited(hop: Hop | undefined, ways: Ways): Ways {
  const ms = hop?.timeoutMs;
  if (ms === undefined) return ways;
  const inTime = async <T>(signal: AbortSignal, work: (limited: AbortSignal) => Promise<T>): Promise<T> => {
    const limit = deadline(ms, signal);
    try {
      return await work(limit.signal);
    } finally {
      limit.over();
    }
  };
  return {
    dial: (target, options) => inTime(options.signal, (signal) => ways.dial(target, { ...options, signal })),
    datagrams: (options) => inTime(options.signal, (signal) => ways.datagrams({ ...options, signal })),
    bind: (expected, options) =>
      untilAccepted(deadline(ms, options.signal), (signal) => ways.bind(expected, { ...options, signal })),
  };
}

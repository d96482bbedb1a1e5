/** Halflight remotes and Shadowsocks servers as proxies on the way, perhaps behind others. */
import { loadCiphers } from '../codec/aead.js';
import type { Method } from '../codec/methods.js';
import { clientCipher } from '../codec/session.js';
import type { Environment } from '../environment.js';
import { codeOf, DialError } from '../errors.js';
import { deadline } from '../net/deadline.js';
import { loadOnce } from '../net/later.js';
import type { Resolver } from '../net/resolve.js';
import { asTcp } from '../net/stream-socket.js';
import { socks5Replies } from '../proxy/socks5-message.js';
import { type FarWay, packetWay, type PacketTunnel } from './associate.js';
import { streamWay } from './associate-stream.js';
import { tunnelBinder } from './bind.js';
import { type FarEnd, tunnelTo } from './far-end.js';
import { during, HopError, type HopName } from './hop.js';
import {
  type Binder,
  DeadCarrier,
  type Dialer,
  type DialerOptions,
  FarFailure,
  FarRefusal,
} from './outbound.js';
import { reach, type SocketDialer, type Tunnel } from './reach.js';
import { probe, rawDialer, shadowsocksDialer } from './tunnel.js';

/** A server with a key. */
export interface TunnelPlace extends HopName {
  readonly protocol: 'halflight' | 'Shadowsocks';
  readonly end: FarEnd & { readonly method: Method; readonly secret: string };
}

const backend = 'native';

export interface TunnelHopOptions {
  readonly environment: Environment;
  readonly resolver: Resolver;
  readonly timeouts: Parameters<typeof tunnelTo>[1]['timeouts'];
  /** What reaches the server, when it is not dialled from here. */
  readonly over?: Dialer;
  /** Nothing follows the one dial: no connection is kept or opened for others. */
  readonly once?: boolean;
}

/** What can be asked of such a server. */
export interface TunnelHop {
  readonly dial: Dialer;
  readonly bind: Binder;
  /** By packets, or through other proxies in a stream. */
  readonly datagrams: (options: DialerOptions) => Promise<FarWay>;
  /** Keeps no connection any more. */
  close(): void;
}

/** What fails on the way rejects with a HopError. As with all proxies the signal alone ends a dial. */
export function tunnelHop(hop: TunnelPlace, options: TunnelHopOptions): TunnelHop {
  const { method, wire } = hop.end;
  const tunnel = openTunnel(hop, options);
  const patient = { ...tunnel, timeouts: { ...tunnel.timeouts, dialMs: Infinity, replyMs: Infinity } };
  const ready = loadOnce(() => loadCiphers(method, backend));
  const spoken =
    <Asked, Got>(way: (asked: Asked, asking: DialerOptions) => Promise<Got>) =>
    (asked: Asked, asking: DialerOptions): Promise<Got> =>
      naming(
        hop,
        asking.signal,
        ready().then(() => way(asked, asking)),
      );
  const standard = shadowsocksDialer(patient);
  const bind = spoken(tunnelBinder(patient, 0));
  const way = spoken((_none: undefined, asking) =>
    options.over === undefined ? packetWay(tunnel, asking) : streamWay(standard, asking),
  );
  return {
    dial: spoken(wire === 'raw' ? rawDialer(patient) : standard),
    bind: async (expected, asking) => {
      const binding = await bind(expected, asking);
      const accepted = naming(hop, asking.signal, binding.accepted);
      // It may break before anybody asks for it.
      accepted.catch(() => undefined);
      return { ...binding, accepted };
    },
    datagrams: (asking) => way(undefined, asking),
    close: () => tunnel.carriers?.close(),
  };
}

function openTunnel(hop: TunnelPlace, { over, once, ...parts }: TunnelHopOptions): Tunnel & PacketTunnel {
  const { method, secret } = hop.end;
  const { timeouts } = parts;
  let asking: Promise<boolean> | undefined;
  const tunnel: Tunnel & PacketTunnel = tunnelTo(
    hop.end,
    {
      ...parts,
      ...(over !== undefined && { over: socketDialer(over) }),
      cipher: clientCipher(method, secret, backend),
      // Carriers stall together: one answer serves all that ask meanwhile.
      pathWorks: () =>
        (asking ??= works(tunnel, hop.end.wire, AbortSignal.timeout(timeouts.dialMs)).finally(() => {
          asking = undefined;
        })),
      crowded: () => undefined,
    },
    { count: () => undefined, tell: () => undefined },
  );
  return once === true ? { ...tunnel, carriers: undefined } : tunnel;
}

/** Connections as tunnels want them, over whatever leads there. */
function socketDialer(over: Dialer): SocketDialer {
  return async (target, { signal, timeoutMs }) => {
    const limit = deadline(timeoutMs, signal);
    try {
      const { stream } = await over(target, { signal: limit.signal });
      return asTcp(stream);
    } finally {
      limit.over();
    }
  };
}

/** Whether the server is there. One on the standard wire shows its key to nobody who asks for nothing. */
async function works(tunnel: Tunnel, wire: FarEnd['wire'], signal: AbortSignal): Promise<boolean> {
  try {
    if (wire === 'raw') await probe(tunnel, signal);
    else (await reach(tunnel, { signal })).drop();
    return true;
  } catch {
    return false;
  }
}

/** What `work` brings. Rejects with a HopError: of the first proxy on the way that failed. */
async function naming<T>(hop: TunnelPlace, signal: AbortSignal, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof FarRefusal) throw refusalOf(hop, error);
    const far = error instanceof FarFailure || error instanceof DeadCarrier;
    const cause = far ? error.cause : error;
    const phase = cause instanceof DialError ? 'connect' : 'handshake';
    return during({ hop, phase, signal }, Promise.reject(cause as Error));
  }
}

/** A remote is asked in the words of SOCKS5. */
function refusalOf(hop: TunnelPlace, { code, message, cause }: FarRefusal): HopError {
  if (codeOf(cause) !== 'denied') {
    return new HopError(hop, {
      phase: 'request',
      fault: 'refused',
      message,
      reply: socks5Replies[code],
      code,
    });
  }
  const expected = 'expected a remote that asks for no user, got one that does: dial through a local of it';
  return new HopError(hop, {
    phase: 'auth',
    fault: 'auth-required',
    message: `credentials: ${expected}`,
    cause,
  });
}

/** All that a client may ask of one server, watched. */
import type { LocalSettings } from '../shared/config/settings.js';
import type { Wire } from '../shared/net/sealed.js';
import type { FarWay, PacketTunnel } from '../shared/outbound/associate.js';
import {
  type Associator,
  type Binder,
  type Dialer,
  type DialerOptions,
  type EarlyDialer,
  FarFailure,
  lazyWay,
  type Passer,
} from '../shared/outbound/outbound.js';
import type { Tunnel } from '../shared/outbound/reach.js';
import { earlyDialer, rawDialer, rawPasser, shadowsocksDialer } from '../shared/outbound/tunnel.js';
import type { PathWatch } from './path.js';
import { type Greeter, rawGreeter } from './vouched.js';

export interface WaysThrough {
  readonly dial: Dialer;
  readonly early: EarlyDialer;
  readonly bind: Binder;
  readonly associate: Associator;
  /** The way of datagrams alone, for whoever has no client that asks for an association. */
  readonly datagrams: (options: DialerOptions) => Promise<FarWay>;
  readonly pass: Passer;
  readonly greet: Greeter;
}

interface Watched extends Pick<LocalSettings, 'udpOverTcp'> {
  readonly wire: Wire;
  readonly bindMs: number;
  /** Is told what they meet. */
  readonly watch: PathWatch;
}

const dialers = { raw: rawDialer, shadowsocks: shadowsocksDialer };

/** The ways through a tunnel. */
export function waysThrough(
  tunnel: Tunnel & PacketTunnel,
  { wire, bindMs, udpOverTcp, watch }: Watched,
): WaysThrough {
  const streamDialer = watch.watched(shadowsocksDialer(tunnel), () => false);
  const overPackets = async (): Promise<Associator> => {
    const { tunnelAssociator } = await import('../shared/outbound/associate.js');
    return tunnelAssociator(tunnel);
  };
  const overStream = async (): Promise<Associator> => {
    const { streamAssociator } = await import('../shared/outbound/associate-stream.js');
    return streamAssociator(streamDialer);
  };
  const datagrams = async (options: DialerOptions): Promise<FarWay> => {
    if (udpOverTcp === true) {
      const { streamWay } = await import('../shared/outbound/associate-stream.js');
      return streamWay(streamDialer, options);
    }
    const { packetWay } = await import('../shared/outbound/associate.js');
    return packetWay(tunnel, options).catch((error: unknown) => {
      options.signal.throwIfAborted();
      throw new FarFailure(tunnel.remote, error);
    });
  };
  const binder = async (): Promise<Binder> => {
    const { tunnelBinder } = await import('../shared/outbound/bind.js');
    return tunnelBinder(tunnel, bindMs);
  };
  // On the standard wire a connection that stands proves nothing: nobody has shown a key yet.
  const dial = watch.watched(dialers[wire](tunnel), () => wire === 'raw');
  const farEarly = watch.watched(earlyDialer(tunnel), () => false);
  const early: EarlyDialer = async (target, { heard, ...options }) => {
    if (wire === 'raw') {
      return farEarly(target, {
        ...options,
        heard: (failure, reached) => {
          if (failure instanceof FarFailure) watch.fails(failure);
          heard(failure, reached);
        },
      });
    }
    // There the answer is an early one anyhow, and nothing follows it.
    const connected = await dial(target, options);
    heard(undefined, connected);
    return connected;
  };
  return {
    dial,
    early,
    bind: watch.watched(lazyWay(binder)),
    associate: lazyWay(udpOverTcp === true ? overStream : overPackets),
    datagrams,
    pass: watch.watched(rawPasser(tunnel), ({ reply }) => reply.length > 0),
    greet: watch.watched(rawGreeter(tunnel)),
  };
}

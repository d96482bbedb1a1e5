/** All that a client may ask of one server, watched. */
import type { LocalSettings } from '../shared/config/settings.js';
import type { Wire } from '../shared/net/sealed.js';
import { type PacketTunnel, tunnelAssociator } from '../shared/outbound/associate.js';
import { streamAssociator } from '../shared/outbound/associate-stream.js';
import { tunnelBinder } from '../shared/outbound/bind.js';
import type { Associator, Binder, Dialer, Passer } from '../shared/outbound/outbound.js';
import { rawDialer, rawPasser, shadowsocksDialer, type Tunnel } from '../shared/outbound/tunnel.js';
import type { PathWatch } from './path.js';
import { type Greeter, rawGreeter } from './vouched.js';

export interface WaysThrough {
  readonly dial: Dialer;
  readonly bind: Binder;
  readonly associate: Associator;
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
  return {
    // On the standard wire a connection that stands proves nothing: nobody has shown a key yet.
    dial: watch.watched(dialers[wire](tunnel), () => wire === 'raw'),
    bind: watch.watched(tunnelBinder(tunnel, bindMs)),
    associate:
      udpOverTcp === true
        ? streamAssociator(watch.watched(shadowsocksDialer(tunnel), () => false))
        : tunnelAssociator(tunnel),
    pass: watch.watched(rawPasser(tunnel), ({ reply }) => reply.length > 0),
    greet: watch.watched(rawGreeter(tunnel)),
  };
}

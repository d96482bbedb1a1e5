/** TLS on the way. */
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { agreedOrGone, secureSocket } from '../net/secure-socket.js';
import { StreamSocket } from '../net/stream-socket.js';
import { TcpStream } from '../net/tcp.js';
import { during, type HopName } from './hop.js';
import type { Dialer } from './outbound.js';

/**
 * TLS to whatever `over` reaches, whose certificate is checked unless `options` say otherwise. Rejects as `over` does,
 * or with a HopError of the phase `handshake`.
 */
export function secureDialer(over: Dialer, hop: HopName, options: ConnectionOptions): Dialer {
  return async (target, { signal }) => {
    const { stream, ...reached } = await over(target, { signal });
    const { host } = target;
    const below = new StreamSocket(stream, { allowHalfOpen: true });
    const agreeing = async (): Promise<TLSSocket> =>
      agreedOrGone(secureSocket(below, { ...options, host }), signal);
    const secured = await during({ hop, phase: 'handshake', signal }, agreeing());
    return { ...reached, stream: new TcpStream(secured) };
  };
}

/** TLS on the way. */
import { isIP } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { secureSocket } from '../net/secure-socket.js';
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
    // The name that TLS says aloud is never an address (RFC 6066 §3).
    const servername = isIP(host) === 0 ? host : '';
    const below = new StreamSocket(stream, { allowHalfOpen: true });
    const secured = secureSocket(below, { servername, ...options, host });
    return { ...reached, stream: await during(hop, 'handshake', signal, agreed(secured, signal)) };
  };
}

/** The stream, once both sides have agreed. */
function agreed(socket: TLSSocket, signal: AbortSignal): Promise<TcpStream> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      socket.destroy(signal.reason as Error);
    };
    const settle = (): void => {
      signal.removeEventListener('abort', giveUp);
      socket.off('error', reject);
    };
    socket.on('error', reject).once('close', settle);
    socket.once('secureConnect', () => {
      settle();
      resolve(new TcpStream(socket));
    });
    signal.addEventListener('abort', giveUp);
    if (signal.aborted) giveUp();
  });
}

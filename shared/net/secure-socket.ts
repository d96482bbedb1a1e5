/** TLS over streams. */
import { isIP } from 'node:net';
import tls, { type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { StreamSocket } from './stream-socket.js';

/** Whose certificate is expected, and whatever else there is to say of it. */
export interface SecureOptions extends ConnectionOptions {
  readonly host: string;
}

/**
 * TLS over `socket`, with all that it can do: Node hears of nothing below a stream that is not the system's, so `unref`
 * would have no effect, addresses would be unknown, and the stream would outlive what is spoken over it. `begin` does
 * what `tls.connect` does.
 */
export function secureSocket(
  socket: StreamSocket,
  options: SecureOptions,
  begin: (options: ConnectionOptions) => TLSSocket = tls.connect,
): TLSSocket {
  // The name that TLS says aloud is never an address (RFC 6066 §3).
  const servername = options.servername ?? (isIP(options.host) === 0 ? options.host : '');
  const secured = begun(socket, () => begin({ ...options, servername, socket }));
  const own = {
    ref: () => {
      socket.ref();
      return secured;
    },
    unref: () => {
      socket.unref();
      return secured;
    },
    resetAndDestroy: () => {
      socket.resetAndDestroy();
      return secured.destroy();
    },
  };
  Object.assign(secured, own);
  for (const asked of [
    'system',
    'localAddress',
    'localPort',
    'localFamily',
    'remoteAddress',
    'remotePort',
    'remoteFamily',
  ] as const) {
    Object.defineProperty(secured, asked, { get: () => socket[asked] });
  }
  secured.once('close', (broken: boolean) => (broken ? socket.resetAndDestroy() : socket.destroy()));
  return secured;
}

/** What `begin` makes of a socket; options that Node refuses must not leave it open. */
function begun(socket: StreamSocket, begin: () => TLSSocket): TLSSocket {
  try {
    return begin();
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/**
 * The socket, once both sides have agreed. Rejects with what it is destroyed with before, or with the reason of `signal`:
 * then it is the caller's to destroy.
 */
export function agreed(socket: TLSSocket, signal: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      settle();
      reject(signal.reason as Error);
    };
    const failed = (error: Error): void => {
      settle();
      reject(error);
    };
    const settle = (): void => {
      signal.removeEventListener('abort', giveUp);
      socket.off('error', failed);
    };
    socket.on('error', failed).once('close', settle);
    socket.once('secureConnect', () => {
      settle();
      resolve(socket);
    });
    signal.addEventListener('abort', giveUp);
    if (signal.aborted) giveUp();
  });
}

/** The same; the socket is gone when that fails. */
export async function agreedOrGone(socket: TLSSocket, signal: AbortSignal): Promise<TLSSocket> {
  try {
    return await agreed(socket, signal);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

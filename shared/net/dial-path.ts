import { dialErrorOf } from './dial-errors.js';
import { connectPath } from './lending.js';
import { TcpStream } from './tcp.js';

/** A connection to the unix socket there. Rejects with a DialError, or with the reason of `signal`. */
export function dialPath(path: string, signal: AbortSignal): Promise<TcpStream> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = connectPath(path);
    const over = (): void => {
      socket.off('connect', connected).off('error', failed);
      signal.removeEventListener('abort', aborted);
    };
    const connected = (): void => {
      over();
      resolve(new TcpStream(socket));
    };
    const failed = (error: Error): void => {
      over();
      reject(dialErrorOf(error));
    };
    const aborted = (): void => {
      over();
      socket.on('error', () => undefined).destroy();
      reject(signal.reason as Error);
    };
    socket.on('connect', connected).on('error', failed);
    signal.addEventListener('abort', aborted);
  });
}

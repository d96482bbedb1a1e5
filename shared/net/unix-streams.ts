/** Unix sockets that carry streams: to listen at one, and to reach one. */
import { chmod, lstat, unlink } from 'node:fs/promises';
import net from 'node:net';
import { codeOf } from '../errors.js';
import { dialErrorOf } from './dial-errors.js';
import { connectPath } from './lending.js';
import { type Listener, listenOn, type ListenOptions } from './listen.js';
import { TcpStream } from './tcp.js';

/** Whoever is not the user that runs this has no rights there. */
const mode = 0o600;
const othersMask = 0o177;

/**
 * Listens at `path`, for this user alone. A socket at which nobody listens any more gives way; whatever else is there does
 * not. It is gone when the listener is closed. Rejects with the system's error (EADDRINUSE, EACCES, ENOENT, …).
 */
export async function listenPath(path: string, options: ListenOptions): Promise<Listener> {
  try {
    return await listenAlone(path, options);
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE' || !(await isStale(path))) throw error;
    await unlink(path);
    return listenAlone(path, options);
  }
}

async function listenAlone(path: string, options: ListenOptions): Promise<Listener> {
  const unmask = maskOthers();
  // It is bound before this returns: nobody can come in between.
  const listening = listenOn({ path }, options);
  if (unmask !== undefined) {
    unmask();
    return listening;
  }
  const listener = await listening;
  await chmod(path, mode);
  return listener;
}

/** Undefined in a thread, which may not do that. */
function maskOthers(): (() => void) | undefined {
  try {
    const before = process.umask(othersMask);
    return () => {
      process.umask(before);
    };
  } catch {
    return undefined;
  }
}

/** Whether there is a socket at which nobody listens. */
async function isStale(path: string): Promise<boolean> {
  try {
    if (!(await lstat(path)).isSocket()) return false;
  } catch {
    return false;
  }
  return new Promise((resolve) => {
    const socket = net.connect(path);
    const judge = (stale: boolean): void => {
      socket.destroy();
      resolve(stale);
    };
    socket.once('connect', () => {
      judge(false);
    });
    socket.once('error', (error) => {
      judge(codeOf(error) === 'ECONNREFUSED');
    });
  });
}

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

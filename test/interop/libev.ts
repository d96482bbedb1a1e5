/** Debian's shadowsocks-libev on loopback. */
import { startListening } from './listening.js';

/** What both ends have agreed on. */
export interface Agreement {
  readonly method: string;
  readonly password: string;
}

/** Starts an `ss-server`; its HOST:PORT. */
export function startSsServer(agreement: Agreement): Promise<string> {
  return startListening('ss-server', (port) => ['-s', '127.0.0.1', '-p', port, ...agreed(agreement)]);
}

/** Starts an `ss-local` that leads to the server on `port` of 127.0.0.1; its HOST:PORT. */
export function startSsLocal(port: string, agreement: Agreement): Promise<string> {
  const way = ['-s', '127.0.0.1', '-p', port, '-b', '127.0.0.1'];
  return startListening('ss-local', (own) => [...way, '-l', own, ...agreed(agreement)]);
}

function agreed({ method, password }: Agreement): readonly string[] {
  return ['-m', method, '-k', password];
}

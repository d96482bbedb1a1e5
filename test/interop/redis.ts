/** Debian's redis-server on loopback, which keeps nothing. */
import { temporaryDirectory } from '../support/directory.js';
import { startListening } from './listening.js';

/** Starts one; its HOST:PORT. */
export function startRedis(): Promise<string> {
  const directory = temporaryDirectory();
  return startListening('redis-server', (port) => [
    ...['--bind', '127.0.0.1', '--port', port],
    ...['--dir', directory, '--save', ''],
  ]);
}

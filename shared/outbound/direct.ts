import { dial } from '../net/dial.js';
import type { Guard } from '../net/guard.js';
import type { Resolver } from '../net/resolve.js';
import { connectSocket } from '../net/lending.js';
import { TcpStream } from '../net/tcp.js';
import type { Dialer } from './outbound.js';

/** Straight to the target, as far as the guard lets it, if there is one. */
export function directDialer(options: {
  readonly resolver: Resolver;
  readonly guard?: Guard;
  readonly timeoutMs: number;
}): Dialer {
  return async (target, { signal }) => {
    const stream = new TcpStream(await dial(target, { ...options, signal, socket: connectSocket }));
    return { stream, bound: stream.bound, peer: stream.peer };
  };
}

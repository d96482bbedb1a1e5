/** A network that never leaves this process, for dials whose attempts must fail, hang or connect on demand. */
import { Socket } from 'node:net';
import type { DialOptions } from '../../shared/net/dial.js';
import type { Resolver } from '../../shared/net/resolve.js';

/** A resolver that has the same answer for every name. */
export function knows(...addresses: readonly string[]): Resolver {
  return { resolve: () => Promise.resolve(addresses), close: () => undefined };
}

/** What an address does when it is dialled; 'silent' is nothing at all. */
export type Fate = 'connects' | 'silent' | NodeJS.ErrnoException | (() => never);

export interface FakeNet {
  readonly options: DialOptions;
  /** Every address that was dialled, in order. */
  readonly dialled: readonly string[];
  readonly sockets: ReadonlyMap<string, Socket>;
}

/** A network of these addresses, which every name resolves to, and the options to dial in it. */
export function fakeNet(fates: Readonly<Record<string, Fate>>, options: Partial<DialOptions> = {}): FakeNet {
  const dialled: string[] = [];
  const sockets = new Map<string, Socket>();
  const socket = (ip: string): Socket => {
    dialled.push(ip);
    const fate = fates[ip] ?? 'silent';
    if (typeof fate === 'function') return fate();
    const made = new Socket();
    sockets.set(ip, made);
    if (fate === 'connects') process.nextTick(() => made.emit('connect'));
    else if (fate !== 'silent') made.destroy(fate);
    return made;
  };
  return {
    options: { resolver: knows(...Object.keys(fates)), timeoutMs: 10_000, socket, ...options },
    dialled,
    sockets,
  };
}

/** An error as the operating system would raise it. */
export function errno(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`connect ${code}`), { code });
}

/** Targets: what applications talk to through the tunnel. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { onTestFinished } from 'vitest';
import type { Target } from '../../shared/codec/address.js';
import { codeOf } from '../../shared/errors.js';
import { Peer } from './peer.js';

/** A listening target; the test says for each connection what it does. */
export interface TestTarget extends Target {
  /** How many connections it has seen. */
  readonly accepted: number;
  /** The next connection that nobody has taken yet. */
  next(): Promise<Peer>;
}

/** Listens on a port of this host until the test is over; `serve` gets every connection, instead of `next`. */
export async function startTarget(
  options: { readonly host?: string; readonly port?: number; readonly serve?: (peer: Peer) => void } = {},
): Promise<TestTarget> {
  const { host = '127.0.0.1', port = 0, serve } = options;
  const arrived: Peer[] = [];
  const asking: ((peer: Peer) => void)[] = [];
  let accepted = 0;
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    accepted += 1;
    const peer = new Peer(socket);
    if (serve !== undefined) serve(peer);
    else {
      const taker = asking.shift();
      if (taker === undefined) arrived.push(peer);
      else taker(peer);
    }
  });
  server.listen({ port, host, backlog: 1024 });
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return {
    host,
    port: (server.address() as net.AddressInfo).port,
    get accepted() {
      return accepted;
    },
    next() {
      const peer = arrived.shift();
      if (peer !== undefined) return Promise.resolve(peer);
      return new Promise((resolve) => asking.push(resolve));
    },
  };
}

/** A target that says back whatever it hears, and ends when it is ended. */
export function startEcho(host = '127.0.0.1'): Promise<TestTarget> {
  return startTarget({
    host,
    serve: ({ socket }) => {
      socket.removeAllListeners('data');
      socket.pipe(socket);
    },
  });
}

/**
 * A port of this host on which nobody listens. It is below those that the system gives to whoever asks for any: of these
 * it may be another's a moment later, and one that dials may even be given the very port it dials, and reach itself.
 */
export async function deadPort(host = '127.0.0.1'): Promise<number> {
  const port = randomInt(10_000, 32_000);
  const server = net.createServer().listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    if (codeOf(error) === 'EADDRINUSE') return deadPort(host);
    throw error;
  }
  server.close();
  await once(server, 'close');
  return port;
}

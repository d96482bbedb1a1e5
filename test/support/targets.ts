/** Targets: what applications talk to through the tunnel. */
import { once } from 'node:events';
import net from 'node:net';
import { onTestFinished } from 'vitest';
import type { Target } from '../../shared/codec/address.js';
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

/** A port of this host on which nobody listens, at least a moment ago. */
export async function deadPort(host = '127.0.0.1'): Promise<number> {
  const server = net.createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Datagrams straight to their targets. */
import type { Target } from '../codec/address.js';
import { canonicalIp, parseIp } from '../codec/ip.js';
import { type Datagrams, openDatagrams, type Sent } from '../net/datagrams.js';
import type { Resolver } from '../net/resolve.js';
import { routedAddress } from '../net/routes.js';
import type { FarSink, FarWay } from './associate.js';

/** A socket of this host for each family, once it is needed. Hosts are IP literals: `resolving` looks names up. */
export class DirectWay implements FarWay {
  readonly #sockets = new Map<4 | 6, Datagrams>();
  #sink: FarSink | undefined;
  #closed = false;

  attach(sink: FarSink): void {
    this.#sink = sink;
  }

  send({ host, port }: Target, payload: Uint8Array, sent: Sent): void {
    if (this.#closed) return;
    const address = canonicalIp(host);
    // The payload is lent, and may wait.
    const kept = Uint8Array.from(payload);
    this.#socket(address.includes(':') ? 6 : 4).send(kept, { address, port }, sent);
  }

  close(): void {
    this.#closed = true;
    for (const socket of this.#sockets.values()) socket.close();
  }

  #socket(family: 4 | 6): Datagrams {
    const known = this.#sockets.get(family);
    if (known !== undefined) return known;
    const socket = openDatagrams(family, {
      received: (payload, { address, port }) => this.#sink?.answered({ host: address, port }, payload),
      failed: (error) => this.#sink?.ended(error),
    });
    this.#sockets.set(family, socket);
    return socket;
  }
}

/** A way on which the names of targets are looked up here. What comes back says addresses. */
export function resolving(way: FarWay, resolver: Resolver): FarWay {
  return {
    attach: (sink) => {
      way.attach(sink);
    },
    send: (target, payload, sent) => {
      if (parseIp(target.host) !== undefined) {
        way.send(target, payload, sent);
        return;
      }
      // The payload is lent.
      const kept = Uint8Array.from(payload);
      const found = resolver.resolve(target.host).then(routedAddress);
      found
        .then((host) => {
          if (host === undefined) throw new Error('name: expected an address, got none');
          way.send({ ...target, host }, kept, sent);
        })
        .catch((error: unknown) => {
          sent(error instanceof Error ? error : new Error(String(error)));
        });
    },
    close: () => {
      way.close();
    },
  };
}

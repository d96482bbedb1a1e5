/**
 * Associations for networks that drop UDP: their datagrams travel in a stream (shared/proxy/uot.ts) over the standard
 * wire, which every halflight remote takes as well.
 */
import { concat } from '../bytes.js';
import type { Target } from '../codec/address.js';
import { canonicalIp } from '../codec/ip.js';
import { bindDatagrams, type Sent } from '../net/datagrams.js';
import { dismiss } from '../net/relay.js';
import type { PushStream, Sink } from '../net/stream.js';
import { UotCodec, uotRequest, uotTarget } from '../proxy/uot.js';
import { type FarSink, type FarWay, Relay } from './associate.js';
import type { Associator, Dialer, DialerOptions } from './outbound.js';

const nothing = new Uint8Array(0);
const full = new Error('stream: expected it to take a datagram, got a full one');

/** Through `dialer`, which leads to a server that knows version 2: whether it does cannot be told before it is used. */
export function streamAssociator(dialer: Dialer): Associator {
  return async (client, { signal }) => {
    const near = await bindDatagrams({ host: canonicalIp(client.near.host), port: 0 });
    try {
      const { stream } = await dialer(uotTarget, { signal });
      return new Relay(client, near, new StreamWay(stream));
    } catch (error) {
      near.close();
      throw error;
    }
  };
}

/** The way to such a server alone, for whoever has no client on this machine. Rejects as `dialer` does. */
export async function streamWay(dialer: Dialer, options: DialerOptions): Promise<FarWay> {
  const { stream } = await dialer(uotTarget, options);
  return new StreamWay(stream);
}

class StreamWay implements FarWay, Sink {
  readonly #stream: PushStream;
  readonly #codec = new UotCodec(1);
  /** It leaves with the first datagram: on its own it would be a packet of a telling size. */
  #request: Uint8Array = uotRequest;
  #sink: FarSink | undefined;
  #full = false;
  #over = false;

  constructor(stream: PushStream) {
    this.#stream = stream;
  }

  attach(sink: FarSink): void {
    this.#sink = sink;
    this.#stream.attach(this);
  }

  send(target: Target, payload: Uint8Array, sent: Sent): void {
    const datagram = this.#codec.seal(target, payload);
    // UDP does not wait: what finds no room is lost.
    if (this.#full) {
      sent(full);
      return;
    }
    this.#full = !this.#stream.write([concat([this.#request, datagram])]);
    this.#request = nothing;
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    dismiss(this.#stream);
  }

  receive(pieces: readonly Uint8Array[]): void {
    if (this.#over) return;
    try {
      for (const piece of pieces) {
        for (const { target, payload } of this.#codec.open(piece)) this.#sink?.answered(target, payload);
      }
    } catch (error) {
      this.#sink?.ended(error instanceof Error ? error : undefined);
    }
  }

  ended(): void {
    this.#sink?.ended(undefined);
  }

  failed(error: Error): void {
    this.#over = true;
    this.#sink?.ended(error);
  }

  writable(): void {
    this.#full = false;
  }
}

/** Streams that carry datagrams (shared/proxy/uot.ts), at the remote: each is an association of its own. */
import type { Target } from '../codec/address.js';
import { ProtocolError } from '../errors.js';
import { mostDatagramSockets, openDatagramSockets } from '../net/descriptors.js';
import type { PushStream, Sink } from '../net/stream.js';
import { UotCodec, type UotVersion } from '../proxy/uot.js';
import { Association, type Owned, type Surroundings } from './association.js';
import type { IdleLimits } from './association-table.js';
import { endsOf } from './socket-ends.js';

/** One for each family. */
const socketsEach = 2;
/** How often it is looked for whether a stream is idle. */
const sweepMs = 5_000;
/** Answers go by the stream, wherever its client is. */
const byStream = { address: '', port: 0 } as const;
const crowded = new Error('stream: expected it to take a datagram, got a full one');

export interface UotOptions extends Omit<Surroundings, 'listener'>, Owned {
  readonly timeouts: IdleLimits;
}

/** Relays the datagrams of a stream until either side ends it, or it carries nothing for as long as `timeouts` say. */
export function serveUot(stream: PushStream, version: UotVersion, options: UotOptions): void {
  if (openDatagramSockets() + socketsEach > mostDatagramSockets()) {
    options.noDescriptor();
    stream.abort();
    return;
  }
  stream.attach(new DatagramStream(stream, new UotCodec(version), options));
}

class DatagramStream implements Sink {
  readonly #stream: PushStream;
  readonly #codec: UotCodec;
  readonly #association: Association;
  readonly #sweep: NodeJS.Timeout;
  #full = false;
  #over = false;

  constructor(stream: PushStream, codec: UotCodec, { timeouts, ...around }: UotOptions) {
    this.#stream = stream;
    this.#codec = codec;
    const sealer = { seal: (source: Target, payload: Uint8Array) => this.#seal(source, payload) };
    const listener: Surroundings['listener'] = {
      send: (packet, _to, sent) => {
        // UDP does not wait: what finds no room is lost.
        if (this.#full) sent(crowded);
        else this.#full = !stream.write([packet]);
      },
    };
    this.#association = new Association(byStream, sealer, {
      ...around,
      listener,
      ends: endsOf(stream.system),
    });
    this.#association.giveUp = () => {
      this.#close();
      stream.abort();
    };
    this.#sweep = setInterval(() => {
      const limit = this.#association.onlyNameServers ? timeouts.dnsIdleMs : timeouts.udpIdleMs;
      if (performance.now() - this.#association.lastActive >= limit) this.ended();
    }, sweepMs);
    this.#association.accepted();
  }

  receive(pieces: readonly Uint8Array[]): void {
    if (this.#over) return;
    try {
      for (const piece of pieces) {
        for (const datagram of this.#codec.open(piece)) this.#association.forward(datagram);
      }
    } catch {
      this.#close();
      this.#stream.abort();
    }
  }

  ended(): void {
    if (this.#over) return;
    this.#close();
    this.#stream.end();
  }

  failed(): void {
    this.#close();
  }

  writable(): void {
    this.#full = false;
  }

  #seal(source: Target, payload: Uint8Array): Uint8Array {
    const { only } = this.#codec;
    if (only !== undefined && only.port !== source.port) {
      throw new ProtocolError('answer: expected one of the only target, got another');
    }
    return this.#codec.seal(source, payload);
  }

  #close(): void {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#sweep);
    this.#association.close();
  }
}

/** A socket for datagrams whose other end is at a proxy. */
import type { RemoteInfo } from 'node:dgram';
import { EventEmitter } from 'node:events';
import type { Target } from '../shared/codec/address.js';
import { maxDatagram } from '../shared/net/datagrams.js';
import type { FarWay } from '../shared/outbound/associate.js';
import { type TargetChoice, targetIn } from './choice.js';
import { disposedError, GeneralProxyError, inputError } from './proxy-error.js';

interface DatagramEvents {
  /** A datagram, and who sent it: its `address` is a name when the proxy gives one. */
  readonly message: [payload: Buffer, from: RemoteInfo];
  /** It broke; `close` follows. */
  readonly error: [error: Error];
  readonly close: [];
}

/**
 * Datagrams through a proxy. As with all of UDP nobody says whether one arrives: what the proxy drops is not told.
 */
export class ProxyDatagrams extends EventEmitter<DatagramEvents> implements AsyncDisposable {
  readonly #way: FarWay;
  readonly #failureOf: (error: unknown) => unknown;
  #closed = false;

  /** The way is its own from now on. */
  constructor(way: FarWay, failureOf: (error: unknown) => unknown) {
    super();
    this.#way = way;
    this.#failureOf = failureOf;
    way.attach({
      answered: (source, payload) => {
        // The payload is lent.
        if (!this.#closed) this.emit('message', Buffer.from(payload), senderOf(source, payload.length));
      },
      dropped: () => undefined,
      ended: (broken) => {
        this.#end(broken);
      },
    });
  }

  /**
   * Sends one datagram, of at most 65,507 bytes less what the proxy's own header takes.
   * @throws ProxyError for a target that cannot be named, for more bytes than UDP can carry, and when it is closed.
   */
  send(payload: Uint8Array, target: TargetChoice): void {
    const asked = targetIn(target);
    if (this.#closed) throw disposedError('datagrams');
    if (payload.length > maxDatagram) {
      throw inputError(`datagram: expected at most ${maxDatagram} bytes, got ${payload.length}`);
    }
    try {
      this.#way.send(asked, payload, () => undefined);
    } catch (error) {
      throw this.#failureOf(error) as Error;
    }
  }

  /** Nothing more is sent or received. May be repeated. */
  close(): void {
    this.#end(undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #end(broken: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#way.close();
    process.nextTick(() => {
      if (broken !== undefined) this.emit('error', brokenError(broken));
      this.emit('close');
    });
  }
}

function senderOf({ host, port }: Target, size: number): RemoteInfo {
  return { address: host, port, size, family: host.includes(':') ? 'IPv6' : 'IPv4' };
}

function brokenError(cause: Error): GeneralProxyError {
  const message = `datagrams: expected them to go on, got ${cause.message}`;
  return new GeneralProxyError(message, { code: 'ERR_PROXY_CLOSED', cause });
}

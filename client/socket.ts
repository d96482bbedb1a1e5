import { once } from 'node:events';
import type { Target } from '../shared/codec/address.js';
import { LateStream } from '../shared/net/late.js';
import type { PushStream } from '../shared/net/stream.js';
import { StreamSocket } from '../shared/net/stream-socket.js';
import { type ProxiedTarget, targetIn } from './choice.js';
import { inputError } from './proxy-error.js';

/** How a target was reached. */
export interface ProxyRoute {
  /** The proxies that were gone through, first one first, without their passwords and keys; none when it was dialled directly. */
  readonly proxies: readonly string[];
  readonly target: Target;
  /** The address that the last proxy says it reaches the target from; 0.0.0.0:0 when it does not say. */
  readonly bound: Target;
}

/** A stream to a target, and how that was reached. */
export interface Arrived {
  readonly stream: PushStream;
  readonly route: ProxyRoute;
}

/** Rejects with what the socket is destroyed with. */
export type Reach = (target: ProxiedTarget, signal: AbortSignal) => Promise<Arrived>;

/** Where a socket is to be connected to, as `net.connect` takes it. */
export interface ConnectTarget {
  /** `localhost` by default. */
  readonly host?: string | undefined;
  readonly port: number | string;
  /** What is going to be spoken; it tells a rule more. */
  readonly protocol?: 'http:' | 'https:' | undefined;
}

/** What `net.connect` takes as well, so that this socket can stand for Node's own. It is refused: no proxy leads to a path. */
export interface PathTarget {
  readonly path: string;
  readonly port?: undefined;
}

/** The arguments of `net.connect`. */
export type ConnectArguments =
  | readonly [target: ConnectTarget | PathTarget, connected?: (() => void) | undefined]
  | readonly [port: number | string, host: string, connected?: (() => void) | undefined]
  | readonly [port: number | string, connected?: (() => void) | undefined];

/**
 * A connection through proxies, to be used as a `net.Socket`. Words that are said before it is connected wait. Destroying
 * it before ends the dial.
 */
export class ProxySocket extends StreamSocket {
  readonly #late: LateStream;
  readonly #reach: Reach;
  #begun = false;
  #route: ProxyRoute | undefined;

  constructor(reach: Reach) {
    const late = new LateStream();
    super(late);
    this.#late = late;
    this.#reach = reach;
  }

  /** Undefined until it is connected. */
  get route(): ProxyRoute | undefined {
    return this.#route;
  }

  /**
   * Dials, as `net.Socket` does: `connect` is emitted when the target is reached, `error` when it is not. Once only.
   * @throws GeneralProxyError for a target that cannot be one, and when it has dialled before.
   */
  connect(...told: ConnectArguments): this {
    if (this.#begun) throw inputError('socket: expected one that has not been connected, got one that has');
    const { target, told: listener } = targetToConnect(told);
    this.#begun = true;
    if (listener !== undefined) this.once('connect', listener);
    this.#begin(this.#reach(target, this.#late.signal));
    return this;
  }

  /** A socket that somebody else dials for. */
  static for(arriving: Promise<Arrived>): ProxySocket {
    const socket = new ProxySocket(() => arriving);
    socket.#begun = true;
    socket.#begin(arriving);
    return socket;
  }

  #begin(arriving: Promise<Arrived>): void {
    arriving.then(
      ({ stream, route }) => {
        this.#route = route;
        // What a listener throws is no failure of the dial, and is thrown as listeners throw.
        queueMicrotask(() => {
          this.#late.opened(stream);
        });
      },
      (error: unknown) => {
        this.#late.failed(asError(error));
      },
    );
  }
}

/** One that is connected. */
export type ConnectedSocket = ProxySocket & { readonly route: ProxyRoute };

/** A socket for a stream that is there, once it says so itself. */
export async function connectedSocket(arrived: Arrived): Promise<ConnectedSocket> {
  const socket = ProxySocket.for(Promise.resolve(arrived));
  await once(socket, 'connect');
  return socket as ConnectedSocket;
}

function targetToConnect(told: ConnectArguments): {
  readonly target: ProxiedTarget;
  readonly told: (() => void) | undefined;
} {
  const [first, second, third] = told;
  const said =
    typeof first === 'object'
      ? first
      : { port: first, host: typeof second === 'string' ? second : undefined };
  if (said.port === undefined)
    throw inputError('target: expected a port, got none (no proxy leads to a path)');
  const { host = 'localhost', port, protocol } = said;
  const target = targetIn({ host, port });
  return {
    target: protocol === undefined ? target : { ...target, protocol },
    told: typeof second === 'function' ? second : third,
  };
}

/** A signal may be aborted with any reason, and a socket breaks with an error. */
export function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason), { cause: reason });
}

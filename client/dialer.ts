import type http from 'node:http';
import type https from 'node:https';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Target } from '../shared/codec/address.js';
import { type Deadline, deadline } from '../shared/net/deadline.js';
import { agreed, agreedOrGone, type SecureOptions, secureSocket } from '../shared/net/secure-socket.js';
import { type Limit, ProxyAgent, ProxyHttpsAgent } from './agents.js';
import { type ProxyBinding, proxyBinding } from './binding.js';
import {
  checkDialOptions,
  checkProxyOptions,
  type DialOptions,
  type ProxiedTarget,
  type ProxyChoice,
  type ProxyOptions,
  type TargetChoice,
  targetIn,
  timeoutIn,
} from './choice.js';
import { type Connector, connectorOver } from './connector.js';
import { ProxyDatagrams } from './datagrams.js';
import { failureOf } from './failure.js';
import { disposedError } from './proxy-error.js';
import {
  type Arrived,
  asError,
  type ConnectArguments,
  type ConnectedSocket,
  connectedSocket,
  ProxySocket,
} from './socket.js';
import { type NamedWay, Ways } from './ways.js';

/** Dials through the same proxies, time and again. Its functions may be handed on by themselves. */
export interface ProxyDialer extends AsyncDisposable {
  /**
   * A connection to the target. Rejects with a ProxyError, or with the reason of `signal`; then nothing of it is left.
   */
  readonly dial: (target: TargetChoice, options?: DialOptions) => Promise<ConnectedSocket>;
  /** For `node:http`, and for whatever takes such an agent. Connections are kept for further requests. */
  readonly agent: http.Agent;
  /** For `node:https`: TLS to the target itself. */
  readonly httpsAgent: https.Agent;
  /** The `connect` option of undici's agents, pools and clients. */
  readonly connect: Connector;
  /** As `net.connect`: a socket on its way. Without arguments, one that waits for its own `connect`, as `new net.Socket()`. */
  readonly createConnection: (...target: ConnectArguments | readonly []) => ProxySocket;
  /** Datagrams: through a SOCKS5 proxy that knows UDP ASSOCIATE, through a tunnel, or directly. Rejects as `dial` does. */
  readonly udp: (options?: DialOptions) => Promise<ProxyDatagrams>;
  /**
   * A port at the proxy that waits for one connection from `from`, whose port may be 0: SOCKS4, SOCKS5 and halflight know
   * it. Rejects as `dial` does.
   */
  readonly bind: (from: TargetChoice, options?: DialOptions) => Promise<ProxyBinding>;
  /** Dials nothing any more, and closes what it keeps for further use. Sockets that it has handed out stay. */
  readonly close: () => Promise<void>;
}

/**
 * A dialer for one choice of proxies.
 * @throws GeneralProxyError for a choice or an option that cannot be used.
 */
export function dialerFor(choice: ProxyChoice, options: ProxyOptions): ProxyDialer {
  return facesOf(new Dialing(choice, options));
}

/** One connection, for which nothing is kept. Rejects as `ProxyDialer.dial` does. */
export async function dialOnce(
  choice: ProxyChoice,
  target: TargetChoice,
  { signal, ...options }: ProxyOptions & DialOptions,
): Promise<ConnectedSocket> {
  const dialing = new Dialing(choice, options, { once: true });
  try {
    return await dialing.dial(targetIn(target), { signal });
  } finally {
    dialing.forget();
  }
}

function facesOf(dialing: Dialing): ProxyDialer {
  const open = (target: ProxiedTarget): ProxySocket => {
    try {
      return dialing.socket().connect(target);
    } catch (error) {
      // Agents are asked for connections behind everybody's back, where nobody would catch it.
      return ProxySocket.for(Promise.reject(asError(error)));
    }
  };
  const agent = new ProxyAgent(open);
  const limit: Limit = (socket, target) => {
    dialing.limit(socket, target);
  };
  const httpsAgent = new ProxyHttpsAgent(open, limit, dialing.options.tls ?? {});
  const close = (): Promise<void> => {
    agent.destroy();
    httpsAgent.destroy();
    dialing.close();
    return Promise.resolve();
  };
  return {
    dial: async (target, options = {}) => dialing.dial(targetIn(target), options),
    agent,
    httpsAgent,
    connect: connectorOver((target, secured) => dialing.reach(target, secured), dialing.options.tls ?? {}),
    createConnection: (...target) => {
      const socket = dialing.socket();
      return target.length === 0 ? socket : socket.connect(...target);
    },
    udp: (options = {}) => dialing.udp(options),
    bind: (from, options = {}) => dialing.bind(from, options),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A rule is asked for the way of datagrams before any target is known. */
const anybody: ProxiedTarget = { host: '0.0.0.0', port: 0 };

class Dialing {
  readonly options: ProxyOptions;
  readonly #ways: Ways;
  readonly #timeoutMs: number;
  readonly #closing = new AbortController();

  constructor(
    choice: ProxyChoice,
    options: ProxyOptions,
    { once = false }: { readonly once?: boolean } = {},
  ) {
    checkProxyOptions(options);
    this.options = options;
    this.#timeoutMs = timeoutIn(options.timeout);
    this.#ways = new Ways(choice, options, { once });
  }

  /** A socket that dials when it is told to. */
  socket(options: DialOptions = {}): ProxySocket {
    return new ProxySocket((target, gone) =>
      this.#through(target, { ...options, gone }, (way, signal) => arrive(way, target, signal)),
    );
  }

  async dial(target: ProxiedTarget, options: DialOptions): Promise<ConnectedSocket> {
    return connectedSocket(
      await this.#through(target, options, (way, signal) => arrive(way, target, signal)),
    );
  }

  /** The same, with TLS to the target where it is wanted; its time is that of the dial. */
  reach(wanted: ProxiedTarget, secured: SecureOptions | undefined): Promise<Duplex> {
    const target = { ...wanted, ...targetIn(wanted) };
    return this.#through(target, {}, async (way, signal) => {
      const socket = await connectedSocket(await arrive(way, target, signal));
      return secured === undefined ? socket : await agreedOrGone(secureSocket(socket, secured), signal);
    });
  }

  /** Has TLS over a socket that dials come about in the time of the dial. */
  limit(socket: TLSSocket, target: Target): void {
    const end = this.#deadlineOf({});
    agreed(socket, end.signal)
      .catch((error: unknown) => {
        // Who else broke it has said so already.
        socket.destroy(asError(failureOf(error, { target })));
      })
      .finally(() => {
        end.over();
      });
  }

  udp(options: DialOptions): Promise<ProxyDatagrams> {
    return this.#through(anybody, options, async ({ out }, signal) => {
      return new ProxyDatagrams(await out.datagrams({ signal }), failureOf);
    });
  }

  async bind(from: TargetChoice, options: DialOptions): Promise<ProxyBinding> {
    const target = targetIn(from, { lowestPort: 0 });
    const end = this.#deadlineOf(options);
    const failed = (error: unknown): never => {
      end.over();
      throw failureOf(error, { target, signal: options.signal });
    };
    try {
      end.signal.throwIfAborted();
      const { out, proxies } = this.#ways.to(target);
      const binding = await out.bind(target, { signal: end.signal });
      // How long it waits is the proxy's to say. The signal and `close` end that, too.
      end.met();
      const accepted = binding.accepted.then(({ stream, bound }) => {
        end.over();
        return connectedSocket({ stream, route: { proxies, target: bound, bound: binding.bound } });
      }, failed);
      return proxyBinding(binding, accepted);
    } catch (error) {
      return failed(error);
    }
  }

  /** Dials nothing any more. */
  close(): void {
    this.#closing.abort(disposedError('dialer'));
    this.forget();
  }

  /** Closes what is kept for further dials. */
  forget(): void {
    this.#ways.close();
  }

  /** What `work` brings on the way to a target, unless the caller gives up, the time is up, or it is closed before. */
  async #through<T>(
    target: ProxiedTarget,
    options: DialOptions & { readonly gone?: AbortSignal },
    work: (way: NamedWay, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const end = this.#deadlineOf(options);
    try {
      end.signal.throwIfAborted();
      return await work(this.#ways.to(target), end.signal);
    } catch (error) {
      const dialled = target === anybody ? undefined : target;
      throw failureOf(error, { target: dialled, signal: options.signal });
    } finally {
      end.over();
    }
  }

  /** @throws GeneralProxyError for options that cannot be used. */
  #deadlineOf({ gone, ...options }: DialOptions & { readonly gone?: AbortSignal }): Deadline {
    checkDialOptions(options);
    const { signal, timeout } = options;
    const ms = timeout === undefined ? this.#timeoutMs : timeoutIn(timeout);
    const signals = [signal, gone, this.#closing.signal].filter((each) => each != null);
    return deadline(ms, ...signals);
  }
}

async function arrive({ out, proxies }: NamedWay, target: Target, signal: AbortSignal): Promise<Arrived> {
  const { stream, bound } = await out.dial(target, { signal });
  return { stream, route: { proxies, target: { host: target.host, port: target.port }, bound } };
}

/** Node's own HTTP through proxies: agents whose connections are dialled. */
import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { secureSocket } from '../shared/net/secure-socket.js';
import type { ProxiedTarget } from './choice.js';
import type { ProxySocket } from './socket.js';

/** A socket on its way to a target: what is written to it waits until it is there. */
export type Open = (target: ProxiedTarget) => ProxySocket;

/** Gives a socket up that has not agreed on TLS in the time of a dial. */
export type Limit = (socket: TLSSocket, target: ProxiedTarget) => void;

/** What Node tells an agent of a connection that it wants. */
interface Wanted {
  readonly host?: string | null | undefined;
  readonly port?: number | string | null | undefined;
  /** A path of this computer: no proxy leads to it. */
  readonly socketPath?: string | null | undefined;
}

/** How long a connection may rest between two requests, ms: as Node's global agents have it. */
const restMs = 5_000;
const kept = { keepAlive: true, timeout: restMs, scheduling: 'lifo' } as const;

function targetOf({ host, port }: Wanted, protocol: 'http:' | 'https:'): ProxiedTarget {
  return { host: host ?? 'localhost', port: Number(port ?? (protocol === 'http:' ? 80 : 443)), protocol };
}

/** For `http:` targets. Connections are kept for further requests. */
export class ProxyAgent extends http.Agent {
  readonly #open: Open;

  constructor(open: Open) {
    super(kept);
    this.#open = open;
  }

  override createConnection(
    wanted: http.ClientRequestArgs,
    done?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    if (wanted.socketPath != null) return super.createConnection(wanted, done);
    return this.#open(targetOf(wanted, 'http:'));
  }
}

/** For `https:` targets: TLS to the target itself, through whatever lies between. */
export class ProxyHttpsAgent extends https.Agent {
  readonly #open: Open;
  readonly #limit: Limit;

  constructor(open: Open, limit: Limit, tls: ConnectionOptions) {
    super({ ...tls, ...kept });
    this.#open = open;
    this.#limit = limit;
  }

  override createConnection(
    wanted: https.RequestOptions,
    done?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    if (wanted.socketPath != null) return super.createConnection(wanted, done);
    const target = targetOf(wanted, 'https:');
    const options = { ...(wanted as ConnectionOptions), host: target.host };
    // Node's own agent remembers the sessions of TLS, and takes a socket that is there.
    const begin = (all: ConnectionOptions): TLSSocket => super.createConnection(all) as TLSSocket;
    const secured = secureSocket(this.#open(target), options, begin);
    this.#limit(secured, target);
    return secured;
  }
}

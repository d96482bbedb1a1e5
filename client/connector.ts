/** The shape that undici's `connect` option has, for its agents, pools and clients. */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConnectionOptions } from 'node:tls';
import type { SecureOptions } from '../shared/net/secure-socket.js';
import type { ProxiedTarget } from './choice.js';

/** What undici wants connected. */
export interface ConnectorOptions {
  /** IPv6 addresses in brackets. */
  readonly hostname: string;
  readonly protocol: string;
  /** Empty for the one of the protocol. */
  readonly port: string;
  readonly servername?: string | null | undefined;
}

/** Told once, of either. undici is content with any socket that behaves; its types ask for one of the system. */
export type ConnectorCallback = (
  ...outcome: [error: null, socket: Socket] | [error: Error, socket: null]
) => void;

/** As the `connect` option of an undici `Agent`. */
export type Connector = (options: ConnectorOptions, callback: ConnectorCallback) => void;

/** Connects: with TLS when there is something to be said of it. */
export type Reacher = (target: ProxiedTarget, secured: SecureOptions | undefined) => Promise<Duplex>;

/** Dials `http:` targets, and those of `https:` with TLS to them. */
export function connectorOver(reach: Reacher, tls: ConnectionOptions): Connector {
  const connect = (wanted: ConnectorOptions): Promise<Duplex> => {
    const protocol = wanted.protocol === 'https:' ? 'https:' : 'http:';
    const host = wanted.hostname.replace(/^\[(.*)\]$/, '$1');
    const target = {
      host,
      port: Number(wanted.port || (protocol === 'https:' ? 443 : 80)),
      protocol,
    } as const;
    if (protocol === 'http:') return reach(target, undefined);
    const named = wanted.servername == null ? {} : { servername: wanted.servername };
    return reach(target, { ALPNProtocols: ['http/1.1'], ...named, ...tls, host });
  };
  return (wanted, callback) => {
    connect(wanted).then(
      (socket) => {
        // What the callback throws is no failure of the connection, and is thrown as callbacks throw.
        queueMicrotask(() => {
          callback(null, socket as unknown as Socket);
        });
      },
      (error: unknown) => {
        queueMicrotask(() => {
          callback(error as Error, null);
        });
      },
    );
  };
}

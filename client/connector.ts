/** The shape that undici's `connect` option has, for its agents, pools and clients. */
import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConnectionOptions } from 'node:tls';
import { type SecureOptions, secureSocket } from '../shared/net/secure-socket.js';
import type { StreamSocket } from '../shared/net/stream-socket.js';
import type { ProxiedTarget } from './choice.js';
import type { ProxySocket } from './socket.js';

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

/** Dials `http:` targets, and those of `https:` with TLS to them. */
export function connectorOver(
  dial: (target: ProxiedTarget) => Promise<ProxySocket>,
  secured: ConnectionOptions,
): Connector {
  const connect = async (wanted: ConnectorOptions): Promise<Duplex> => {
    const protocol = wanted.protocol === 'https:' ? 'https:' : 'http:';
    const host = wanted.hostname.replace(/^\[(.*)\]$/, '$1');
    const port = Number(wanted.port || (protocol === 'https:' ? 443 : 80));
    const socket = await dial({ host, port, protocol });
    if (protocol === 'http:') return socket;
    // The name that TLS says aloud is never an address (RFC 6066 §3).
    const servername = wanted.servername ?? (isIP(host) === 0 ? host : '');
    return secure(socket, { ALPNProtocols: ['http/1.1'], servername, ...secured, host });
  };
  return (wanted, callback) => {
    connect(wanted).then(
      (socket) => {
        callback(null, socket as unknown as Socket);
      },
      (error: unknown) => {
        callback(error as Error, null);
      },
    );
  };
}

function secure(socket: StreamSocket, options: SecureOptions): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const secured = secureSocket(socket, options);
    secured.once('error', reject);
    secured.once('secureConnect', () => {
      secured.off('error', reject);
      resolve(secured);
    });
  });
}

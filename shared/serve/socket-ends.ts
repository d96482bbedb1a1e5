/** Where sockets lead, for tables and hooks. */
import type { Target } from '../codec/address.js';
import type { SystemSocket } from '../net/sockets.js';
import type { SocketEnds } from '../observe/connection.js';

/** Of a socket that is gone, or has none. */
const unknown: Target = { host: '0.0.0.0', port: 0 };
export const nowhere: SocketEnds = { local: unknown, remote: unknown };

/** The addresses of a socket; undefined where it has none. */
export function endsOf(socket: SystemSocket | undefined): SocketEnds | undefined {
  const { localAddress, localPort, remoteAddress, remotePort } = socket ?? {};
  if (localAddress === undefined && remoteAddress === undefined) return undefined;
  return {
    local: { host: localAddress ?? unknown.host, port: localPort ?? 0 },
    remote: { host: remoteAddress ?? unknown.host, port: remotePort ?? 0 },
  };
}

/** CONNECT (RFC 9110 §9.3.6), the client's side: what is said to a proxy (its answer is read in http-reply.ts). */
import { formatTarget, type Target } from '../codec/address.js';
import { ConfigError } from '../errors.js';
import { ask, type Handshake } from './handshake.js';
import { basicCredentials } from './http-basic.js';
import { type ConnectReply, readConnectReply } from './http-reply.js';
import { readAuthority } from './http-target.js';
import type { Credential } from './socks5-auth.js';

/**
 * Asks a proxy for a target, and returns what it says.
 * @throws ConfigError at once, with nothing said, as `connectRequest` does. Run, it throws ProtocolError when the answer
 * is not one of HTTP.
 */
export function requestConnect(target: Target, credential?: Credential): Handshake<ConnectReply> {
  return ask(connectRequest(target, credential), readConnectReply());
}

/**
 * The request itself, owned by the caller. Credentials are said without being asked for: many a proxy closes the
 * connection with its 407, so that asking first would cost a second one.
 * ```
 * CONNECT host:port HTTP/1.1
 * Host: host:port
 * Proxy-Authorization: Basic base64(user:password)
 * ```
 * @throws ConfigError for a host that is neither an IP address nor a plain name, so that nothing in it can end the line;
 * for port 0, and for credentials that Basic has no room for.
 */
export function connectRequest(target: Target, credential?: Credential): Uint8Array {
  const asked = readAuthority(formatTarget(target));
  if ('complaint' in asked) throw new ConfigError(`CONNECT ${asked.complaint}`);
  const authority = formatTarget(asked);
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`];
  if (credential !== undefined) lines.push(`Proxy-Authorization: ${basicCredentials(credential)}`);
  return new TextEncoder().encode(`${lines.join('\r\n')}\r\n\r\n`);
}

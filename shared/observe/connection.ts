/** What can be told of one open connection. Unlike events it names the client: it is for whoever runs the half, and no log. */
import { formatTarget, type Target } from '../codec/address.js';
import type { Command, Protocol } from '../proxy/request.js';
import type { Role } from './events.js';

/** Both addresses of one socket. That of a unix socket is its path as the host, with port 0. */
export interface SocketEnds {
  readonly local: Target;
  readonly remote: Target;
}

/** What is known of a connection so far. Plain values alone: it goes to other threads and processes as it is. */
export interface ConnectionFacts {
  /** Numbers the connections of one process. */
  readonly id: number;
  readonly role: Role;
  readonly transport: 'tcp' | 'udp';
  /** Milliseconds since 1970. */
  readonly openedAt: number;
  /** Our socket to the client. At a remote that is the one to the local, which may carry one conversation after another. */
  readonly client: SocketEnds;
  /** In whose name, at a remote whose users have a key each. */
  readonly user?: string;
  /** What the client speaks, once it is known; absent where it need not say anything. */
  readonly protocol?: Protocol;
  /** What it asks for, once it has. */
  readonly command?: Command;
  readonly target?: Target;
  /** Our socket to the target, or to whatever is on the way to it, once there is one. */
  readonly far?: SocketEnds;
}

/** How far a connection has got. */
export type ConnectionState = 'asking' | 'dialing' | 'open';

/** A connection as it is now, for a table of all of them. */
export interface ConnectionRow extends ConnectionFacts {
  readonly state: ConnectionState;
  /** Bytes from client to target so far, and back. */
  readonly up: number;
  readonly down: number;
  /** By name, which of several servers it goes through. */
  readonly through?: string;
}

/** A target, or one end of a socket, as people read it: no host has a slash in it, but every path has. */
export function formatEnd(end: Target): string {
  return end.host.includes('/') ? end.host : formatTarget(end);
}

/** Our end of a socket in a word: the port says enough, and of a unix socket the last part of its path. */
export function nearName({ local }: SocketEnds): string {
  return local.port === 0 ? (local.host.split('/').at(-1) ?? '') : String(local.port);
}

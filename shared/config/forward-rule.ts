/** One port, or one unix socket, that leads to one target. */
import { formatTarget, type Target } from '../codec/address.js';
import type { Hop } from './proxy-uri.js';

/** A unix socket by its path. */
export interface UnixPlace {
  readonly path: string;
}

/** Where a forward listens, or leads to. An empty `host` to listen on means all addresses. */
export type ForwardPlace = Target | UnixPlace;

export interface ForwardRule {
  readonly from: ForwardPlace;
  readonly to: ForwardPlace;
  /** Unix sockets are streams: they go with tcp alone. */
  readonly transport: 'tcp' | 'udp';
  /** The proxies on the way, the nearest first; empty is straight. Absent: as whoever has it goes elsewhere, too. */
  readonly via?: readonly Hop[];
}

/** `127.0.0.1:8000`, `[::1]:53`, `/run/some.sock`. */
export function formatPlace(place: ForwardPlace): string {
  return 'path' in place ? place.path : formatTarget(place);
}

/** Where a forward listens, and for what: `127.0.0.1:53/udp`. */
export function formatSource({ from, transport }: Pick<ForwardRule, 'from' | 'transport'>): string {
  return `${formatPlace(from)}${transport === 'udp' ? '/udp' : ''}`;
}

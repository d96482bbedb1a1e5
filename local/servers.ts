/**
 * Which of several servers a conversation goes through. Nothing here knows of sockets or of the time.
 *
 * Among servers of the same order each target has one of its own, by weighted rendezvous hashing: every server draws a
 * lot for the target, the same one each time, and the best lot wins. So a target keeps its server while that is up, a
 * server that goes leaves only its own targets to others, and one that comes takes only those in which it is best. A
 * ring or a remainder would do the first, but not the rest.
 */

import { formatServerUri, type ServerUri } from '../shared/config/uri.js';

/** What the choice knows of a server. */
export interface Rankable {
  /** Lower is tried first. */
  readonly order: number;
  /** The share of the targets among those of the same order; more than 0. */
  readonly weight: number;
  /** From `seedOf` a name that no other server of the list has. */
  readonly seed: number;
  readonly up: boolean;
}

/** What tells a server from others: all that leads to it, and not its name. */
export function identityOf(uri: ServerUri): string {
  const [identity = ''] = formatServerUri(uri).split('#', 1);
  return identity;
}

const offset = 0x811c9dc5;

/** What a server draws its lots with: the same for the same name. */
export function seedOf(name: string): number {
  return mix(fold(offset, name));
}

/**
 * All servers, in the order in which a conversation for `key` tries them: those that are up by their order, then the
 * others, for to refuse without having tried would help nobody. `key` is the host of the target in any case of letters.
 */
export function inTurn<Server extends Rankable>(servers: readonly Server[], key: string): readonly Server[] {
  if (servers.length < 2) return servers;
  const host = key.toLowerCase();
  const ranked = servers.map((server) => ({ server, lot: lotOf(server, host) }));
  ranked.sort(
    ({ server: one, lot }, { server: other, lot: otherLot }) =>
      Number(other.up) - Number(one.up) || one.order - other.order || otherLot - lot,
  );
  return ranked.map(({ server }) => server);
}

/** Those that take conversations now: all that are up, of the lowest order that has any. */
export function active<Server extends Rankable>(servers: readonly Server[]): readonly Server[] {
  const up = servers.filter((server) => server.up);
  const lowest = Math.min(...up.map(({ order }) => order));
  return up.filter(({ order }) => order === lowest);
}

/** The logarithm of a draw from (0, 1), divided by the weight: then the best lot falls to each by its share. */
function lotOf({ seed, weight }: Rankable, host: string): number {
  return Math.log((mix(fold(seed, host)) + 0.5) / 2 ** 32) / weight;
}

/** FNV-1a, 32 bits. */
function fold(state: number, text: string): number {
  let hash = state;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash;
}

/** The last step of MurmurHash3: FNV alone keeps names alike that differ in their last letter. */
function mix(state: number): number {
  let hash = state ^ (state >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

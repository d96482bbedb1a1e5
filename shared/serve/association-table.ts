import type { PacketSession } from '../codec/packets.js';
import type { Association } from './association.js';

/** Whose an association is: a session's (2022), or an address and port's (2017). */
export type Key = PacketSession | string;

/** Associations at the same time, in all and of clients from one source: an IPv4 address or an IPv6 /64 (T-24). */
export interface Places {
  readonly total: number;
  readonly perSource: number;
}

/** How long an association may be idle, in milliseconds. */
export interface IdleLimits {
  readonly udpIdleMs: number;
  /** When it has asked nobody but name servers. */
  readonly dnsIdleMs: number;
}

/**
 * No association ends sooner than this, in milliseconds of idleness, whoever waits for its place. A packet is genuine
 * for 30 s before and after the whole second that it is stamped with: were its session forgotten while it still is,
 * a recording of it would begin a new one (SIP022 §3.2.4).
 */
const sessionMemoryMs = 61_000;

interface Entry {
  readonly key: Key;
  readonly source: string;
  readonly association: Association;
}

/** The associations of a remote. */
export class AssociationTable {
  readonly #perSource: number;
  readonly #entries = new Map<Key, Entry>();
  readonly #all: Room;
  readonly #sources = new Map<string, Room>();

  constructor({ total, perSource }: Places) {
    this.#all = new Room(total);
    this.#perSource = perSource;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Key): Association | undefined {
    return this.#entries.get(key)?.association;
  }

  /** Whether a client from there has an association. */
  knows(source: string): boolean {
    return this.#sources.has(source);
  }

  /**
   * Makes a place for one more, which may end another: the memory of a session goes with it. When there is none, what
   * has too few of them comes back.
   */
  makeRoom(source: string): keyof Places | undefined {
    const now = performance.now();
    const rooms = { perSource: this.#sources.get(source), total: this.#all };
    for (const places of ['perSource', 'total'] as const) {
      const room = rooms[places];
      if (room?.full !== true) continue;
      const idlest = room.idlest(now);
      if (idlest === undefined) return places;
      this.#end(idlest);
    }
    return undefined;
  }

  add(key: Key, source: string, association: Association): void {
    const entry = { key, source, association };
    association.giveUp = () => {
      this.#cut(entry);
    };
    this.#entries.set(key, entry);
    this.#all.add(entry);
    const neighbours = this.#sources.get(source) ?? new Room(this.#perSource);
    this.#sources.set(source, neighbours);
    neighbours.add(entry);
  }

  /** Ends those that have been idle for too long. */
  endIdle({ udpIdleMs, dnsIdleMs }: IdleLimits): void {
    const now = performance.now();
    for (const entry of this.#entries.values()) {
      const { association, key } = entry;
      const limit = association.onlyNameServers ? dnsIdleMs : udpIdleMs;
      const least = typeof key === 'string' ? 0 : sessionMemoryMs;
      if (now - association.lastActive >= Math.max(limit, least)) this.#end(entry);
    }
  }

  /**
   * Ends those of one user at once. Their sessions are remembered for as long as a recording could begin one: the
   * user may be back before that, with the same key.
   */
  cut(user: string): void {
    for (const entry of this.#entries.values()) {
      if (entry.association.user === user) this.#cut(entry);
    }
  }

  endAll(): void {
    for (const entry of this.#entries.values()) this.#end(entry);
  }

  #end(entry: Entry): void {
    this.#leave(entry);
    if (typeof entry.key !== 'string') entry.key.end();
  }

  #cut(entry: Entry): void {
    const { key } = entry;
    this.#leave(entry);
    if (typeof key === 'string') return;
    const forget = (): void => {
      if (!this.#entries.has(key)) key.end();
    };
    setTimeout(forget, sessionMemoryMs).unref();
  }

  #leave(entry: Entry): void {
    const { key, source, association } = entry;
    this.#entries.delete(key);
    this.#all.delete(entry);
    const neighbours = this.#sources.get(source);
    neighbours?.delete(entry);
    if (neighbours?.empty === true) this.#sources.delete(source);
    association.close();
  }
}

/** A number of places. */
class Room {
  readonly #places: number;
  readonly #taken = new Set<Entry>();
  /** Before this moment nobody can have been idle for long enough. */
  #lookAgainAt = -Infinity;

  constructor(places: number) {
    this.#places = places;
  }

  get full(): boolean {
    return this.#taken.size >= this.#places;
  }

  get empty(): boolean {
    return this.#taken.size === 0;
  }

  add(entry: Entry): void {
    this.#taken.add(entry);
  }

  delete(entry: Entry): void {
    this.#taken.delete(entry);
  }

  /** Whoever has been idle for longest, if that is long enough to give up its place for another. */
  idlest(now: number): Entry | undefined {
    // Everybody is looked at, and then not again before it can have changed: newcomers may come by the thousand.
    if (now < this.#lookAgainAt) return undefined;
    let idlest: Entry | undefined;
    let since = Infinity;
    for (const entry of this.#taken) {
      if (entry.association.lastActive >= since) continue;
      idlest = entry;
      since = entry.association.lastActive;
    }
    if (now - since >= sessionMemoryMs) return idlest;
    this.#lookAgainAt = since + sessionMemoryMs;
    return undefined;
  }
}

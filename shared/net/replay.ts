import { createHmac } from 'node:crypto';
import type { SaltJournal } from './journal.js';

/**
 * Remembers the salts of authentic openings, so that a recorded one is not answered a second time. Asynchronous
 * because several processes of one remote must share it.
 */
export interface ReplayStore {
  /** Whether the salt is known. Changes nothing: an opening that is not authentic leaves no trace. */
  seen(salt: Uint8Array): Promise<boolean>;
  /** Remembers the salt; false when it was known already. The check and the addition are one step. */
  checkAndAdd(salt: Uint8Array): Promise<boolean>;
  close(): Promise<void>;
}

const known = Promise.resolve(true);
const unknown = Promise.resolve(false);

/**
 * SIP022 §3.1.5: exact salts, kept for 62 to 124 s. A request stamped 30 s ahead, in whole seconds, stays acceptable
 * until just under 61 s after it came. Two generations make forgetting free: no timer, and no walk over old salts.
 */
export function exactReplayStore(keepMs = 62_000): ReplayStore {
  let current = new Set<string>();
  let previous = new Set<string>();
  let turnedAt = performance.now();
  const turn = (): void => {
    const age = performance.now() - turnedAt;
    if (age < keepMs) return;
    previous = age < 2 * keepMs ? current : new Set();
    current = new Set();
    turnedAt += age;
  };
  const has = (name: string): boolean => current.has(name) || previous.has(name);
  return {
    seen(salt) {
      turn();
      return has(latin1(salt)) ? known : unknown;
    },
    checkAndAdd(salt) {
      turn();
      const name = latin1(salt);
      if (has(name)) return unknown;
      current.add(name);
      return known;
    },
    close: () => Promise.resolve(),
  };
}

/** Salts remembered for AEAD-2017, in each of two generations. Its streams carry no time, so more is better. */
const generationSize = 1_000_000;

/**
 * AEAD-2017: keyed 64-bit hashes of at least the last 1,000,000 salts, which a journal carries over a restart. A salt
 * that was never used is refused by mistake with a probability below 1e-12.
 */
export function hashedReplayStore(hashKey: Uint8Array, journal: SaltJournal | undefined): ReplayStore {
  let current = new HashSet();
  let previous = new HashSet();
  const remember = (high: number, low: number): boolean => {
    if (previous.has(high, low) || !current.add(high, low)) return false;
    if (current.size >= generationSize) {
      previous = current;
      current = new HashSet();
      journal?.turn();
    }
    return true;
  };
  // Each generation comes back as it was: a previous one that counted as current would turn the files a second time.
  if (journal !== undefined) {
    for (const [high, low] of journal.loaded.previous) previous.add(high, low);
    for (const [high, low] of journal.loaded.current) remember(high, low);
  }
  const digest = (salt: Uint8Array): Buffer => createHmac('sha256', hashKey).update(salt).digest();
  return {
    seen(salt) {
      const hash = digest(salt);
      const high = hash.readUInt32BE(0);
      const low = hash.readUInt32BE(4);
      return current.has(high, low) || previous.has(high, low) ? known : unknown;
    },
    checkAndAdd(salt) {
      const hash = digest(salt);
      if (!remember(hash.readUInt32BE(0), hash.readUInt32BE(4))) return unknown;
      journal?.append(hash.subarray(0, 8));
      return known;
    },
    close: () => journal?.close() ?? Promise.resolve(),
  };
}

/** A set of 64-bit hashes, 8 bytes each plus room: a JavaScript Set of as many strings takes ten times that. */
class HashSet {
  size = 0;
  #table = new Uint32Array(2 * 1024);

  has(high: number, low: number): boolean {
    return this.#find(high, low) < 0;
  }

  /** False when it was there already. */
  add(high: number, low: number): boolean {
    const slot = this.#find(high, low);
    if (slot < 0) return false;
    this.#table[slot] = high;
    this.#table[slot + 1] = low | 1;
    this.size += 1;
    if (this.size * 4 > this.#table.length) this.#grow();
    return true;
  }

  /** The free slot for a hash, or -1 when it is there. The lowest bit is given up to mark a slot as taken. */
  #find(high: number, low: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    const marked = (low | 1) >>> 0;
    for (let slot = (high * 2) & mask; ; slot = (slot + 2) & mask) {
      const there = table[slot + 1];
      if (there === 0) return slot;
      if (there === marked && table[slot] === high) return -1;
    }
  }

  #grow(): void {
    const old = this.#table;
    this.#table = new Uint32Array(old.length * 2);
    for (let slot = 0; slot < old.length; slot += 2) {
      const low = old[slot + 1] ?? 0;
      if (low === 0) continue;
      const free = this.#find(old[slot] ?? 0, low);
      this.#table[free] = old[slot] ?? 0;
      this.#table[free + 1] = low;
    }
  }
}

function latin1(salt: Uint8Array): string {
  return Buffer.from(salt.buffer, salt.byteOffset, salt.byteLength).toString('latin1');
}

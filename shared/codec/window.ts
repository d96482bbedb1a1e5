/**
 * The sliding window over packet IDs (SIP022 §3.2.4), as RFC 6479 and WireGuard keep it: a ring of bits that moves on
 * with the highest ID, word by word, so that nothing is ever shifted.
 *
 * Looking and remembering are two steps, because a packet is looked up before it is opened, and may be remembered
 * only once it has proved to be genuine.
 */

/** How far a packet may come behind the newest one and still be taken. */
const windowSize = 8128n;

/** From here on a counter is too near its end: nobody sends it, nobody takes it. */
export const packetIdLimit: bigint = 2n ** 64n - 2n ** 13n;

const wordBits = 5n;
/** One word more than the window covers, for the newest ID need not stand at the end of its word. */
const words = 256n;

/** Which packet IDs of one session have been seen. 1 KiB, from the first one on. */
export class SlidingWindow {
  readonly #ring = new Uint32Array(Number(words));
  #newest = 0n;

  /** Whether a packet with this ID is neither a repetition, nor too old to tell, nor past the limit. */
  isNew(id: bigint): boolean {
    if (id >= packetIdLimit || id + windowSize < this.#newest) return false;
    return id > this.#newest || ((this.#ring[slot(id)] ?? 0) & bit(id)) === 0;
  }

  /** Remembers an ID that {@link isNew}. */
  add(id: bigint): void {
    if (id > this.#newest) this.#advance(id);
    const at = slot(id);
    this.#ring[at] = (this.#ring[at] ?? 0) | bit(id);
  }

  #advance(id: bigint): void {
    const from = this.#newest >> wordBits;
    const entered = (id >> wordBits) - from;
    const stale = entered < words ? Number(entered) : this.#ring.length;
    for (let word = 1; word <= stale; word++)
      this.#ring[(Number(from % words) + word) % this.#ring.length] = 0;
    this.#newest = id;
  }
}

function slot(id: bigint): number {
  return Number((id >> wordBits) % words);
}

function bit(id: bigint): number {
  return 1 << Number(id & 31n);
}

/**
 * The nonce of a stream: a little-endian counter as wide as the cipher wants it, from 0, one up for every message
 * (SIP004, SIP022 §3.1.1). A nonce used twice gives the key away, so the counter stops where it would begin again.
 */
export class NonceCounter {
  readonly #bytes: Uint8Array;
  #begun = false;

  /** Counts on from `first`, which it owns from now on: normally 12 or 24 zeros. */
  constructor(first: Uint8Array) {
    this.#bytes = first;
  }

  /**
   * The next nonce, lent until the next call.
   *
   * @throws RangeError when all have been taken, then and ever after.
   */
  take(): Uint8Array {
    const bytes = this.#bytes;
    if (!this.#begun) {
      this.#begun = true;
      return bytes;
    }
    for (let at = 0; at < bytes.length; at++) {
      const next = ((bytes[at] ?? 0) + 1) & 0xff;
      bytes[at] = next;
      if (next !== 0) return bytes;
    }
    bytes.fill(0xff);
    throw new RangeError(
      `nonce: expected fewer than 2^${8 * bytes.length} messages under one key, got one more`,
    );
  }
}

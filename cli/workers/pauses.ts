/** How long it is waited before a worker that has ended is replaced. */

/** The first for the first end, the last one for ever, ms. */
const pausesMs = [0, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000] as const;
/** After so long without an end the first pause comes first again, ms. */
const steadyMs = 60_000;
/** What ends together has one cause, and counts once, ms. */
const togetherMs = 100;
/** While nobody works, nothing is spared by waiting for long, ms. */
const mostAloneMs = 1_000;

/** The pauses between the ends of one crew and those who begin then. */
export class Pauses {
  #ends = 0;
  #endedAt = -Infinity;

  /** The pause after an end at `now`, in milliseconds, when `left` others work or are about to. */
  after(now: number, { left }: { readonly left: number }): number {
    const since = now - this.#endedAt;
    this.#endedAt = now;
    if (since > steadyMs) this.#ends = 0;
    if (since > togetherMs) this.#ends += 1;
    const pause = pausesMs[Math.min(this.#ends, pausesMs.length) - 1] ?? 0;
    return left === 0 ? Math.min(pause, mostAloneMs) : pause;
  }
}

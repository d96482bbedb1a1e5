import type { Carrier } from './carrier.js';

/** All limits are looked at this often, ms: ten thousand carriers need one timer. */
const longestSweepMs = 5_000;
/** Sweeps in the shortest limit. */
const sweepsEach = 4;

export interface IdleCarriersOptions {
  /** How long a carrier that has had a conversation waits for the next one, ms. */
  readonly idleMs: number;
  /** The same for one that has had none yet; as long by default. */
  readonly unusedMs?: number;
  /** What came on one of them, lent; it is not among them any more. */
  readonly heard: (carrier: Carrier, pieces: readonly Uint8Array[]) => void;
  /** One of them is not there any more, and was not asked for. */
  readonly gone?: (carrier: Carrier, why: string) => void;
  /** Called with each look at the limits. */
  readonly swept?: () => void;
}

/** Carriers between two conversations. */
export class IdleCarriers {
  readonly #options: IdleCarriersOptions;
  readonly #sweepMs: number;
  /** Until when each waits, oldest first. */
  readonly #waiting = new Map<Carrier, number>();
  #sweeping: NodeJS.Timeout | undefined;

  constructor(options: IdleCarriersOptions) {
    this.#options = options;
    const { idleMs, unusedMs = idleMs } = options;
    this.#sweepMs = Math.min(longestSweepMs, idleMs / sweepsEach, unusedMs / sweepsEach);
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Lets a carrier wait, which may have something to say, or be gone, already. */
  add(carrier: Carrier): void {
    const { idleMs, unusedMs = idleMs, heard } = this.#options;
    this.#waiting.set(carrier, performance.now() + carrier.patience * (carrier.used ? idleMs : unusedMs));
    this.#sweepLater();
    carrier.tcp.attach({
      receive: (pieces) => {
        if (this.#waiting.delete(carrier)) heard(carrier, pieces);
      },
      ended: () => {
        this.#close(carrier, 'closed by the other half');
      },
      failed: (error) => {
        this.#close(carrier, error.message);
      },
      writable: () => undefined,
    });
  }

  /** The one that waits for the shortest time. */
  take(): Carrier | undefined {
    let newest: Carrier | undefined;
    for (const carrier of this.#waiting.keys()) newest = carrier;
    if (newest !== undefined) this.#waiting.delete(newest);
    return newest;
  }

  /** Closes the one that has waited for the longest. */
  closeOldest(): void {
    const [oldest] = this.#waiting.keys();
    if (oldest !== undefined) this.#close(oldest, 'room for others');
  }

  /** Closes all of them, or those that `which` names. */
  close(why: string, which: (carrier: Carrier) => boolean = () => true): void {
    for (const carrier of this.#waiting.keys()) if (which(carrier)) this.#close(carrier, why);
  }

  #close(carrier: Carrier, why: string): void {
    if (!this.#waiting.delete(carrier)) return;
    carrier.tcp.close();
    this.#options.gone?.(carrier, why);
  }

  #sweepLater(): void {
    this.#sweeping ??= setInterval(() => {
      this.#sweep();
    }, this.#sweepMs).unref();
  }

  /** A limit that passes before the next sweep has passed: others count on it. */
  #sweep(): void {
    const next = performance.now() + this.#sweepMs;
    for (const [carrier, until] of this.#waiting) if (until < next) this.#close(carrier, 'idle');
    this.#options.swept?.();
    if (this.#waiting.size > 0) return;
    clearInterval(this.#sweeping);
    this.#sweeping = undefined;
  }
}

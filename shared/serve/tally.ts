const minuteMs = 60_000;

/** Counts what is not worth a line each, and tells how many there were, once a minute at most. */
export class Tally {
  readonly #tell: (count: number) => void;
  #untold = 0;
  #toldAt = -Infinity;

  constructor(tell: (count: number) => void) {
    this.#tell = tell;
  }

  add(): void {
    this.#untold += 1;
  }

  /** Tells, when it is time and there is something to tell. `now` is in milliseconds. */
  tick(now: number): void {
    if (this.#untold === 0 || now - this.#toldAt < minuteMs) return;
    this.#tell(this.#untold);
    this.#toldAt = now;
    this.#untold = 0;
  }
}

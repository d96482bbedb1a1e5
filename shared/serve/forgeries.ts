/**
 * Datagrams that were not genuine. Nobody is answered and no line is written for any single one of them: both would
 * be something for an attacker to multiply (docs/probes.md T-24).
 */
import { Tally } from './tally.js';

const minuteMs = 60_000;
/** So many of one source within a minute, and the rest of it is dropped before any arithmetic (T-15). */
const mostPerMinute = 1_000;
/** Sources that are counted, at most. Their addresses may be forged as well. */
const mostSources = 4_096;

/** How many there have been, in all and of each source. */
export class Forgeries {
  readonly #tally: Tally;
  readonly #sources = new Map<string, number>();
  #minuteEnds = -Infinity;
  #latest = '';
  #total = 0;

  /** `report` is told how many there have been, once a minute at most. */
  constructor(report: (why: string) => void) {
    this.#tally = new Tally((count) => {
      report(`datagrams: expected genuine ones, got ${count} others; the last: ${this.#latest}`);
    });
  }

  /** All so far. */
  get total(): number {
    return this.#total;
  }

  /** Whether there have been any within this minute: to be asked first, because naming a source costs. */
  get any(): boolean {
    return this.#sources.size > 0;
  }

  /** Whether nothing of this source is to be looked at for the rest of the minute. */
  tooMany(source: string): boolean {
    return (this.#sources.get(source) ?? 0) >= mostPerMinute;
  }

  add(source: string, why: string): void {
    this.#total += 1;
    this.#tally.add();
    this.#latest = why;
    const before = this.#sources.get(source);
    if (before !== undefined || this.#sources.size < mostSources)
      this.#sources.set(source, (before ?? 0) + 1);
  }

  /** Begins a new minute, and reports, when it is time. */
  tick(now: number): void {
    if (now >= this.#minuteEnds) {
      this.#minuteEnds = now + minuteMs;
      this.#sources.clear();
    }
    this.#tally.tick(now);
  }
}

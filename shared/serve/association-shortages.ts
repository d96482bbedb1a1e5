import { moreDescriptors } from '../net/descriptors.js';
import type { Observer } from '../observe/events.js';
import type { Places } from './association-table.js';
import { Tally } from './tally.js';

/** What there was too little of: places, or descriptors. */
export type Shortage = keyof Places | 'descriptors';

/** Warns of datagrams that were dropped for want of something, once a minute: how many, and never whose. */
export class Shortages {
  readonly #tallies: Readonly<Record<Shortage, Tally>>;

  /** `advice` is what can be done for more places in all, if anything can. */
  constructor(observer: Observer, { total, perSource }: Places, advice?: string) {
    const tally = (expected: string, remedy?: string): Tally =>
      new Tally((count) => {
        const what = `associations: expected ${expected}, got more; datagrams dropped: ${count}`;
        observer({ event: 'warning', detail: remedy === undefined ? what : `${what}; ${remedy}` });
      });
    this.#tallies = {
      total: tally(`at most ${total}`, advice),
      perSource: tally(`at most ${perSource} of one source`),
      descriptors: tally('as many as there are descriptors for', moreDescriptors),
    };
  }

  add(shortage: Shortage): void {
    this.#tallies[shortage].add();
  }

  /** Warns, when it is time. */
  tick(now: number): void {
    for (const tally of Object.values(this.#tallies)) tally.tick(now);
  }
}

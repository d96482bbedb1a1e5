import { moreDescriptors } from '../net/descriptors.js';
import type { Observer } from '../observe/events.js';
import type { Places } from './association-table.js';
import { Tally } from './tally.js';

/** What there was too little of: places, or descriptors. */
export type Shortage = keyof Places | 'descriptors';

const fewDescriptors = 'associations: expected as many as there are descriptors for, got more';

/** Says that a local refuses associations because the process may hold no more of them. */
export function warnNoDescriptors(observer: Observer): () => void {
  return () => {
    observer({ event: 'warning', detail: `${fewDescriptors}; ${moreDescriptors}` });
  };
}

/** Warns of datagrams that were dropped for want of something, once a minute: how many, and never whose. */
export class Shortages {
  readonly #tallies: Readonly<Record<Shortage, Tally>>;

  /** `advice` is what can be done for more places in all, if anything can. */
  constructor(observer: Observer, { total, perSource }: Places, advice?: string) {
    const tally = (short: string, remedy?: string): Tally =>
      new Tally((count) => {
        const what = `${short}; datagrams dropped: ${count}`;
        observer({ event: 'warning', detail: remedy === undefined ? what : `${what}; ${remedy}` });
      });
    this.#tallies = {
      total: tally(`associations: expected at most ${total}, got more`, advice),
      perSource: tally(`associations: expected at most ${perSource} of one source, got more`),
      descriptors: tally(fewDescriptors, moreDescriptors),
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

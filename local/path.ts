import { codeOf, messageOf } from '../shared/errors.js';
import { isOwnTrouble } from '../shared/net/dial-errors.js';
import type { CheckResult, ObservedEvent } from '../shared/observe/events.js';
import { DeadCarrier, type DialerOptions, FarRefusal } from '../shared/outbound/outbound.js';

/** A lost remote is looked for again after these pauses, the last one for ever, ms. */
const pausesMs = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000] as const;
/** One that was back for so long begins with the first pause again, ms. */
const steadyMs = 60_000;

/** What is said of a path. */
export type PathNews = Extract<ObservedEvent, { readonly event: 'remote-lost' | 'remote-back' }>;

/** Knows whether the remote is lost, says so once, and looks for it until it is back. */
export class PathWatch {
  readonly #check: () => Promise<CheckResult>;
  readonly #observer: (news: PathNews) => void;
  readonly #proofs: () => number;
  #lost = false;
  #found = 0;
  #backAt = -Infinity;
  #losses = 0;
  #stopped = false;
  #tries = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `proofs`: how many checks in a row have to find it before it is back; by default one. */
  constructor(
    check: () => Promise<CheckResult>,
    observer: (news: PathNews) => void,
    proofs: () => number = () => 1,
  ) {
    this.#check = check;
    this.#observer = observer;
    this.#proofs = proofs;
  }

  get lost(): boolean {
    return this.#lost;
  }

  /**
   * For a dial that begins now: call what comes back when the remote has answered it. The answer to a dial from before
   * the last loss may be an old one that was on its way, and says nothing of now.
   */
  begin(): () => void {
    const before = this.#losses;
    return () => {
      if (this.#losses === before) this.#works();
    };
  }

  /**
   * A conversation could not be had. One that this computer had no means for says nothing of the remote, nor does a
   * carrier that was dead alone.
   */
  fails(why: unknown): void {
    if (this.#lost || this.#stopped || isOwnTrouble(why) || why instanceof DeadCarrier) return;
    this.#lost = true;
    this.#losses += 1;
    this.#found = 0;
    // Where others are to go to, one that comes and goes is asked less and less often.
    if (this.#proofs() < 2 || performance.now() - this.#backAt > steadyMs) this.#tries = 0;
    this.#observer({ event: 'remote-lost', detail: messageOf(why) });
    this.#lookAgain();
  }

  /**
   * The same way out, watched: what it meets tells whether the remote can be reached. `proves`: whether what it brought
   * back is a sign of life.
   */
  watched<Asked, Got, Options extends DialerOptions = DialerOptions>(
    wayOut: (asked: Asked, options: Options) => Promise<Got>,
    proves: (got: Got) => boolean = () => true,
  ): (asked: Asked, options: Options) => Promise<Got> {
    return async (asked, options) => {
      const works = this.begin();
      try {
        const got = await wayOut(asked, options);
        if (proves(got)) works();
        return got;
      } catch (error) {
        // A refusal is the far end's own word: the path to it works.
        if (error instanceof FarRefusal || codeOf(error) === 'command-not-supported') works();
        // A dial that was given up says nothing of the path.
        else if (!options.signal.aborted) this.fails(error);
        throw error;
      }
    };
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #works(): void {
    if (!this.#lost || this.#stopped) return;
    this.#lost = false;
    this.#backAt = performance.now();
    clearTimeout(this.#timer);
    this.#observer({ event: 'remote-back' });
  }

  #lookAgain(pause = this.#nextPause()): void {
    // A check from before the last loss may still come back and ask for this as well.
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const works = this.begin();
      const before = this.#losses;
      void this.#check().then((result) => {
        if (result.ok && this.#losses !== before) return;
        this.#found = result.ok ? this.#found + 1 : 0;
        if (this.#found >= this.#proofs()) works();
        else if (this.#lost && !this.#stopped) this.#lookAgain(result.ok ? pausesMs[0] : undefined);
      });
    }, pause);
  }

  #nextPause(): number {
    this.#tries += 1;
    return pausesMs[Math.min(this.#tries, pausesMs.length) - 1] ?? 0;
  }
}

/** What users have done at all workers together. */
import { noTraffic, type UsageStore, type UserTraffic } from '../../shared/serve/usage-store.js';

/** By name. */
type Traffic = ReadonlyMap<string, UserTraffic>;

/** The users of one port. Workers count from their beginning, and are asked when somebody looks. */
export class SummedUsage implements UsageStore {
  readonly #refresh: () => Promise<void>;
  /** What each worker knew last. */
  readonly #known = new Map<number, Traffic>();
  /** What those did who have ended. */
  readonly #past = new Map<string, UserTraffic>();
  /** What is not to be told again. */
  #told: Traffic = new Map();

  /** `refresh` asks the workers, and `learn` is called with what they say. */
  constructor(refresh: () => Promise<void>) {
    this.#refresh = refresh;
  }

  learn(worker: number, traffic: Traffic): void {
    this.#known.set(worker, traffic);
  }

  /** The worker has ended. What it did since it was last asked is lost. */
  left(worker: number): void {
    for (const [name, traffic] of this.#known.get(worker) ?? []) {
      this.#past.set(name, added(this.#past.get(name) ?? noTraffic, ended(traffic)));
    }
    this.#known.delete(worker);
  }

  /** Whoever comes next under that name begins at 0. */
  forget(name: string): void {
    this.#past.delete(name);
    for (const traffic of [this.#told, ...this.#known.values()])
      (traffic as Map<string, UserTraffic>).delete(name);
  }

  async of(name: string): Promise<UserTraffic> {
    await this.#refresh();
    return this.#sums().get(name) ?? noTraffic;
  }

  async all(options: { readonly clear?: boolean } = {}): Promise<Traffic> {
    await this.#refresh();
    const all = this.#sums();
    if (options.clear === true) this.#told = this.#totals();
    return all;
  }

  #sums(): Traffic {
    const sums = new Map<string, UserTraffic>();
    for (const [name, total] of this.#totals()) {
      sums.set(name, added(total, ended(this.#told.get(name) ?? noTraffic), -1));
    }
    return sums;
  }

  #totals(): Traffic {
    const totals = new Map(this.#past);
    for (const traffic of this.#known.values()) {
      for (const [name, more] of traffic) totals.set(name, added(totals.get(name) ?? noTraffic, more));
    }
    return totals;
  }
}

/** What is left of it when nothing is open any more. */
function ended(traffic: UserTraffic): UserTraffic {
  return { ...traffic, streams: 0, associations: 0 };
}

function added(one: UserTraffic, other: UserTraffic, times: 1 | -1 = 1): UserTraffic {
  const names = Object.keys(noTraffic) as (keyof UserTraffic)[];
  return Object.fromEntries(
    names.map((name) => [name, one[name] + times * other[name]]),
  ) as unknown as UserTraffic;
}

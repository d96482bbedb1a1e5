/**
 * The users of a remote with a method of 2017, whose openings do not say whose they are: keys are tried in turn until
 * one fits. A client comes back from the same address, so those who came from there before are tried first, and mostly
 * one trial will do.
 *
 * Whoever knows no key costs a trial for each user: some 20 µs, and all of them in one piece. So trials in vain have an
 * allowance, and each source a number of failures in a while. Beyond that only those who were there before are still
 * heard (T-20). The allowance is small and comes back all the time, rather than large and once in a while: a flood then
 * never holds up what else the process does. Measured with 200 users and 1,000 probes a second for ten seconds, each of
 * another source: 8 % of a core more than with one user, and 3 ms for the handshake of somebody known in the median, 35 ms
 * in the 99th percentile, on a machine that others used too. (Without it, and with 100 users: 700 ms and 1.8 s.)
 */
import type { Environment } from '../environment.js';
import { AuthError } from '../errors.js';

/** As many users can share a port where keys have to be tried. */
export const mostTriedUsers = 256;

/** Sources that are remembered, and users of each: the latest. Behind a plugin all users are of one. */
const remembered = { sources: 4096, users: 4, hidden: 64 } as const;
/** How many searches of one source may fail in a while of so many milliseconds. */
const failures = { perSource: 16, whileMs: 10_000 } as const;
/** Trials in vain: a search begins only while fewer than `most` are owed, and `perMs` of them are forgiven. */
const inVain = { most: 256, perMs: 5 } as const;

/** Where a stream comes from; undefined when a plugin hides it. */
export type Source = string | undefined;

/** Finds out whose key fits. */
export class TriedUsers<User> {
  readonly #env: Environment;
  /** Whoever was found last comes first. */
  readonly #order: User[];
  /** Whoever came from a source, the latest first; the source that was heard last comes last. */
  readonly #recent = new Map<Source, readonly User[]>();
  readonly #failed = new Map<string, number>();
  #since = 0;
  #owed = 0;
  #owedAt = 0;

  constructor(users: readonly User[], env: Environment) {
    this.#order = [...users];
    this.#env = env;
  }

  add(user: User): void {
    this.#order.push(user);
  }

  remove(user: User): void {
    const at = this.#order.indexOf(user);
    if (at >= 0) this.#order.splice(at, 1);
    for (const [source, recent] of this.#recent) {
      if (!recent.includes(user)) continue;
      const others = recent.filter((other) => other !== user);
      if (others.length === 0) this.#recent.delete(source);
      else this.#recent.set(source, others);
    }
  }

  /**
   * What `attempt` makes of the first user for whom it does not throw an AuthError.
   *
   * @throws AuthError when there is none, and what else `attempt` throws.
   */
  find<Found>(source: Source, attempt: (user: User) => Found): Found {
    const recent = this.#recent.get(source) ?? [];
    const known = this.#first(recent, attempt);
    if (known !== undefined) return this.#remember(source, recent, known);
    if (this.#tooMany(source)) {
      throw new AuthError(
        'key: expected that of a user who was here before, got another and too many others before it',
      );
    }
    const found = this.#first(
      this.#order.filter((user) => !recent.includes(user)),
      attempt,
    );
    if (found === undefined) {
      if (source !== undefined) this.#failed.set(source, (this.#failed.get(source) ?? 0) + 1);
      this.#owed += this.#order.length;
      throw new AuthError('key: expected that of a user, got another');
    }
    this.#order.splice(this.#order.indexOf(found.user), 1);
    this.#order.unshift(found.user);
    return this.#remember(source, recent, found);
  }

  #first<Found>(users: readonly User[], attempt: (user: User) => Found): Fit<User, Found> | undefined {
    for (const user of users) {
      try {
        return { user, found: attempt(user) };
      } catch (error) {
        if (!(error instanceof AuthError)) throw error;
      }
    }
    return undefined;
  }

  #remember<Found>(source: Source, recent: readonly User[], { user, found }: Fit<User, Found>): Found {
    this.#recent.delete(source);
    const others = recent[0] === user ? recent.slice(1) : recent.filter((other) => other !== user);
    const most = source === undefined ? remembered.hidden : remembered.users;
    this.#recent.set(source, [user, ...others].slice(0, most));
    if (this.#recent.size > remembered.sources) {
      const [longestAgo] = this.#recent.keys();
      if (longestAgo !== undefined) this.#recent.delete(longestAgo);
    }
    return found;
  }

  #tooMany(source: Source): boolean {
    const now = this.#env.now();
    // A clock that was set back must not keep anybody out for as long.
    if (Math.abs(now - this.#since) >= failures.whileMs) {
      this.#since = now;
      this.#failed.clear();
    }
    this.#owed = Math.max(0, this.#owed - Math.abs(now - this.#owedAt) * inVain.perMs);
    this.#owedAt = now;
    const failed = source === undefined ? 0 : (this.#failed.get(source) ?? 0);
    return this.#owed >= inVain.most || failed >= failures.perSource;
  }
}

interface Fit<User, Found> {
  readonly user: User;
  readonly found: Found;
}

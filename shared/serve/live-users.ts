/** The users of a port, kept in memory and, where they come from a file, there too. */
import type { Users, UserSecret } from '../codec/users.js';
import { ConfigError } from '../errors.js';
import type { UserStore } from './user-store.js';

/** Where users are written down, so that they are there again after a restart. */
export interface UserRecords {
  /** ConfigError for what cannot be written down. */
  readonly check: (user: UserSecret) => void;
  /** That user has this secret from now on, or is none any more. */
  readonly write: (name: string, secret: string | undefined) => Promise<void>;
}

export interface LiveUsersOptions {
  readonly records?: UserRecords | undefined;
  /** A user is none any more. */
  readonly removed: (name: string) => void;
}

/**
 * The store over these users, who are in use meanwhile. Each change is written down before the next begins. Whoever is
 * let in is let in once that is written down; whoever is shut out is so at once, even if it cannot be written down.
 */
export function liveUsers(users: Users, { records, removed }: LiveUsersOptions): UserStore {
  const inTurn = oneByOne();
  return {
    list: () => Promise.resolve(users.secrets),
    add: (user) =>
      inTurn(async () => {
        users.check(user);
        records?.check(user);
        await records?.write(user.name, user.secret);
        users.add(user);
      }),
    replace: (name, secret) =>
      inTurn(async () => {
        records?.check({ name, secret });
        if (!users.replace(name, secret)) return false;
        await records?.write(name, secret);
        return true;
      }),
    remove: (name) =>
      inTurn(async () => {
        if (!users.remove(name)) return false;
        removed(name);
        await records?.write(name, undefined);
        return true;
      }),
  };
}

/** The store of a port that has one key for everybody. */
export function noUsers(): UserStore {
  return {
    list: () => Promise.resolve<readonly UserSecret[]>([]),
    // The first user would shut out whoever has that key: this is for the operator to decide.
    add: () =>
      Promise.reject(new ConfigError('users: expected a port with users, got one with a key for everybody')),
    replace: () => Promise.resolve(false),
    remove: () => Promise.resolve(false),
  };
}

/** Runs one after the other, whatever became of the one before. */
function oneByOne(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
}

/** The users of a port, kept in memory and, where they come from a file, there too. */
import type { Users, UserSecret } from '../codec/users.js';
import { ConfigError, messageOf } from '../errors.js';
import type { UserStore } from './user-store.js';

/** By name, the secret that a user has from now on; undefined for whoever is none any more. */
export type UserChanges = ReadonlyMap<string, string | undefined>;

/** Where users are written down, so that they are there again after a restart. */
export interface UserRecords {
  /** Rejects with a ConfigError for a user who would not be read back. */
  readonly check: (user: UserSecret) => Promise<void>;
  /** `present` are all users as they are in use, should nothing be left of what was written down before. */
  readonly write: (changes: UserChanges, present: readonly UserSecret[]) => Promise<void>;
}

export interface LiveUsersOptions {
  readonly records?: UserRecords | undefined;
  /** A user is none any more. */
  readonly removed: (name: string) => void;
}

/**
 * The store over these users, who are in use meanwhile. Each change is written down before the next begins. Whoever is
 * let in is let in once that is written down; whoever is shut out is so at once, even if it cannot be written down: then
 * it is with the next change that can be, whomever that is about, or when the same is asked for again.
 *
 * That something cannot be written down is no fault of who asks, and so never a ConfigError.
 */
export function liveUsers(users: Users, { records, removed }: LiveUsersOptions): UserStore {
  const inTurn = oneByOne();
  /** What is so already, and not written down yet. */
  const owed = new Map<string, string | undefined>();
  const write = async (changes: UserChanges, expected: string): Promise<void> => {
    try {
      await records?.write(changes, users.secrets);
    } catch (error) {
      throw new Error(`${expected} to be written down, got ${messageOf(error)}`, { cause: error });
    }
    owed.clear();
  };
  return {
    list: () => Promise.resolve(users.secrets),
    add: (user) =>
      inTurn(async () => {
        users.check(user);
        await records?.check(user);
        await write(new Map([...owed, [user.name, user.secret]]), `user ${user.name}: expected it`);
        users.add(user);
      }),
    replace: (name, secret) =>
      inTurn(async () => {
        if (!users.secrets.some((user) => user.name === name)) return false;
        await records?.check({ name, secret });
        users.replace(name, secret);
        owed.set(name, secret);
        await write(owed, `user ${name}: expected its key`);
        return true;
      }),
    remove: (name) =>
      inTurn(async () => {
        if (users.remove(name)) {
          removed(name);
          owed.set(name, undefined);
        }
        // Whoever is owed to be removed was somebody until that was asked for first.
        if (!owed.has(name)) return false;
        await write(owed, `user ${name}: expected its removal`);
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

/** The users of a port whose workers are told of every change. */
import type { Users, UserSecret } from '../../shared/codec/users.js';
import { liveUsers, type LiveUsersOptions } from '../../shared/serve/live-users.js';
import type { UserStore } from '../../shared/serve/user-store.js';

/** Told what a user has from now on: another secret, or none. Settles when all workers act by it. */
export type TellWorkers = (name: string, secret: string | undefined) => Promise<unknown>;

/** As `liveUsers`: whoever is shut out is shut out everywhere before it is written down, and let in after. */
export function sharedUsers(users: Users, options: LiveUsersOptions, tell: TellWorkers): UserStore {
  const { records } = options;
  const isIn = (name: string, secret: string): boolean =>
    users.secrets.some((user: UserSecret) => user.name === name && user.secret === secret);
  const store = liveUsers(users, {
    ...options,
    records: {
      check: async (user) => {
        await records?.check(user);
      },
      write: async (changes, present) => {
        for (const [name, secret] of changes) {
          // Who is to be let in is not among them yet.
          if (secret === undefined || isIn(name, secret)) await tell(name, secret);
        }
        await records?.write(changes, present);
      },
    },
  });
  return {
    ...store,
    add: async (user) => {
      await store.add(user);
      await tell(user.name, user.secret);
    },
  };
}

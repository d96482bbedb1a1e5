/** Users of whose changes somebody is told: an operator wants to know afterwards who came and who went. */
import type { ObservedEvent, Observer } from '../../observe/events.js';
import type { UserStore } from '../user-store.js';

type Change = Extract<ObservedEvent, { readonly event: 'user-changed' }>['change'];

/** The same users; each change that is made through them is observed, by name. */
export function observedUsers(users: UserStore, observer: Observer): UserStore {
  const tell = (user: string, change: Change): void => {
    observer({ event: 'user-changed', user, change });
  };
  return {
    list: () => users.list(),
    async add(user) {
      await users.add(user);
      tell(user.name, 'added');
    },
    async replace(name, secret) {
      const replaced = await users.replace(name, secret);
      if (replaced) tell(name, 'key replaced');
      return replaced;
    },
    async remove(name) {
      const removed = await users.remove(name);
      if (removed) tell(name, 'removed');
      return removed;
    },
  };
}

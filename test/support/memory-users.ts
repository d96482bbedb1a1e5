/** A store of users, and one of their usage, that are nothing more. */
import { ConfigError } from '../../shared/errors.js';
import { noTraffic, type UsageStore, type UserTraffic } from '../../shared/serve/usage-store.js';
import type { UserStore } from '../../shared/serve/user-store.js';
import type { UserSecret } from '../../shared/codec/users.js';

/** The users in memory, with names and keys that are taken once. */
export function memoryUsers(users: readonly UserSecret[] = []): UserStore {
  const secrets = new Map(users.map(({ name, secret }) => [name, secret]));
  const refuseTaken = (name: string, secret: string): void => {
    for (const [other, taken] of secrets) {
      if (other !== name && taken === secret)
        throw new ConfigError(`user ${name}: expected a key of its own, got that of ${other}`);
    }
  };
  return {
    list: () => Promise.resolve(Array.from(secrets, ([name, secret]) => ({ name, secret }))),
    async add({ name, secret }) {
      await Promise.resolve();
      // Dots alone are steps in a path, and URLs drop them.
      if (!/^(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}$/.test(name))
        throw new ConfigError('user: expected a name, got another');
      if (secrets.has(name)) throw new ConfigError(`user ${name}: expected once, got twice`);
      refuseTaken(name, secret);
      secrets.set(name, secret);
    },
    async replace(name, secret) {
      await Promise.resolve();
      if (!secrets.has(name)) return false;
      refuseTaken(name, secret);
      secrets.set(name, secret);
      return true;
    },
    remove: (name) => Promise.resolve(secrets.delete(name)),
  };
}

/** The usage in memory. */
export function memoryUsage(traffic: Readonly<Record<string, UserTraffic>> = {}): UsageStore {
  const all = new Map(Object.entries(traffic));
  return {
    of: (name) => Promise.resolve(all.get(name) ?? noTraffic),
    all(options = {}) {
      const told = new Map(all);
      if (options.clear === true) all.clear();
      return Promise.resolve(told);
    },
  };
}

/**
 * Who may use a remote whose users have a key each, while it runs. Asynchronous, because users may be kept where
 * another process sees them, too.
 */
import type { UserSecret } from '../codec/users.js';

/** The users of one port of a remote. */
export interface UserStore {
  /** All of them, in the order in which they came. */
  list(): Promise<readonly UserSecret[]>;
  /** Lets one more in. Rejects with a ConfigError when its name or key is taken or unfit. */
  add(user: UserSecret): Promise<void>;
  /**
   * Gives a user another key, and cuts whatever is open under the old one; false when there is no such user. The same
   * key cuts nothing. Rejects with a ConfigError when the key is taken or unfit.
   */
  replace(name: string, secret: string): Promise<boolean>;
  /** Lets a user in no longer, and cuts whatever it has open; false when there is no such user. */
  remove(name: string): Promise<boolean>;
}

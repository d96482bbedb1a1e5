/** The users of a remote, each with a key of its own, from a file of theirs or from a config file. */
import { masterKey } from '../codec/keys.js';
import { Users, type UserSecret } from '../codec/users.js';
import { ConfigError } from '../errors.js';
import { UsageError } from './exit.js';
import { readPrivateFile, unfit } from './private-file.js';
import { type ChosenSecret, refuseWeak } from './weak.js';

export interface UsersFlags {
  readonly usersFile?: string;
  /** The lines of such a file, in a config file. */
  readonly users?: readonly string[];
}

/** The remote that they are the users of. */
export interface SharedRemote extends ChosenSecret {
  /** Whether a users file may be empty, or not be there: users are to come while the remote runs. */
  readonly mayBeEmpty?: boolean;
}

/** Room for more users than one remote can carry, in bytes. */
export const maxUsersFileBytes: number = 4 * 1024 * 1024;

/**
 * The users of `--users-file` or of the config file; undefined when neither is given, so that one key is for everybody.
 * ConfigError as below.
 */
export async function readUsers(
  { usersFile, users }: UsersFlags,
  remote: SharedRemote,
): Promise<readonly UserSecret[] | undefined> {
  if (users === undefined) return usersFile === undefined ? undefined : readUsersFile(usersFile, remote);
  if (usersFile !== undefined) throw new UsageError('expected one of users and usersFile, got 2');
  return linesOfUsers(users, remote);
}

/** The users in such lines. ConfigError `users: 2: …` for one that cannot be used. */
export function linesOfUsers(lines: readonly string[], remote: SharedRemote): readonly UserSecret[] {
  const all = lines.map((line, index) => readLine(line, `users: ${index + 1}`, remote));
  checkTogether('users', all, remote);
  return all;
}

/**
 * The users in a file that only its owner can read: a line `NAME:KEY` for each, with a method of 2017 `NAME:PASSWORD`;
 * blank lines and those that begin with `#` mean nothing.
 *
 * ConfigError, naming the file and never a key, for one that cannot be used and, unless it may be empty, for a file without
 * any.
 */
export async function readUsersFile(path: string, remote: SharedRemote): Promise<readonly UserSecret[]> {
  const name = `users file ${path}`;
  const text = await readPrivateFile({ name, path, maxBytes: maxUsersFileBytes });
  if (text === undefined && remote.mayBeEmpty !== true) throw unfit(name, 'a file', 'none');
  const users = usersIn(text ?? '', name, remote);
  // A file that was cut short must not open the remote to whoever has its key.
  if (users.length === 0 && remote.mayBeEmpty !== true)
    throw unfit(name, 'at least one line NAME:KEY', 'none');
  return users;
}

/** The users in the text of such a file, if any. ConfigError, beginning with its `name`, for one that cannot be used. */
export function usersIn(text: string, name: string, remote: SharedRemote): readonly UserSecret[] {
  const users = text
    .split(/\r?\n/)
    .map((line, index) => ({ line: line.trim(), where: `${name}:${index + 1}` }))
    .filter(({ line }) => line !== '' && !line.startsWith('#'))
    .map(({ line, where }) => readLine(line, where, remote));
  checkTogether(name, users, remote);
  return users;
}

function readLine(line: string, where: string, { method, allowWeakPassword }: SharedRemote): UserSecret {
  const colon = line.indexOf(':');
  const form = method.edition === 2022 ? 'NAME:KEY' : 'NAME:PASSWORD';
  if (colon < 0) throw unfit(where, form, 'no colon');
  const secret = line.slice(colon + 1);
  if (secret !== secret.trimStart()) throw unfit(where, `${form} without blanks around the colon`, 'one');
  refuseWeak({ method, secret, allowWeakPassword }, where);
  return { name: line.slice(0, colon), secret };
}

/** The remote would find the same, but knows nothing of the file. */
function checkTogether(name: string, users: readonly UserSecret[], { method, secret }: SharedRemote): void {
  try {
    new Users({ method, key: masterKey(method, secret), backend: 'native' }, users);
  } catch (error) {
    throw error instanceof ConfigError
      ? new ConfigError(`${name}: ${error.message}`, { cause: error })
      : error;
  }
}

/** Changes to a users file, made while its remote runs. */
import { randomBytes } from 'node:crypto';
import { readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { UserSecret } from '../codec/users.js';
import { ConfigError } from '../errors.js';
import type { UserChanges, UserRecords } from '../serve/live-users.js';
import { syncDirectory, writeDurably } from './durable-file.js';
import { readPrivateBytes, textOf, unfit } from './private-file.js';
import { maxUsersFileBytes, type SharedRemote, usersIn } from './users-file.js';
import { refuseWeak } from './weak.js';

/**
 * The users file at `path` of this remote, for changes: lines that are not concerned stay as they are, comments too, and
 * a file that is not there is made. The new one takes the place of the old one at once, mode 0600.
 *
 * Nothing is written that the next start would refuse, but for what somebody else has written there meanwhile. `write`
 * rejects as `readPrivateFile`, with a ConfigError when somebody else has, and with the system's error; whoever is to be
 * removed is removed from such a file, too.
 */
export function usersFileRecords(path: string, remote: SharedRemote): UserRecords {
  const file = { name: `users file ${path}`, path, maxBytes: maxUsersFileBytes };
  const swept = sweepDrafts(path);
  return {
    check: async (user) => {
      checkLine(user, remote);
      // Whatever is wrong with the file itself is for `write` to say.
      const before = await readPrivateBytes(file).catch(() => undefined);
      if (before === undefined) return;
      const fault = faultIn(edited(before, new Map([[user.name, user.secret]])), 'users', remote);
      if (fault !== undefined && faultIn(before, 'users', remote) === undefined) throw fault;
    },
    write: async (changes, present) => {
      await swept;
      const before = (await readPrivateBytes(file)) ?? edited(Buffer.alloc(0), changesTo(present));
      const after = edited(before, changes);
      const fault = faultIn(after, file.name, remote);
      if (fault === undefined) return replaceFile(path, after);
      const removals = new Map(Array.from(changes).filter(([, secret]) => secret === undefined));
      if (removals.size > 0) await replaceFile(path, edited(before, removals));
      if (removals.size < changes.size) throw fault;
    },
  };
}

/** ConfigError for a secret that is too weak, or would be another when it is read again. */
function checkLine({ name, secret }: UserSecret, remote: SharedRemote): void {
  const where = `user ${name}`;
  if (secret !== secret.trim() || /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(secret)) {
    throw unfit(
      where,
      'a password without blanks around it, control characters or halves of characters',
      'one with some',
    );
  }
  refuseWeak({ ...remote, secret }, where);
}

/** Why a start would refuse these as a users file, in words that begin with `name`. */
function faultIn(bytes: Buffer, name: string, remote: SharedRemote): ConfigError | undefined {
  if (bytes.length > maxUsersFileBytes) {
    return unfit(name, `at most ${maxUsersFileBytes} bytes in the file`, 'more');
  }
  try {
    usersIn(textOf(bytes), name, remote);
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

function changesTo(users: readonly UserSecret[]): UserChanges {
  return new Map(users.map(({ name, secret }) => [name, secret]));
}

/** A users file after these changes. It is taken apart as bytes: what is no UTF-8 stays what it is. */
function edited(file: Buffer, changes: UserChanges): Buffer {
  const text = file.toString('latin1');
  const end = /\r?\n/.exec(text)?.[0] ?? '\n';
  const whole = text === '' || text.endsWith('\n') ? text : `${text}${end}`;
  const written = new Set<string>();
  const lines = whole.split(/(?<=\n)/).map((line) => {
    const owner = ownerOf(line);
    if (owner === undefined || !changes.has(owner)) return line;
    const first = !written.has(owner);
    written.add(owner);
    return first ? lineOf(owner, changes.get(owner), end) : '';
  });
  for (const [name, secret] of changes) if (!written.has(name)) lines.push(lineOf(name, secret, end));
  return Buffer.from(lines.join(''), 'latin1');
}

function lineOf(name: string, secret: string | undefined, end: string): string {
  return secret === undefined ? '' : Buffer.from(`${name}:${secret}${end}`).toString('latin1');
}

/** The name that a line begins with; undefined for one of nobody. */
function ownerOf(line: string): string | undefined {
  const colon = line.indexOf(':');
  return colon < 0 ? undefined : textOf(Buffer.from(line.slice(0, colon), 'latin1')).trimStart();
}

async function replaceFile(path: string, bytes: Buffer): Promise<void> {
  const draft = `${path}.${randomBytes(8).toString('hex')}.new`;
  try {
    await writeDurably(draft, bytes);
    await rename(draft, path);
  } catch (error) {
    await unlink(draft).catch(() => undefined);
    throw error;
  }
  // Without that, a user who was shut out might be back after a power cut.
  await syncDirectory(dirname(path));
}

/** A process that was killed as it wrote left a draft with keys in it, of users who may be gone by now. */
async function sweepDrafts(path: string): Promise<void> {
  const [directory, name] = [dirname(path), basename(path)];
  const isDraft = (each: string): boolean =>
    each.startsWith(`${name}.`) && /^\.[0-9a-f]{16}\.new$/.test(each.slice(name.length));
  const drafts = await readdir(directory).then(
    (names) => names.filter(isDraft),
    () => [],
  );
  // What cannot be removed does no more harm than before.
  await Promise.allSettled(drafts.map((draft) => unlink(join(directory, draft))));
}

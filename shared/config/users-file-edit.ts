/** Changes to a users file, made while its remote runs. */
import { randomBytes } from 'node:crypto';
import { realpath, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { UserSecret } from '../codec/users.js';
import { codeOf, ConfigError } from '../errors.js';
import type { UserRecords } from '../serve/live-users.js';
import { syncDirectory, writeDurably } from './durable-file.js';
import { readPrivateFile } from './private-file.js';
import { maxUsersFileBytes } from './users-file.js';

/**
 * The users file at `path`, for changes: lines that are not concerned stay as they are, comments too, and a file that is
 * not there is made. The new one takes the place of the old one at once, mode 0600. Its `write` rejects as
 * `readPrivateFile`, and with the system's error.
 */
export function usersFileRecords(path: string): UserRecords {
  return {
    check: checkLine,
    write: async (name, secret) => {
      const text = await readPrivateFile({ name: `users file ${path}`, path, maxBytes: maxUsersFileBytes });
      await replaceFile(path, editLines(text ?? '', name, secret));
    },
  };
}

/** ConfigError for a password that would be another when it is read again. */
function checkLine({ name, secret }: UserSecret): void {
  if (secret === secret.trim() && !/[\u0000-\u001f]/.test(secret)) return;
  throw new ConfigError(
    `user ${name}: expected a password without blanks around it or control characters, got one with some`,
  );
}

/** The text of a users file in which that user has this secret, or is no more. */
function editLines(text: string, name: string, secret: string | undefined): string {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  const isTheirs = (line: string): boolean => line.trimStart().startsWith(`${name}:`);
  const others = lines.filter((line) => !isTheirs(line));
  if (secret !== undefined) {
    const at = lines.findIndex(isTheirs);
    others.splice(at < 0 ? others.length : at, 0, `${name}:${secret}`);
  }
  return others.map((line) => `${line}\n`).join('');
}

async function replaceFile(path: string, text: string): Promise<void> {
  const target = await realpath(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return path;
    throw error;
  });
  const draft = `${target}.${randomBytes(8).toString('hex')}.new`;
  try {
    await writeDurably(draft, text);
    await rename(draft, target);
  } catch (error) {
    await unlink(draft).catch(() => undefined);
    throw error;
  }
  // Without that, a user who was shut out might be back after a power cut.
  await syncDirectory(dirname(target));
}

import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { methods } from '../../shared/codec/methods.js';
import { readUsers, readUsersFile, type SharedRemote } from '../../shared/config/users-file.js';
import { ConfigError } from '../../shared/errors.js';
import { pattern } from '../support/codec.js';
import { temporaryDirectories } from '../support/config.js';

const temporaryDirectory = temporaryDirectories();

const key = (seed: number, length = 32): string => Buffer.from(pattern(length, seed)).toString('base64');

const remote: SharedRemote = {
  method: methods['2022-blake3-aes-256-gcm'],
  secret: key(1),
  allowWeakPassword: false,
};

async function usersFile(content: string, mode = 0o600): Promise<string> {
  const path = join(await temporaryDirectory(), 'users');
  await writeFile(path, content);
  await chmod(path, mode);
  return path;
}

async function refusal(content: string, changes: Partial<SharedRemote> = {}): Promise<string> {
  const path = await usersFile(content);
  const error: unknown = await readUsersFile(path, { ...remote, ...changes }).catch(
    (caught: unknown) => caught,
  );
  if (!(error instanceof ConfigError)) throw new Error('expected a ConfigError, got something else');
  return error.message.replace(path, 'FILE');
}

describe('a users file', () => {
  it('has a line for each user', async () => {
    const path = await usersFile(
      `\ufeff# the family\r\n\r\nann:${key(2)}\r\n  ben.k-1_X:${key(3).replaceAll('=', '')}\n`,
    );
    expect(await readUsersFile(path, remote)).toEqual([
      { name: 'ann', secret: key(2) },
      { name: 'ben.k-1_X', secret: key(3).replaceAll('=', '') },
    ]);
  });

  it.each([
    ['without a colon', `ann:${key(2)}\nben`, 'users file FILE:2: expected NAME:KEY, got no colon'],
    [
      'with a blank behind the colon',
      `ann: ${key(2)}`,
      'users file FILE:1: expected NAME:KEY without blanks',
    ],
    ['with nothing in it', '# nobody\n', 'users file FILE: expected at least one line NAME:KEY, got none'],
    ['with a name that is none', `a b:${key(2)}`, 'users file FILE: user: expected a name'],
    [
      'with a name that objects have',
      `__proto__:${key(2)}`,
      'users file FILE: user: expected a name other than __proto__',
    ],
    [
      'with a name that URLs drop',
      `..:${key(2)}`,
      'users file FILE: user: expected a name other than __proto__, ., .., got one of these',
    ],
    ['with no name', `:${key(2)}`, 'users file FILE: user: expected a name'],
    ['with a name too long', `${'a'.repeat(65)}:${key(2)}`, 'users file FILE: user: expected a name'],
    ['with a key too short', `ann:${key(2, 16)}`, 'users file FILE: user ann: key for'],
    ['with a chain', `ann:${key(2)}:${key(3)}`, 'users file FILE: user ann: key for'],
    ['with a user twice', `ann:${key(2)}\nann:${key(3)}`, 'users file FILE: user ann: expected once'],
    [
      'with a key twice',
      `ann:${key(2)}\nben:${key(2)}`,
      'user ben: expected a key of its own, got that of ann',
    ],
    [
      'with the key of the remote',
      `ann:${key(1)}`,
      'user ann: expected a key of its own, got that of the remote',
    ],
  ])('%s is refused, and no key is shown', async (_, content, why) => {
    const message = await refusal(content);
    expect(message).toContain(why);
    for (const seed of [1, 2, 3]) expect(message).not.toContain(key(seed).slice(0, 8));
  });

  it('that others can read, or that is not there, is refused', async () => {
    const open = await usersFile(`ann:${key(2)}`, 0o644);
    await expect(readUsersFile(open, remote)).rejects.toThrow('chmod 600');
    await expect(readUsersFile(`${open}-gone`, remote)).rejects.toThrow('expected a file, got none');
  });

  it('is refused for a method whose clients cannot name themselves', async () => {
    const method = methods['2022-blake3-chacha20-poly1305'];
    expect(await refusal(`ann:${key(2)}`, { method })).toContain('expected a 2022 AES method');
  });
});

it('may be empty, or not be there yet, where users come later', async () => {
  const later = { ...remote, mayBeEmpty: true };
  const path = await usersFile('# nobody yet\n');
  expect(await readUsersFile(path, later)).toEqual([]);
  expect(await readUsers({ usersFile: `${path}-gone` }, later)).toEqual([]);
});

describe('users in a config file', () => {
  it('are the lines of a users file', async () => {
    expect(await readUsers({ users: [`ann:${key(2)}`] }, remote)).toEqual([{ name: 'ann', secret: key(2) }]);
    expect(await readUsers({}, remote)).toBeUndefined();
  });

  it('are told by their number when a line is wrong, and do not stand beside a users file', async () => {
    await expect(readUsers({ users: [`ann:${key(2)}`, 'ben'] }, remote)).rejects.toThrow(
      'users: 2: expected NAME:KEY, got no colon',
    );
    await expect(readUsers({ users: [`ann:${key(1)}`] }, remote)).rejects.toThrow('got that of the remote');
    const path = await usersFile(`ann:${key(2)}`);
    await expect(readUsers({ usersFile: path, users: [`ann:${key(2)}`] }, remote)).rejects.toThrow('got 2');
  });
});

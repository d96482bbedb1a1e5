import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { usersFileRecords } from '../../shared/config/users-file-edit.js';
import { ConfigError } from '../../shared/errors.js';
import { temporaryDirectories } from '../support/config.js';

const temporaryDirectory = temporaryDirectories();

async function usersFile(text: string, mode = 0o600): Promise<string> {
  const path = join(await temporaryDirectory(), 'users');
  await writeFile(path, text, { mode });
  return path;
}

const text = '# the family\nann:one\n\n  ben:two\n# no more\n';

describe('a users file that is changed while its remote runs', () => {
  it.each([
    ['a new user at the end', 'eve', 'three', `${text}eve:three\n`],
    ['another key in its place', 'ben', 'new', '# the family\nann:one\n\nben:new\n# no more\n'],
    ['a user no more', 'ann', undefined, '# the family\n\n  ben:two\n# no more\n'],
    ['nothing of whom there is not', 'an', undefined, text],
  ])('has %s, and its other lines as they were', async (_, name, secret, expected) => {
    const path = await usersFile(text);
    await usersFileRecords(path).write(name, secret);
    expect(await readFile(path, 'utf8')).toBe(expected);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(dirname(path))).toEqual(['users']);
  });

  it('is made when it is not there, for its owner alone', async () => {
    const path = join(await temporaryDirectory(), 'users');
    await usersFileRecords(path).write('ann', 'one');
    expect(await readFile(path, 'utf8')).toBe('ann:one\n');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('keeps a last line without an end', async () => {
    const path = await usersFile('ann:one');
    await usersFileRecords(path).write('ben', 'two');
    expect(await readFile(path, 'utf8')).toBe('ann:one\nben:two\n');
  });

  it('is not touched when others can read it', async () => {
    const path = await usersFile(text, 0o644);
    await expect(usersFileRecords(path).write('ann', undefined)).rejects.toThrow(ConfigError);
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it('takes no password that would be another when it is read again', () => {
    const { check } = usersFileRecords('anywhere');
    for (const secret of [' one', 'one ', 'one\neve:two', 'one\r', '\tone', 'a\u0000b']) {
      expect(() => {
        check({ name: 'ann', secret });
      }).toThrow('user ann: expected a password without blanks around it');
    }
    check({ name: 'ann', secret: 'one: two # three' });
  });
});

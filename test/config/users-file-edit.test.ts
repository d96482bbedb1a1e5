import { chmod, readdir, readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { methods } from '../../shared/codec/methods.js';
import type { UserSecret } from '../../shared/codec/users.js';
import { usersFileRecords } from '../../shared/config/users-file-edit.js';
import { maxUsersFileBytes, readUsersFile, type SharedRemote } from '../../shared/config/users-file.js';
import { ConfigError } from '../../shared/errors.js';
import { temporaryDirectories } from '../support/config.js';

const temporaryDirectory = temporaryDirectories();

const remote: SharedRemote = {
  method: methods['aes-256-gcm'],
  secret: 'of everybody',
  allowWeakPassword: true,
  mayBeEmpty: true,
};

async function usersFile(text: string | Uint8Array, mode = 0o600): Promise<string> {
  const path = join(await temporaryDirectory(), 'users');
  await writeFile(path, text, { mode });
  return path;
}

/** As a store does: a user who is refused is not written down. */
async function add(path: string, user: UserSecret, over = remote): Promise<void> {
  const records = usersFileRecords(path, over);
  await records.check(user);
  await records.write(new Map([[user.name, user.secret]]), []);
}

function remove(path: string, name: string): Promise<void> {
  return usersFileRecords(path, remote).write(new Map([[name, undefined]]), []);
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
    await usersFileRecords(path, remote).write(new Map([[name, secret]]), []);
    expect(await readFile(path, 'utf8')).toBe(expected);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(dirname(path))).toEqual(['users']);
  });

  it('takes several changes at once', async () => {
    const path = await usersFile(text);
    const changes = new Map([
      ['eve', 'three'],
      ['ann', undefined],
      ['ben', 'new'],
    ]);
    await usersFileRecords(path, remote).write(changes, []);
    expect(await readFile(path, 'utf8')).toBe('# the family\n\nben:new\n# no more\neve:three\n');
  });

  it('keeps the line ends of Windows, a byte order mark and the comments of an old editor', async () => {
    const path = await usersFile(Buffer.from('\xef\xbb\xbfann:one\r\n# caf\xe9\r\nben:two', 'latin1'));
    await add(path, { name: 'eve', secret: 'drei für' });
    await remove(path, 'ben');
    const expected = Buffer.from('\xef\xbb\xbfann:one\r\n# caf\xe9\r\neve:drei f\xc3\xbcr\r\n', 'latin1');
    expect(await readFile(path)).toEqual(expected);
    await remove(path, 'ann');
    expect((await readUsersFile(path, remote)).map(({ name }) => name)).toEqual(['eve']);
  });

  it('is made when it is not there, for its owner alone', async () => {
    const path = join(await temporaryDirectory(), 'users');
    await add(path, { name: 'ann', secret: 'one' });
    expect(await readFile(path, 'utf8')).toBe('ann:one\n');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('has everybody again when somebody has moved it away meanwhile', async () => {
    const path = await usersFile(text);
    const records = usersFileRecords(path, remote);
    await unlink(path);
    const present = [
      { name: 'ann', secret: 'one' },
      { name: 'ben', secret: 'two' },
    ];
    await records.write(new Map([['eve', 'three']]), present);
    expect(await readFile(path, 'utf8')).toBe('ann:one\nben:two\neve:three\n');
  });

  it('has one line for whoever has two by hand', async () => {
    const path = await usersFile('ann:one\nben:two\nann:three\n');
    await add(path, { name: 'ann', secret: 'four' });
    expect(await readFile(path, 'utf8')).toBe('ann:four\nben:two\n');
  });

  it('keeps a last line without an end', async () => {
    const path = await usersFile('ann:one');
    await add(path, { name: 'ben', secret: 'two' });
    expect(await readFile(path, 'utf8')).toBe('ann:one\nben:two\n');
  });

  it('is not touched when others can read it', async () => {
    const path = await usersFile(text, 0o644);
    await expect(remove(path, 'ann')).rejects.toThrow(ConfigError);
    expect(await readFile(path, 'utf8')).toBe(text);
    await chmod(path, 0o600);
    await remove(path, 'ann');
    expect(await readFile(path, 'utf8')).not.toContain('ann');
  });

  it('is rid of what a process left there that was killed while it wrote', async () => {
    const path = await usersFile(text);
    const others = ['users.0123456789abcdef.newer', 'users.new', 'users2.0123456789abcdef.new'];
    for (const name of ['users.0123456789abcdef.new', 'users.fedcba9876543210.new', ...others])
      await writeFile(join(dirname(path), name), 'gone:key\n');
    await add(path, { name: 'eve', secret: 'three' });
    expect((await readdir(dirname(path))).sort()).toEqual(['users', ...others].sort());
  });
});

describe('the next start reads a users file', () => {
  it('with passwords of any kind that it took', async () => {
    const path = await usersFile('');
    const users = ['one: two # three', '#hash', 'a:b:c', 'ü ü', '"q\\', 'x'.repeat(5000)].map(
      (secret, at) => ({
        name: `user-${at}`,
        secret,
      }),
    );
    for (const user of users) await add(path, user);
    expect(await readUsersFile(path, remote)).toEqual(users);
  });

  it.each([
    ' one',
    'one ',
    'one\neve:two',
    'one\r',
    '\tone',
    'a\u0000b',
    'a\u007fb',
    'a\u2028b',
    'a\u00a0',
    '\ud800x',
  ])('that did not take %j, which it would read as another', async (secret) => {
    const path = await usersFile('');
    const refusal: unknown = await add(path, { name: 'ann', secret }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ConfigError);
    expect((refusal as Error).message).toContain('user ann: expected a password without blanks around it');
    expect(await readFile(path, 'utf8')).toBe('');
  });

  it('that did not take a password it would call weak', async () => {
    const path = await usersFile('');
    const strict = { ...remote, allowWeakPassword: false };
    await expect(add(path, { name: 'ann', secret: 'secret123' }, strict)).rejects.toThrow(
      /^user ann: .*--allow-weak-password$/,
    );
    await add(path, { name: 'ann', secret: 'J2EULKuu3IqRyLOChGQ1HXJ55vPlCWvnAVrZsf0v4kE=' }, strict);
    expect(await readUsersFile(path, strict)).toHaveLength(1);
  });

  it('that did not grow beyond what it reads', async () => {
    const line = `big:${'x'.repeat(maxUsersFileBytes - 15)}\n`;
    const path = await usersFile(line);
    await expect(add(path, { name: 'ann', secret: 'a password' })).rejects.toThrow(
      `users: expected at most ${maxUsersFileBytes} bytes in the file, got more`,
    );
    expect((await stat(path)).size).toBe(line.length);
    await remove(path, 'big');
    await add(path, { name: 'ann', secret: 'a password' });
  });

  it('that did not take the key of a user whom somebody wrote there meanwhile', async () => {
    const path = await usersFile('ann:one\nhand:two\n');
    const refusal: unknown = await add(path, { name: 'dave', secret: 'two' }).catch(
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(ConfigError);
    expect((refusal as Error).message).toBe('users: user dave: expected a key of its own, got that of hand');
    expect(await readFile(path, 'utf8')).toBe('ann:one\nhand:two\n');
  });

  it('that takes nobody while a line is none, but lets go of whoever is removed', async () => {
    const path = await usersFile('ann:one\nben:two\nzed\n');
    await expect(add(path, { name: 'eve', secret: 'three' })).rejects.toThrow(
      `users file ${path}:3: expected NAME:PASSWORD, got no colon`,
    );
    const both = new Map([
      ['ann', undefined],
      ['eve', 'three'],
    ]);
    await expect(usersFileRecords(path, remote).write(both, [])).rejects.toThrow('got no colon');
    await remove(path, 'ben');
    expect(await readFile(path, 'utf8')).toBe('zed\n');
  });
});

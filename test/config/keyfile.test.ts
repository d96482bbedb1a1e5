import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { loadOrCreateSecret, type StoredSecret } from '../../shared/config/keyfile.js';
import type { MethodName } from '../../shared/codec/methods.js';
import { ConfigError } from '../../shared/errors.js';
import {
  allMethods,
  canaryKey,
  countingEnvironment,
  method,
  temporaryDirectories,
} from '../support/config.js';

const temporary = temporaryDirectories();
const environment = countingEnvironment();
const load = (path: string, name?: MethodName): Promise<StoredSecret> =>
  loadOrCreateSecret(path, name === undefined ? undefined : method(name), environment);

async function keyFile(content: string, mode = 0o600): Promise<string> {
  const path = join(await temporary(), 'remote.key');
  await writeFile(path, content);
  await chmod(path, mode);
  return path;
}

describe('the first start', () => {
  const before: number[] = [];
  afterEach(() => {
    for (const mask of before.splice(0)) process.umask(mask);
  });

  it.each([0o000, 0o022, 0o077])('makes a file that only its owner can read, with umask %o', async (mask) => {
    const path = join(await temporary(), 'new', 'halflight', 'remote.key');
    before.push(process.umask(mask));
    const made = await load(path);

    expect(made).toMatchObject({ created: true, method: method() });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700);
    expect(await readFile(path, 'utf8')).toBe(`2022-blake3-aes-256-gcm:${made.secret}\n`);
    expect(await readdir(join(path, '..'))).toEqual(['remote.key']);
  });

  it.each(allMethods)('makes a key that the next start reads, for $name', async ({ name }) => {
    const path = join(await temporary(), 'remote.key');
    const made = await load(path, name);
    expect(await load(path, name)).toEqual({ ...made, created: false });
    expect(await load(path)).toEqual({ ...made, created: false });
  });

  it('happening eight times at once ends with one key', async () => {
    const path = join(await temporary(), 'halflight', 'remote.key');
    const all = await Promise.all(Array.from({ length: 8 }, () => load(path)));
    expect(new Set(all.map(({ secret }) => secret)).size).toBe(1);
    expect(all.filter(({ created }) => created)).toHaveLength(1);
    expect(await readdir(join(path, '..'))).toEqual(['remote.key']);
  });
});

describe('a key file', () => {
  it.each([0o640, 0o604, 0o644, 0o620, 0o601])('of mode %o is refused', async (mode) => {
    const path = await keyFile(`2022-blake3-aes-256-gcm:${canaryKey}\n`, mode);
    const expected = `key file ${path}: expected mode 0600 (others must not read it: chmod 600), got mode 0${mode.toString(8)}`;
    await expect(load(path)).rejects.toThrow(new ConfigError(expected));
  });

  it('of mode 0400 is accepted', async () => {
    const path = await keyFile(`2022-blake3-aes-256-gcm:${canaryKey}\n`, 0o400);
    expect(await load(path)).toEqual({ method: method(), secret: canaryKey, created: false });
  });

  it('for another method than -m is refused, and both are named', async () => {
    const path = await keyFile(`2022-blake3-aes-256-gcm:${canaryKey}\n`);
    await expect(load(path, 'aes-256-gcm')).rejects.toThrow(
      `key file ${path} holds a key for 2022-blake3-aes-256-gcm, but -m says aes-256-gcm: `,
    );
  });

  it.each([
    ['nothing', '', 'expected one line METHOD:SECRET'],
    ['a key alone', `${canaryKey}\n`, 'expected one line METHOD:SECRET'],
    ['an unknown method', `aes-257-gcm:${canaryKey}\n`, 'expected one line METHOD:SECRET'],
    [
      'a key that does not fit',
      `2022-blake3-aes-128-gcm:${canaryKey}\n`,
      'expected base64 of 16 bytes, got 32',
    ],
    ['two lines', `2022-blake3-aes-256-gcm:${canaryKey}\n\n#`, 'got characters outside that alphabet'],
    ['too much', `aes-256-gcm:${'x'.repeat(5000)}`, 'expected at most 4096 bytes, got more'],
  ])('with %s is refused, and its content is not shown', async (_what, content, message) => {
    const path = await keyFile(content);
    const refused = load(path);
    await expect(refused).rejects.toThrow(ConfigError);
    await expect(refused).rejects.toThrow(path);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.not.toThrow(canaryKey.slice(0, 12));
  });

  it('without a line end is accepted, and so is one made on Windows', async () => {
    expect((await load(await keyFile('aes-256-gcm:pass word'))).secret).toBe('pass word');
    expect((await load(await keyFile('\ufeffaes-256-gcm:pass word\r\n'))).secret).toBe('pass word');
  });

  it('that is a symbolic link is refused, even to a good one', async () => {
    const path = await keyFile(`2022-blake3-aes-256-gcm:${canaryKey}\n`);
    const other = `${path}.link`;
    await symlink(path, other);
    await expect(load(other)).rejects.toThrow('expected a regular file, got a symbolic link');
  });

  it('that is a link to nothing is refused, and nothing is made at its end', async () => {
    const directory = await temporary();
    await symlink(join(directory, 'elsewhere'), join(directory, 'remote.key'));
    await expect(load(join(directory, 'remote.key'))).rejects.toThrow('got a symbolic link');
    expect(await readdir(directory)).toEqual(['remote.key']);
  });

  it('that is a directory or a pipe without a writer is refused at once', async () => {
    const directory = await temporary();
    await mkdir(join(directory, 'd'));
    execFileSync('mkfifo', ['-m', '600', join(directory, 'p')]);
    await expect(load(join(directory, 'd'))).rejects.toThrow('expected a regular file, got something else');
    await expect(load(join(directory, 'p'))).rejects.toThrow('expected a regular file, got something else');
  });

  it('below a file is refused with the word of the system', async () => {
    const path = join(await keyFile('x'), 'remote.key');
    await expect(load(path)).rejects.toThrow(`key file ${path}: expected a usable path, got ENOTDIR`);
  });
});

import { execFileSync } from 'node:child_process';
import { chmod, chown, lchown, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { loadConfigFile } from '../../shared/config/file-open.js';
import { readSmallFile } from '../../shared/config/private-file.js';
import { canaryKey, temporaryDirectories } from '../support/config.js';

const temporary = temporaryDirectories();

/** A file of that text, and where it is. */
async function stored(text: string, mode = 0o600): Promise<string> {
  const file = path.join(await temporary(), 'remote.json');
  await writeFile(file, text);
  await chmod(file, mode);
  return file;
}

const load = (file: string | undefined, variables = {}) => loadConfigFile(file, 'remote', variables);

describe('a config file', () => {
  it('is the one that was named', async () => {
    const file = await stored('{"listen":":1"}');
    expect((await load(file))?.settings).toEqual({ listen: ':1' });
  });

  it('must be there when it was named', async () => {
    const file = path.join(await temporary(), 'none.json');
    await expect(load(file)).rejects.toThrow(`config file ${file}: expected a file, got none`);
  });

  it('is otherwise the one in the config directory, for each half its own', async () => {
    const home = await temporary();
    await mkdir(path.join(home, 'halflight'));
    await writeFile(path.join(home, 'halflight', 'remote.json'), '{"listen":":2"}');
    const variables = { XDG_CONFIG_HOME: home };
    expect((await load(undefined, variables))?.settings).toEqual({ listen: ':2' });
    expect(await loadConfigFile(undefined, 'local', variables)).toBeUndefined();
  });

  it.each([
    [`{"key":"${canaryKey}"}`, 'a key'],
    ['{"auth":["ann:one"]}', 'a password of a user'],
    ['{"plugin":"x;password=y"}', 'a program to run'],
    ['{"server":"::","method":"aes-256-gcm","password":"x"}', 'a password in a classic file'],
  ])('%s that others may read is refused: there is %s in it', async (text) => {
    for (const mode of [0o640, 0o604, 0o620]) {
      const file = await stored(text, mode);
      const words = `config file ${file}: expected mode 0600 (others must not read it: chmod 600), got mode 0`;
      await expect(load(file)).rejects.toThrow(words + mode.toString(8));
    }
    expect(await load(await stored(text))).toBeDefined();
  });

  it('may be read by everybody when there is no secret in it', async () => {
    expect(await load(await stored('{"listen":":1","keyFile":"k"}', 0o644))).toBeDefined();
  });

  it('has at most 1 MiB', async () => {
    const text = `{"udp":true}${' '.repeat(1024 * 1024 - 12)}`;
    expect(await load(await stored(text))).toBeDefined();
    const file = await stored(`${text} `);
    await expect(load(file)).rejects.toThrow(`config file ${file}: expected at most 1048576 bytes, got more`);
  });

  it('may be a link, and then the file that it leads to is judged', async () => {
    const linkTo = async (target: string): Promise<string> => {
      const link = path.join(await temporary(), 'link.json');
      await symlink(target, link);
      return link;
    };
    expect((await load(await linkTo(await linkTo(await stored('{"udp":true}')))))?.settings).toEqual({
      udp: true,
    });
    const open = await stored('{"plugin":"x"}', 0o644);
    await expect(load(await linkTo(open))).rejects.toThrow('expected mode 0600');
    await expect(load(await linkTo('/dev/zero'))).rejects.toThrow(
      'expected a regular file, got something else',
    );
    await expect(load(await linkTo('nowhere'))).rejects.toThrow('expected a file, got none');
    const ring = path.join(await temporary(), 'ring.json');
    await symlink(ring, ring);
    await expect(load(ring)).rejects.toThrow('expected a regular file, got a symbolic link');
  });

  it.runIf(process.geteuid?.() === 0)(
    'of somebody else is none for root, by a link or without one',
    async () => {
      const file = await stored('{"udp":true}');
      const link = path.join(await temporary(), 'link.json');
      await symlink(file, link);
      expect(await load(link)).toBeDefined();
      await chown(file, 1234, 1234);
      const words = 'expected a file of root, who reads it (chown root), got one of somebody else';
      await expect(load(file)).rejects.toThrow(`config file ${file}: ${words}`);
      await lchown(link, 1234, 1234);
      await expect(load(link)).rejects.toThrow(words);
      vi.stubEnv('SUDO_UID', '1234');
      expect(await load(file)).toBeDefined();
      vi.unstubAllEnvs();
    },
  );

  it.runIf(process.platform === 'linux')(
    'is read to its end when the system gives it in pieces',
    async () => {
      // A page for each read, and a size of 0.
      const maps = { name: 'x', path: '/proc/self/maps', maxBytes: 1024 * 1024 };
      expect((await readSmallFile(maps))?.bytes.length).toBeGreaterThan(2 * 4097);
      await expect(readSmallFile({ ...maps, maxBytes: 5000 })).rejects.toThrow(
        'expected at most 5000 bytes, got more',
      );
    },
  );

  it('with a secret in it is in no directory where others can put another in its place', async () => {
    const file = await stored('{"plugin":"x"}');
    const link = path.join(await temporary(), 'link.json');
    await symlink(file, link);
    await chmod(path.dirname(file), 0o777);
    const words = 'expected a directory that others cannot write (chmod o-w';
    await expect(load(file)).rejects.toThrow(words);
    await expect(load(link)).rejects.toThrow(words);
    await chmod(path.dirname(file), 0o1777);
    expect(await load(link)).toBeDefined();
    await chmod(path.dirname(link), 0o707);
    await expect(load(link)).rejects.toThrow(words);
  });

  it('is a regular file, and no directory, pipe or device', async () => {
    const directory = await temporary();
    const pipe = path.join(directory, 'pipe.json');
    execFileSync('mkfifo', [pipe]);
    await expect(load(pipe)).rejects.toThrow('expected a regular file, got something else');
    await expect(load(directory)).rejects.toThrow('expected a regular file, got something else');
    await expect(load('/dev/zero')).rejects.toThrow('expected a regular file, got something else');
  });
});

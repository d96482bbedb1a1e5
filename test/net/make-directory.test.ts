import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadOrCreateSecret } from '../../shared/config/keyfile.js';
import { makeDirectory } from '../../shared/net/make-directory.js';
import { countingEnvironment, temporaryDirectories } from '../support/config.js';

const temporary = temporaryDirectories();
const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe('making a directory', () => {
  it('makes every level that is missing for its owner alone, and leaves the others as they are', async () => {
    const there = join(await temporary(), 'there');
    await mkdir(there, { mode: 0o755 });
    await makeDirectory(join(there, 'a', 'b', 'c'));
    await makeDirectory(join(there, 'a', 'b', 'c'));
    for (const level of ['a', 'a/b', 'a/b/c']) expect(await modeOf(join(there, level))).toBe(0o700);
    expect(await modeOf(there)).toBe(0o755);
  });

  it('several times at once succeeds each time', async () => {
    const path = join(await temporary(), 'a', 'b');
    await Promise.all(Array.from({ length: 8 }, () => makeDirectory(path)));
    expect(await modeOf(path)).toBe(0o700);
  });

  it('below a file fails with the word of the system', async () => {
    const file = join(await temporary(), 'file');
    await writeFile(file, '');
    await expect(makeDirectory(join(file, 'a'))).rejects.toThrow('ENOTDIR');
  });

  it.runIf(process.platform === 'linux')('where the system makes none does not try for ever', async () => {
    const nowhere = `/proc/${process.pid}/.config/halflight`;
    await expect(makeDirectory(nowhere)).rejects.toThrow('ENOENT');
    await expect(
      loadOrCreateSecret(join(nowhere, 'remote.key'), undefined, countingEnvironment()),
    ).rejects.toThrow(`key file ${nowhere}/remote.key: expected a usable path, got ENOENT`);
  });
});

import { chmodSync, chownSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { controlDirectories, makeControlDirectory } from '../../../shared/serve/control/places.js';
import { temporaryDirectory } from '../../support/directory.js';

const isRoot = process.geteuid?.() === 0;

describe('the directories of control sockets', () => {
  it('begin with the one where the system keeps sockets of this user', async () => {
    const runtime = temporaryDirectory();
    const variables = { XDG_RUNTIME_DIR: runtime, HOME: '/home/ann' };
    const places = [path.join(runtime, 'halflight'), '/home/ann/.local/state/halflight/control'];
    expect(await controlDirectories(variables)).toEqual(places);
  });

  it.each([
    ['missing', '/nonexistent/runtime'],
    ['not absolute', 'runtime'],
    ['empty', ''],
    ['not said', undefined],
  ])('are where state is kept alone when that is %s', async (_, runtime) => {
    const variables = { ...(runtime !== undefined && { XDG_RUNTIME_DIR: runtime }), HOME: '/home/ann' };
    expect(await controlDirectories(variables)).toEqual(['/home/ann/.local/state/halflight/control']);
  });

  it.runIf(isRoot)("are none of somebody else's, whose variable came along", async () => {
    const runtime = temporaryDirectory();
    chownSync(runtime, 12345, 12345);
    expect(await controlDirectories({ XDG_RUNTIME_DIR: runtime, HOME: '/root' })).toHaveLength(1);
  });

  it('are made for their owner alone', async () => {
    const directory = path.join(temporaryDirectory(), 'state', 'control');
    await makeControlDirectory(directory);
    await makeControlDirectory(directory);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });

  it.each<[string, (place: string) => void, string]>([
    [
      'others can look into',
      (place) => {
        mkdirSync(place);
        chmodSync(place, 0o755);
      },
      'expected mode 0700 (chmod 700',
    ],
    [
      'its group can look into',
      (place) => {
        mkdirSync(place);
        chmodSync(place, 0o740);
      },
      'expected mode 0700 (chmod 700',
    ],
    [
      'is a link',
      (place) => {
        symlinkSync(temporaryDirectory(), place);
      },
      'expected a directory, got a symbolic link',
    ],
    [
      'is a file',
      (place) => {
        writeFileSync(place, '');
      },
      'expected a directory, got something else',
    ],
  ])('are none that %s', async (_, make, words) => {
    const place = path.join(temporaryDirectory(), 'control');
    make(place);
    await expect(makeControlDirectory(place)).rejects.toThrow(words);
    expect(existsSync(place)).toBe(true);
  });

  it.runIf(isRoot)("are none of somebody else's", async () => {
    const place = path.join(temporaryDirectory(), 'control');
    mkdirSync(place, { mode: 0o700 });
    chownSync(place, 12345, 12345);
    await expect(makeControlDirectory(place)).rejects.toThrow(
      'expected one of this user, got one of somebody else',
    );
  });
});

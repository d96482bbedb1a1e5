import type fs from 'node:fs/promises';
import { link, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { endingOf } from '../../shared/config/exit.js';
import { loadOrCreateSecret } from '../../shared/config/keyfile.js';
import { ConfigError } from '../../shared/errors.js';
import { countingEnvironment, temporaryDirectories } from '../support/config.js';

// The file system fails where the test says.
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof fs>();
  return { ...real, open: vi.fn(real.open), link: vi.fn(real.link) };
});

const temporary = temporaryDirectories();
const real = await vi.importActual<typeof fs>('node:fs/promises');
const systemError = (code: string): Error => Object.assign(new Error(code), { code });

afterEach(() => {
  vi.mocked(open).mockImplementation(real.open);
  vi.mocked(link).mockImplementation(real.link);
});

/** Starts for the first time; what it is refused with, and what lies in the directory then. */
async function firstStart(): Promise<{ path: string; failure: unknown; left: string[] }> {
  const directory = await temporary();
  const path = join(directory, 'remote.key');
  const failure: unknown = await loadOrCreateSecret(path, undefined, countingEnvironment()).catch(
    (error: unknown) => error,
  );
  return { path, failure, left: await readdir(directory) };
}

it.each(['writeFile', 'sync'])(
  'a first start on a full disk leaves nothing behind (%s fails)',
  async (step) => {
    vi.mocked(open).mockImplementation(async (...how) => {
      const file = await real.open(...how);
      return Object.assign(file, { [step]: () => Promise.reject(systemError('ENOSPC')) });
    });
    const { path, failure, left } = await firstStart();
    expect(failure).toEqual(new ConfigError(`key file ${path}: expected a usable path, got ENOSPC`));
    expect(left).toEqual([]);
  },
);

it('a first start that cannot make its draft says why, and not that there is none', async () => {
  vi.mocked(open).mockImplementation(async (path, flags, mode) => {
    if (mode !== undefined) throw systemError('ENOSPC');
    return real.open(path, flags);
  });
  const { path, failure, left } = await firstStart();
  expect(failure).toEqual(new ConfigError(`key file ${path}: expected a usable path, got ENOSPC`));
  expect(left).toEqual([]);
});

it.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])(
  'a first start where there are no hard links says so, and what to do (%s)',
  async (code) => {
    vi.mocked(link).mockRejectedValue(systemError(code));
    const { path, failure, left } = await firstStart();
    expect(endingOf(failure)).toEqual({
      exitCode: 78,
      message:
        `key file ${path}: expected a file system with hard links, got one without: ` +
        'name a file elsewhere with --key-file',
    });
    expect(left).toEqual([]);
  },
);

it('a first start that may not give its file the name keeps the word of the system', async () => {
  vi.mocked(link).mockRejectedValue(systemError('EACCES'));
  expect((await firstStart()).failure).toMatchObject({ code: 'EACCES' });
});

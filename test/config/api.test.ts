import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readApi, readApiAddress } from '../../shared/config/api.js';
import { UsageError } from '../../shared/config/exit.js';
import { ConfigError } from '../../shared/errors.js';
import { temporaryDirectory } from '../support/directory.js';

const token = 'J2EULKuu3IqRyLOChGQ1HXJ55vPlCWvnAVrZsf0v4kE=';

function tokenFile(text: string, mode = 0o600): string {
  const file = path.join(temporaryDirectory(), 'token');
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

describe('where the API listens', () => {
  it.each([
    ['8389', '127.0.0.1'],
    ['127.0.0.1:8389', '127.0.0.1'],
    ['[::1]:8389', '::1'],
    ['localhost:8389', 'localhost'],
    ['[::ffff:127.0.0.1]:8389', '127.0.0.1'],
    ['[0:0:0:0:0:0:0:1]:8389', '::1'],
  ])('%s', (text, host) => {
    expect(readApiAddress(text)).toEqual({ host, port: 8389 });
  });

  it.each([':8389', '0.0.0.0:8389', '[::]:8389', '192.168.1.2:8389', 'vpn.example.com:8389'])(
    'not %s, which others can reach',
    (text) => {
      expect(() => readApiAddress(text)).toThrow(
        'expected an address of this machine alone, as 127.0.0.1:8389',
      );
    },
  );
});

describe('the flags of the API', () => {
  it('ask for none when there are none', async () => {
    expect(await readApi({ usersFile: 'users' })).toBeUndefined();
  });

  it('name a file with the token, whatever blanks are around it', async () => {
    const api = await readApi({ api: '8389', apiTokenFile: tokenFile(`${token}\n`), usersFile: 'users' });
    expect(api).toMatchObject({ listen: { host: '127.0.0.1', port: 8389 }, token });
  });

  it.each([
    ['no token', { api: '8389', usersFile: 'users' }, '--api: expected --api-token-file as well'],
    ['no address', { apiTokenFile: 'token', usersFile: 'users' }, '--api-token-file: expected --api as well'],
    ['no users', { api: '8389', apiTokenFile: 'token' }, '--api: expected --users-file'],
  ])('say what is missing: %s', async (_, flags, why) => {
    await expect(readApi(flags)).rejects.toThrow(UsageError);
    await expect(readApi(flags)).rejects.toThrow(why);
  });

  it.each([
    ['is too short', 'abc\n', 0o600, 'at least 16 characters, got 3'],
    ['is empty', '', 0o600, 'at least 16 characters, got 0'],
    ['could not stand in a header', `${token} ${token}`, 0o600, 'alone, on one line'],
    ['has two lines', `${token}\n${token}`, 0o600, 'alone, on one line'],
    ['others can read', token, 0o644, 'expected mode 0600'],
  ])('refuse a token that %s, and do not tell it', async (_, text, mode, why) => {
    const flags = { api: '8389', apiTokenFile: tokenFile(text, mode), usersFile: 'users' };
    const refusal = await readApi(flags).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ConfigError);
    expect((refusal as Error).message).toContain(why);
    expect((refusal as Error).message).not.toContain(token);
  });

  it('refuse a file that is not there', async () => {
    const flags = { api: '8389', apiTokenFile: path.join(temporaryDirectory(), 'none'), usersFile: 'users' };
    await expect(readApi(flags)).rejects.toThrow('expected a file, got none');
  });
});

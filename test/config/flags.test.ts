import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../shared/config/exit.js';
import { readRemoteFlags, type RemoteFlags } from '../../shared/config/flags.js';
import { ConfigError } from '../../shared/errors.js';
import { canaryKey, countingEnvironment, method, temporaryDirectories } from '../support/config.js';

const temporary = temporaryDirectories();
const environment = countingEnvironment();
const strong = 'V7q-t0K.mZp2_xW9+rB4';
type Variables = Readonly<Record<string, string>>;
const read = (flags: RemoteFlags, variables: Variables = {}): ReturnType<typeof readRemoteFlags> =>
  readRemoteFlags(flags, { HOME: '/nowhere', ...variables }, environment);

describe('a remote', () => {
  it('without flags listens on 8388 everywhere and makes a key where XDG says', async () => {
    const XDG_CONFIG_HOME = await temporary();
    const variables = { XDG_CONFIG_HOME, XDG_STATE_HOME: '/state' };
    const { settings, source } = await read({}, variables);

    expect(settings).toEqual({
      listen: { host: '', port: 8388 },
      method: method(),
      secret: settings.secret,
      cipherBackend: 'native',
      allowPrivate: false,
      credentials: [],
      allowBind: false,
      udp: true,
      announce: undefined,
      freshKey: true,
      stateDirectory: '/state/halflight',
    });
    expect(source).toEqual({
      from: 'file',
      path: join(XDG_CONFIG_HOME, 'halflight', 'remote.key'),
      created: true,
    });

    const again = await read({}, variables);
    expect(again.settings).toEqual({ ...settings, freshKey: false });
    expect(again.source).toMatchObject({ created: false });
  });

  it('keeps its key where --key-file says', async () => {
    const keyFile = join(await temporary(), 'k');
    expect((await read({ keyFile }, { HALFLIGHT_KEY: canaryKey })).source).toEqual({
      from: 'file',
      path: keyFile,
      created: true,
    });
  });

  it('takes a key or a password from a flag before the environment', async () => {
    const other = Buffer.alloc(32, 7).toString('base64');
    const byFlag = await read({ key: canaryKey }, { HALFLIGHT_KEY: other, HALFLIGHT_PASSWORD: 'x' });
    expect(byFlag).toMatchObject({
      settings: { secret: canaryKey, freshKey: false },
      source: { from: 'flag' },
    });
    const byVariable = await read({}, { HALFLIGHT_KEY: other });
    expect(byVariable).toMatchObject({
      settings: { secret: other, freshKey: false },
      source: { from: 'variable' },
    });
    const byPassword = await read(
      { method: 'aes-256-gcm' },
      { HALFLIGHT_PASSWORD: strong, HALFLIGHT_KEY: '' },
    );
    expect(byPassword.settings).toMatchObject({ secret: strong, method: method('aes-256-gcm') });
    const withBlanks = await read({}, { HALFLIGHT_KEY: ` ${other}\r\n`, HALFLIGHT_PASSWORD: ' ' });
    expect(withBlanks.settings.secret).toBe(other);
  });

  it.each<[string, RemoteFlags, Variables, string]>([
    ['two secrets', { key: 'a', password: 'b' }, {}, 'expected one of --key and --password, got 2'],
    ['a key and a key file', { key: 'a', keyFile: 'b' }, {}, 'expected one of --key and --key-file, got 2'],
    [
      'two variables',
      {},
      { HALFLIGHT_KEY: 'a', HALFLIGHT_PASSWORD: 'b' },
      'expected one of HALFLIGHT_KEY and HALFLIGHT_PASSWORD',
    ],
    [
      'a key for a 2017 method',
      { key: 'a', method: 'aes-256-gcm' },
      {},
      '--key: expected a 2022 method, got aes-256-gcm, which takes --password',
    ],
    [
      'a password for the default method',
      { password: strong },
      {},
      '--password: expected a 2017 method, got 2022-blake3-aes-256-gcm, which takes --key',
    ],
    [
      'a variable for another method',
      { method: 'aes-128-gcm' },
      { HALFLIGHT_KEY: 'a' },
      'HALFLIGHT_KEY: expected a 2022 method',
    ],
  ])('given %s does not start: usage', async (_what, flags, variables, message) => {
    const refused = read(flags, variables);
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(message);
  });

  it.each<[string, RemoteFlags, string]>([
    ['a short key', { key: 'AAAA' }, 'expected base64 of 32 bytes, got 3'],
    ['an unknown method', { key: canaryKey, method: 'aes-256-gmc' }, 'did you mean aes-256-gcm?'],
    [
      'a listen address without a port',
      { key: canaryKey, listen: 'example.com' },
      'listen address: expected',
    ],
    [
      'a short password',
      { password: 'hunter2', method: 'aes-256-gcm' },
      'got 7; make one with halflight keygen, or insist with --allow-weak-password',
    ],
    [
      'a password easy to guess',
      { password: 'password12345678', method: 'aes-256-gcm' },
      'insist with --allow-weak-password',
    ],
  ])('given %s does not start: configuration', async (_what, flags, message) => {
    const refused = read(flags);
    await expect(refused).rejects.toThrow(ConfigError);
    await expect(refused).rejects.toThrow(message);
  });

  it('takes a weak password when told to', async () => {
    const flags = { password: 'hunter2', method: 'aes-256-gcm', allowWeakPassword: true } as const;
    expect((await read(flags)).settings.secret).toBe('hunter2');
  });

  it('judges a password in a key file as one in a flag', async () => {
    const keyFile = join(await temporary(), 'k');
    await writeFile(keyFile, 'aes-256-gcm:hunter2', { mode: 0o600 });
    await expect(read({ keyFile })).rejects.toThrow('--allow-weak-password');
  });

  it('without a home does not start, unless it is told where its key is', async () => {
    await expect(read({}, { HOME: '' })).rejects.toThrow('expected a home directory to keep it in, got none');
    expect((await read({ key: canaryKey }, { HOME: '' })).settings.stateDirectory).toBeUndefined();
  });

  it('offers BIND and asks for credentials only when told to, and datagrams unless told not to', async () => {
    const flags = { key: canaryKey, allowBind: true, udp: false, auth: ['ann:secret'] } as const;
    expect((await read(flags)).settings).toMatchObject({
      allowBind: true,
      udp: false,
      credentials: [{ user: 'ann', password: 'secret' }],
    });
  });

  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['vpn.example.com', undefined],
  ])('with the public host %s announces %s for a binding', async (publicHost, announce) => {
    expect((await read({ key: canaryKey, publicHost })).settings.announce).toBe(announce);
  });

  it('makes no key file when something else is wrong', async () => {
    const directory = await temporary();
    await expect(read({ listen: 'x', keyFile: join(directory, 'k') })).rejects.toThrow('listen address');
    const auth = ['no colon'];
    await expect(read({ auth, keyFile: join(directory, 'k') })).rejects.toThrow('--auth: ');
    expect(await readdir(directory)).toEqual([]);
  });
});

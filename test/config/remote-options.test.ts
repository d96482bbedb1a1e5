import { describe, expect, it } from 'vitest';
import { readRemoteOptions } from '../../shared/config/remote-options.js';
import { systemEnvironment } from '../../shared/net/system.js';
import { complaint, knownKey as key, type Unchecked } from '../support/options.js';

function remote(options: Unchecked): ReturnType<typeof readRemoteOptions> {
  return readRemoteOptions(options, systemEnvironment);
}

describe('the options of a remote', () => {
  it('need nothing at all', () => {
    const { own, settings } = remote({});
    expect(own).toBe(true);
    expect(settings).toMatchObject({
      listen: { host: '', port: 8388 },
      method: { name: '2022-blake3-aes-256-gcm' },
      secret: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/) as string,
      freshKey: true,
      udp: true,
      allowPrivate: false,
      allowBind: false,
      credentials: [],
      stateDirectory: undefined,
    });
    expect(settings).not.toHaveProperty('users');
    expect(remote({}).settings).not.toEqual(settings);
  });

  it('generate the key of every port and every user that has none', () => {
    const { settings } = remote({
      key,
      users: ['ann', `ben:${Buffer.alloc(32, 7).toString('base64')}`],
      ports: [{ listen: 0, method: 'aes-256-gcm' }],
    });
    const long = expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/) as string;
    expect(settings).toMatchObject({
      secret: key,
      freshKey: false,
      users: [
        { name: 'ann', secret: long },
        { name: 'ben', secret: Buffer.alloc(32, 7).toString('base64') },
      ],
      ports: [
        { listen: { host: '', port: 0 }, secret: long, freshKey: true, method: { name: 'aes-256-gcm' } },
      ],
    });
  });

  it('let nobody in with an empty list of users', () => {
    expect(remote({ users: [] }).settings).toMatchObject({ users: [] });
  });

  it('have no port of their own when a manager is all that is named', () => {
    const managed = remote({
      manager: '127.0.0.1:6001',
      ports: [{ listen: 8400 }],
      allowPlugins: ['obfs-server'],
    });
    expect(managed.own).toBe(false);
    expect(managed.settings.manager).toMatchObject({
      address: { host: '127.0.0.1', port: 6001 },
      allowPlugins: ['obfs-server'],
      ports: [{ listen: { host: '', port: 8400 } }],
    });
    expect(remote({ manager: '127.0.0.1:6001', listen: 0 }).own).toBe(true);
  });

  it.each<[Unchecked, string]>([
    [{ listen: 'here' }, 'listen: expected HOST:PORT, [IPv6]:PORT, :PORT or PORT, got "here"'],
    [{ method: 'aes-256-gmc' }, 'method: expected one of'],
    [{ method: 'aes-256-cfb' }, 'method: aes-256-cfb: not supported'],
    [{ key: 'geheim' }, 'key for 2022-blake3-aes-256-gcm: expected base64 of 32 bytes, got 4'],
    [{ password: 'geheim' }, 'password: expected a key with 2022-blake3-aes-256-gcm, got a password'],
    [{ method: 'aes-256-gcm', key }, 'key: expected a password with aes-256-gcm, got a key'],
    [{ method: 'aes-256-gcm', password: 'geheim' }, 'password: expected 16 characters or more, got 6'],
    [{ users: 'ann' }, 'users: expected an array of strings, got a string'],
    [{ users: ['ann:geheim'] }, 'users: '],
    [{ users: ['ann', 'ann'] }, 'users: '],
    [{ method: '2022-blake3-chacha20-poly1305', users: ['ann'] }, 'users: '],
    [{ plugin: ';x' }, 'plugin: expected NAME or NAME;OPTIONS, got no name'],
    [{ ports: [{}] }, 'ports[0].listen: expected one, got none'],
    [{ ports: [{ listen: 0, key: 'geheim' }] }, 'ports[0].key for 2022-blake3-aes-256-gcm: expected base64'],
    [
      { ports: [{ listen: 0, kye: key }] },
      'ports[0].kye: expected a name of an option, got another one (known: listen, method, key,',
    ],
    [{ ports: [{ listen: 0, password: 'geheim' }] }, 'ports[0].password: expected a key with 2022-blake3'],
    [{ ports: [1] }, 'ports[0]: expected an object, got a number'],
    [
      { announce: 'example.com' },
      'announce: expected an IPv4 or IPv6 address without brackets, got another text',
    ],
    [{ manager: '0.0.0.0:6001' }, 'manager: expected one of this machine alone'],
    [
      { manager: '127.0.0.1:6001', ports: [{ listen: 0 }] },
      'ports: port :0: expected each port of a manager once',
    ],
    [{ allowPrivate: 1 }, 'allowPrivate: expected true or false, got a number'],
    [{ usres: [] }, 'usres: expected a name of an option, got another one (did you mean users?)'],
    [{ [key]: 1 }, 'option: expected a name of an option, got another one'],
  ])('are refused when they cannot be used: %j', (options, message) => {
    expect(complaint(() => remote(options))).toContain(message);
  });

  it('may have a weak password when somebody insists', () => {
    const { settings } = remote({ method: 'aes-256-gcm', password: 'short', allowWeakPassword: true });
    expect(settings).toMatchObject({ secret: 'short' });
  });
});

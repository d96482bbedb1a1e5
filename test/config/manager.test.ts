import { describe, expect, it } from 'vitest';
import { readManagedFlags, readRemoteFlags } from '../../shared/config/flags.js';
import { readManagerAddress } from '../../shared/config/manager.js';
import { ConfigError } from '../../shared/errors.js';
import { systemEnvironment } from '../../shared/net/system.js';
import { canaryKey } from '../support/config.js';

describe('the address of a manager', () => {
  it.each([
    ['127.0.0.1:6001', { host: '127.0.0.1', port: 6001 }],
    ['[::1]:6001', { host: '::1', port: 6001 }],
    ['localhost:6001', { host: '127.0.0.1', port: 6001 }],
    ['/run/ss-manager.sock', { path: '/run/ss-manager.sock' }],
    ['6001', { host: '127.0.0.1', port: 6001 }],
    ['./6001', { path: './6001' }],
    ['/run/a:b.sock', { path: '/run/a:b.sock' }],
  ])('may be %s', (text, address) => {
    expect(readManagerAddress(text)).toEqual(address);
  });

  it.each([':6001', '0.0.0.0:6001', '192.0.2.1:6001', '[::]:6001', 'panel.example:6001'])(
    'may not be %s, which others can reach',
    (text) => {
      expect(() => readManagerAddress(text)).toThrow('expected one of this machine alone, as 127.0.0.1:6001');
      expect(() => readManagerAddress(text)).toThrow(ConfigError);
    },
  );

  it.each(['', 'manager', 'localhost', 'a\0b'])('is no path when it is %j, without a slash', (text) => {
    expect(() => readManagerAddress(text)).toThrow(
      'manager address: expected HOST:PORT, PORT, or a path with a slash in it, got neither',
    );
  });

  it('may not be a path that no socket can have', () => {
    expect(() => readManagerAddress('/'.repeat(108))).toThrow(
      'expected a path of at most 107 bytes, got 108',
    );
    expect(() => readManagerAddress('/a\0b')).toThrow(ConfigError);
  });
});

describe('a remote with a manager', () => {
  const managerAddress = '127.0.0.1:6001';

  it('has no port of its own when nothing is said of one', async () => {
    const managed = await readManagedFlags({ managerAddress, allowPrivate: true }, {});
    expect(managed).toMatchObject({
      allowPrivate: true,
      manager: {
        address: { host: '127.0.0.1', port: 6001 },
        host: '',
        method: { name: 'chacha20-ietf-poly1305' },
        udp: true,
        allowPlugins: [],
      },
    });
    expect(managed).not.toHaveProperty('listen');
    const flags = { managerAddress, method: 'aes-256-gcm', udp: false, allowPlugin: ['obfs-server'] };
    expect((await readManagedFlags(flags, {}))?.manager).toMatchObject({
      method: { name: 'aes-256-gcm' },
      udp: false,
      allowPlugins: ['obfs-server'],
    });
  });

  it.each([
    ['an address', { listen: '10.0.0.1:8388' }, {}],
    ['a key', { key: canaryKey }, {}],
    ['a key file', { keyFile: '/k' }, {}],
    ['users', { usersFile: '/u' }, {}],
    ['a plugin', { plugin: 'obfs-server' }, {}],
    ['a key in a variable', {}, { HALFLIGHT_KEY: canaryKey }],
  ])('has one when there is %s', async (_, flags, variables) => {
    expect(await readManagedFlags({ managerAddress, ...flags }, variables)).toBeUndefined();
  });

  it.each([
    [['127.0.0.1:1', '127.0.0.1:2'], undefined],
    [['127.0.0.1:1', ':2'], 'port :2: expected one address for all ports of a manager, got another'],
    [[':1', ':1'], 'port :1: expected each port of a manager once, and by its number, got another'],
    [[':0'], 'port :0: expected each port of a manager once, and by its number, got another'],
  ])('gives the ports of the file to the manager: %j', async (listens, refused) => {
    const ports = listens.map((listen) => ({ listen, key: canaryKey }));
    const managed = readManagedFlags({ managerAddress, ports }, {});
    if (refused !== undefined) return expect(managed).rejects.toThrow(refused);
    const { manager, ...premises } = (await managed) ?? {};
    expect(premises).not.toHaveProperty('ports');
    expect(manager?.host).toBe('127.0.0.1');
    expect(manager?.ports?.map(({ listen }) => listen.port)).toEqual([1, 2]);
  });

  it('has one when there is no manager', async () => {
    expect(await readManagedFlags({}, {})).toBeUndefined();
  });

  it('opens the ports of the manager where its own is', async () => {
    const flags = { managerAddress, listen: '10.0.0.1:8388', key: canaryKey };
    const { settings } = await readRemoteFlags(flags, {}, systemEnvironment);
    expect(settings.manager).toMatchObject({ host: '10.0.0.1', method: { name: 'chacha20-ietf-poly1305' } });
  });
});

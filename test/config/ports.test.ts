import { describe, expect, it } from 'vitest';
import { readRemoteFlags } from '../../shared/config/flags.js';
import { readPorts } from '../../shared/config/ports.js';
import { ConfigError } from '../../shared/errors.js';
import { canaryKey, countingEnvironment, messageOf, method } from '../support/config.js';

const strict = { allowWeakPassword: false };
const strong = 'violet-anchor-plume-9-kettle';
const ann = Buffer.alloc(16, 1).toString('base64');

describe('further ports', () => {
  it('have a method, a key, and users of their own', () => {
    const own = Buffer.alloc(16, 2).toString('base64');
    expect(
      readPorts(
        [
          { listen: ':1', key: canaryKey, udp: false, plugin: 'x;y=z' },
          { listen: '[::1]:2', method: 'aes-256-gcm', password: strong },
          { listen: '3', method: '2022-blake3-aes-128-gcm', key: own, users: [`ann:${ann}`] },
        ],
        strict,
      ),
    ).toEqual([
      {
        listen: { host: '', port: 1 },
        method: method(),
        secret: canaryKey,
        udp: false,
        freshKey: false,
        plugin: { name: 'x', options: 'y=z' },
      },
      {
        listen: { host: '::1', port: 2 },
        method: method('aes-256-gcm'),
        secret: strong,
        udp: true,
        freshKey: false,
      },
      {
        listen: { host: '', port: 3 },
        method: method('2022-blake3-aes-128-gcm'),
        secret: own,
        udp: true,
        freshKey: false,
        users: [{ name: 'ann', secret: ann }],
      },
    ]);
  });

  it('are told with their place when something is wrong, all of them', () => {
    let thrown: unknown;
    try {
      readPorts(
        [
          { listen: ':1', method: 'aes-256-gcm', password: 'canary' },
          { listen: ':2', key: canaryKey, users: ['ann'] },
          { listen: ':3', password: strong },
          { listen: ':4', key: canaryKey },
          { listen: ':5' },
        ],
        strict,
      );
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ConfigError);
    const { message, others } = thrown as ConfigError;
    expect([message, ...others.map((other) => other.message)]).toEqual([
      'ports[0]: password: expected 16 characters or more, got 6; ' +
        'make one with halflight keygen, or insist with --allow-weak-password',
      'ports[1]: users: 1: expected NAME:KEY, got no colon',
      'ports[2]: key: expected a key with 2022-blake3-aes-256-gcm, got a password',
      'ports[4]: key: expected a key with 2022-blake3-aes-256-gcm, got none',
    ]);
  });

  it('may have a password that is easy to guess where it is allowed', () => {
    const entry = { listen: ':1', method: 'aes-256-gcm', password: 'x' };
    expect(readPorts([entry], { allowWeakPassword: true })).toHaveLength(1);
    expect(messageOf(() => readPorts([entry], strict))).toContain('ports[0]: password: expected 16');
  });

  it('are ports of the remote', async () => {
    const flags = { key: canaryKey, ports: [{ listen: ':1', key: canaryKey }] };
    const { settings } = await readRemoteFlags(flags, {}, countingEnvironment());
    expect(settings.ports).toEqual(readPorts(flags.ports, strict));
    const { settings: alone } = await readRemoteFlags({ key: canaryKey }, {}, countingEnvironment());
    expect(alone).not.toHaveProperty('ports');
  });
});

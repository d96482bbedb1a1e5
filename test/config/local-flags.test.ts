import { describe, expect, it } from 'vitest';
import { readLocalFlags, readPortFlags } from '../../shared/config/local-flags.js';
import { ConfigError } from '../../shared/errors.js';
import { canaryKey, method } from '../support/config.js';

const remote = `2022-blake3-aes-256-gcm:${encodeURIComponent(canaryKey)}@h:1`;
const auth = ['ann:secret'];
const credentials = [{ user: 'ann', password: 'secret' }];

describe('a proxy port', () => {
  it.each([
    [{}, { host: '127.0.0.1', port: 1080 }],
    [{ listen: '0' }, { host: '127.0.0.1', port: 0 }],
    [{ listen: '[::1]:9' }, { host: '::1', port: 9 }],
  ])('given %j is on loopback', async (flags, listen) => {
    expect((await readPortFlags(flags, {})).listen).toEqual(listen);
  });

  it.each(['0.0.0.0:1080', '[::]:1080', ':1080', '192.168.1.2:1080', 'laptop.example:1080'])(
    'is on %s only with --open or credentials',
    async (listen) => {
      const refused = readPortFlags({ listen }, {});
      await expect(refused).rejects.toThrow(ConfigError);
      await expect(refused).rejects.toThrow(`got ${listen}: whoever reaches it`);
      await expect(refused).rejects.toThrow('with --auth-file or HALFLIGHT_AUTH (or --auth), or insist');
      expect((await readPortFlags({ listen, open: true }, {})).listen.port).toBe(1080);
      expect((await readPortFlags({ listen, auth }, {})).credentials).toEqual(credentials);
      expect((await readPortFlags({ listen }, { HALFLIGHT_AUTH: 'ann:secret' })).credentials).toHaveLength(1);
    },
  );

  it('serves datagrams, and a PAC file that ends in DIRECT, unless told not to', async () => {
    expect(await readPortFlags({}, {})).toMatchObject({ udp: true, pacDirect: true });
    const flags = { udp: false, pacDirect: false };
    expect(await readPortFlags(flags, {})).toMatchObject(flags);
  });
});

describe('a local', () => {
  it('sends datagrams in a stream when it is told to, and serves any', async () => {
    const uri = `halflight://${remote}`;
    expect((await readLocalFlags(uri, { udpOverTcp: true }, {})).udpOverTcp).toBe(true);
    expect((await readLocalFlags(uri, { udpOverTcp: false }, {})).udpOverTcp).toBeUndefined();
    const contradicting = readLocalFlags(uri, { udpOverTcp: true, udp: false }, {});
    await expect(contradicting).rejects.toThrow('UDP over TCP: expected UDP to be served, got --no-udp');
  });

  it('answers clients early only when it is told to', async () => {
    const uri = `halflight://${remote}`;
    expect((await readLocalFlags(uri, { optimistic: true }, {})).optimistic).toBe(true);
    expect((await readLocalFlags(uri, { optimistic: false }, {})).optimistic).toBeUndefined();
  });

  it('reads its URI', async () => {
    expect(await readLocalFlags(`halflight://${remote}`, { cipherBackend: 'noble' }, {})).toEqual({
      listen: { host: '127.0.0.1', port: 1080 },
      servers: [
        {
          uri: { wire: 'raw', method: method(), secret: canaryKey, host: 'h', port: 1 },
          order: 0,
          weight: 1,
        },
      ],
      cipherBackend: 'noble',
      credentials: [],
      udp: true,
      pacDirect: true,
    });
  });

  it('asks for credentials itself or lets its remote ask, not both', async () => {
    const asking = `halflight://${remote}?auth=remote`;
    expect((await readLocalFlags(asking, {}, {})).servers[0]?.uri.remoteAuth).toBe(true);
    for (const flags of [{ auth }, { authFile: '/nowhere' }]) {
      const refused = readLocalFlags(asking, flags, {});
      await expect(refused).rejects.toThrow(ConfigError);
      await expect(refused).rejects.toThrow(
        'credentials: expected them at the remote (auth=remote in the URI)',
      );
      await expect(refused).rejects.not.toThrow('secret');
    }
  });

  it('whose remote asks leaves HALFLIGHT_AUTH to its clients, even one that nobody could name', async () => {
    for (const value of ['ann:secret', 'no colon']) {
      const settings = await readLocalFlags(
        `halflight://${remote}?auth=remote`,
        {},
        { HALFLIGHT_AUTH: value },
      );
      expect(settings.credentials).toEqual([]);
    }
  });

  it('beyond loopback has to be insisted on even when its remote asks: whether it does, nobody knows here', async () => {
    const asking = `halflight://${remote}?auth=remote`;
    await expect(readLocalFlags(asking, { listen: ':1080' }, {})).rejects.toThrow(
      'got :1080: the remote is to ask for credentials there (auth=remote in the URI), ' +
        'which this half cannot check; insist with --open',
    );
    expect((await readLocalFlags(asking, { listen: ':1080', open: true }, {})).listen.host).toBe('');
  });
});

import { describe, expect, it } from 'vitest';
import { type LocalOptions, readLocalOptions } from '../../shared/config/local-options.js';
import { parseServerUri } from '../../shared/config/uri.js';
import { complaint, knownKey as key, type Unchecked } from '../support/options.js';

const raw = `halflight://2022-blake3-aes-256-gcm:${encodeURIComponent(key)}@remote.example:8388`;
const standard = 'ss://aes-256-gcm:geheim-that-is-long-and-odd-7@server.example:8389#tokyo';
const asking = raw.replace(':8388', ':8388?auth=remote');

function local(options: Unchecked): ReturnType<typeof readLocalOptions> {
  return readLocalOptions(options);
}

describe('the options of a local', () => {
  it('need no more than a server', () => {
    expect(local({ server: raw })).toEqual({
      listen: { host: '127.0.0.1', port: 1080 },
      servers: [{ uri: parseServerUri(raw), order: 0, weight: 1 }],
      credentials: [],
      udp: true,
      pacDirect: true,
      cipherBackend: 'native',
    });
  });

  it('name servers alone or with their place, and a list of further ones', () => {
    const { servers, subscription } = local({
      server: [standard, { uri: raw, order: 0, weight: 2.5, plugin: 'obfs-local;obfs=tls' }],
      subscription: 'ssconf://lists.example/secret',
      cacheDirectory: '/var/cache/lists',
      allowPlugins: ['obfs-local'],
    });
    expect(servers).toEqual([
      { uri: parseServerUri(standard), order: 0, weight: 1 },
      {
        uri: { ...parseServerUri(raw), plugin: { name: 'obfs-local', options: 'obfs=tls' } },
        order: 0,
        weight: 2.5,
      },
    ]);
    expect(subscription).toEqual({
      url: new URL('https://lists.example/secret'),
      plugins: ['obfs-local'],
      cacheDirectory: '/var/cache/lists',
    });
    expect(local({ subscription: 'https://lists.example/' }).servers).toEqual([]);
  });

  it('are heard, all of them', () => {
    const credential = { user: 'ben', password: 'geheim:2' };
    expect(
      local({
        server: raw,
        listen: { host: '::', port: 0 },
        credentials: ['ann:geheim', credential],
        udp: true,
        udpOverTcp: true,
        optimistic: true,
        pacDirect: false,
        cipherBackend: 'noble',
        probeTarget: { host: '::1', port: 53 },
        timeouts: { idleMs: 1000 },
      }),
    ).toMatchObject({
      listen: { host: '::', port: 0 },
      credentials: [{ user: 'ann', password: 'geheim' }, credential],
      udpOverTcp: true,
      optimistic: true,
      pacDirect: false,
      cipherBackend: 'noble',
      probeTarget: { host: '::1', port: 53 },
      timeouts: { idleMs: 1000 },
    });
  });

  it.each([
    [0, { host: '127.0.0.1', port: 0 }],
    ['1081', { host: '127.0.0.1', port: 1081 }],
    ['[::1]:1080', { host: '::1', port: 1080 }],
    [
      { host: 'localhost', port: 1080 },
      { host: 'localhost', port: 1080 },
    ],
  ])('say where to listen: %j', (listen, address) => {
    expect(local({ server: raw, listen }).listen).toEqual(address);
  });

  it('open a port to others when somebody insists', () => {
    expect(local({ server: raw, listen: ':1080', open: true }).listen).toEqual({ host: '', port: 1080 });
  });

  it('are told nothing by variables of the environment', () => {
    process.env['HALFLIGHT_URI'] = raw;
    try {
      expect(complaint(() => local({}))).toBe(
        'server: expected the URI of one, or a subscription, got neither',
      );
    } finally {
      delete process.env['HALFLIGHT_URI'];
    }
  });

  it.each<[Unchecked, string]>([
    [{}, 'server: expected the URI of one, or a subscription, got neither'],
    [{ server: [] }, 'server: expected at least one, got none'],
    [{ server: 'geheim' }, 'server: expected halflight:// or ss://, got another beginning'],
    [{ server: 5 }, 'server: expected an object, got a number'],
    [{ server: [raw, { order: 1 }] }, 'server[1].uri: expected one, got none'],
    [{ server: { uri: raw, order: -1 } }, 'server.order: expected a number from 0 to 9999, got -1'],
    [{ server: { uri: raw, order: 1.5 } }, 'server.order: expected a whole number, got 1.5'],
    [{ server: { uri: raw, weight: NaN } }, 'server.weight: expected a number from 0.001 to 1000, got NaN'],
    [
      { server: { uri: raw, wieght: 1 } },
      'server.wieght: expected a name of an option, got another one (did you mean weight?)',
    ],
    [
      { server: raw, listn: 1 },
      'listn: expected a name of an option, got another one (did you mean listen?)',
    ],
    [{ uri: raw }, 'uri: expected a name of an option, got another one (did you mean server?)'],
    [{ servers: [raw] }, 'servers: expected a name of an option, got another one (did you mean server?)'],
    [{ server: raw, listen: true }, 'listen: expected a string, a port or { host, port }, got true'],
    [
      { server: raw, listen: { host: 'a' } },
      'listen: expected a string, a port or { host, port }, got an object',
    ],
    [{ server: raw, listen: 65_536 }, 'listen: expected HOST:PORT, [IPv6]:PORT, :PORT or PORT, got "65536"'],
    [
      { server: raw, listen: ':1080' },
      'listen: expected a loopback address, got :1080: whoever reaches it could use the tunnel; ask for credentials, or insist with open: true',
    ],
    [
      { server: asking, listen: ':1080' },
      'listen: expected a loopback address, got :1080: the remote is to ask for credentials (auth=remote in the URI); insist with open: true',
    ],
    [
      { server: asking, credentials: ['ann:geheim'] },
      'credentials: expected them at the remote (auth=remote in the URI) or at the local (credentials), got both',
    ],
    [{ server: raw, credentials: 'ann:geheim' }, 'credentials: expected an array, got a string'],
    [{ server: raw, credentials: ['geheim'] }, 'credentials[0]: expected USER:PASS, got no colon'],
    [{ server: raw, credentials: [{ user: 'ann' }] }, 'credentials[0].password: expected one, got none'],
    [
      { server: raw, credentials: [{ user: 'a:b', password: 'geheim' }] },
      'credentials[0].user: expected no colon, got one',
    ],
    [
      { server: raw, credentials: ['ann:geheim', 'ann:2'] },
      'credentials: expected every user once, got one again',
    ],
    [{ server: raw, udp: 'no' }, 'udp: expected true or false, got a string'],
    [{ server: raw, udp: false, udpOverTcp: true }, 'udpOverTcp: expected UDP to be served, got udp: false'],
    [
      { server: raw, cipherBackend: 'openssl' },
      'cipherBackend: expected one of native, noble, got another text',
    ],
    [
      { server: raw, probeTarget: '1.1.1.1' },
      'probeTarget: expected HOST:PORT or [IPv6]:PORT, got something else',
    ],
    [{ server: raw, allowPlugins: [1] }, 'allowPlugins: expected an array of strings, got an array'],
    [
      { server: raw, timeouts: { idleMS: 1 } },
      'timeouts.idleMS: expected a name of an option, got another one (did you mean idleMs?)',
    ],
    [
      { server: raw, timeouts: { idleMs: -1 } },
      'timeouts.idleMs: expected ms from 0 to 2147483647, got another number',
    ],
    [{ server: raw, timeouts: { idleMs: '5s' } }, 'timeouts.idleMs: expected a number, got a string'],
    [
      { subscription: 'http://lists.example/geheim' },
      'subscription: expected https://HOST/PATH, got http://, which is for this machine alone: on the way anybody could read the keys, and change them',
    ],
    [
      { subscription: 'https://lists.example/', server: asking },
      'servers: expected none with auth=remote beside a subscription, whose servers know nothing of credentials, got one',
    ],
    [{ subscription: undefined, server: null }, 'server: expected an object, got null'],
  ])('are refused when they cannot be used: %j', (options, message) => {
    expect(complaint(() => local(options))).toBe(message);
  });

  it.each([undefined, null, [], raw])('are an object, and not %j', (options) => {
    expect(complaint(() => readLocalOptions(options as unknown as LocalOptions))).toMatch(
      /^options: expected an object, got /,
    );
  });
});

import { describe, expect, it, vi } from 'vitest';
import { ConfigError, findMethod, generateSecret, systemEnvironment, type MethodName } from '../../index.js';
import { clientCipher } from '../../shared/codec/session.js';
import { udpClient } from '../support/associate.js';
import { expectSilence, rawFlight, shadowsocksFlight } from '../support/prober.js';
import { connect } from '../support/peer.js';
import { startEcho, startTarget } from '../support/targets.js';
import {
  connectThrough,
  expectServed,
  type Half,
  localHalf,
  type LocalChanges,
  remoteHalf,
  type RunningRemote,
} from '../support/tunnel.js';
import { udpEcho } from '../support/udp.js';

const methods: readonly MethodName[] = [
  '2022-blake3-aes-128-gcm',
  '2022-blake3-aes-256-gcm',
  'aes-128-gcm',
  'chacha20-ietf-poly1305',
];

function secretOf(method: MethodName): string {
  return generateSecret(findMethod(method), systemEnvironment);
}

/** A remote for ann and ben. */
function sharedRemote(method: MethodName): Promise<RunningRemote> {
  const users = ['ann', 'ben'].map((name) => ({ name, secret: secretOf(method) }));
  return remoteHalf({ method, users });
}

/** What the URI of a user says. */
function secretFor({ settings }: RunningRemote, name: string): string {
  const own = settings.users?.find((user) => user.name === name)?.secret ?? secretOf(settings.method.name);
  return settings.method.edition === 2017 ? own : `${settings.secret}:${own}`;
}

function localOf(remote: RunningRemote, name: string, changes: LocalChanges = {}): Promise<Half> {
  return localHalf(remote, { secret: secretFor(remote, name), ...changes });
}

describe.each(methods)('a remote of many users, %s', (method) => {
  it.each(['raw', 'shadowsocks'] as const)(
    'serves each of them over the %s wire, and tells who it was',
    async (wire) => {
      const remote = await sharedRemote(method);
      const target = await startTarget();
      for (const [name, size] of [
        ['ann', 100_000],
        ['ben', 3],
      ] as const) {
        const local = await localOf(remote, name, { wire });
        const client = await connectThrough({ local }, target);
        const far = await target.next();
        const [sent, arrived] = await Promise.all([client.pour(size), far.read(size)]);
        expect(arrived).toHaveLength(sent.length);
        void far.send('yes');
        expect((await client.read(3)).toString()).toBe('yes');
        client.end();
        far.end();
        await client.ended();
        await vi.waitFor(() => {
          expect(remote.seen('closed').at(-1)).toMatchObject({ user: name, up: size, down: 3 });
        });
      }
      expect(remote.seen('opened').map(({ user }) => user)).toEqual(['ann', 'ben']);
    },
  );

  it.each(['raw', 'shadowsocks'] as const)('carries the datagrams of each, %s wire', async (wire) => {
    const remote = await sharedRemote(method);
    const echo = await udpEcho();
    for (const name of ['ann', 'ben']) {
      const client = await udpClient((await localOf(remote, name, { wire })).port);
      await client.send(echo, `this is ${name}`);
      expect((await client.socket.next()).payload.toString()).toContain(`this is ${name}`);
    }
    expect(remote.seen('opened').map(({ user }) => user)).toEqual(['ann', 'ben']);
    await remote.service.stop(0);
    expect(remote.seen('closed').map(({ user }) => user)).toEqual(['ann', 'ben']);
  });

  it('keeps silent to strangers, to the key of the remote alone and to a key without its name', async () => {
    const remote = await sharedRemote(method);
    const echo = await startEcho();
    const { users = [], secret } = remote.settings;
    const secrets = [secretFor(remote, 'nobody'), secret, secretOf(method)];
    if (findMethod(method).edition === 2022) secrets.push(users[0]?.secret ?? '', `${secret}:${secret}`);
    for (const [tried, text] of secrets.entries()) {
      const cipher = clientCipher(findMethod(method), text, 'native');
      const flights = [rawFlight(cipher, echo), shadowsocksFlight(cipher, echo)];
      for (const [index, { bytes }] of flights.entries()) {
        const peer = await connect(remote.port);
        void peer.send(bytes);
        await vi.waitFor(() => {
          expect(remote.seen('absorbed')).toHaveLength(2 * tried + index + 1);
        });
        await expectSilence(peer);
      }
    }
    expect(echo.accepted).toBe(0);
    await expectServed({ local: await localOf(remote, 'ben') }, echo);
  });

  it('absorbs an opening of a user that was recorded', async () => {
    const remote = await sharedRemote(method);
    const echo = await startEcho();
    const cipher = clientCipher(findMethod(method), secretFor(remote, 'ann'), 'native');
    const { bytes } = shadowsocksFlight(cipher, echo);
    const first = await connect(remote.port);
    void first.send(bytes);
    await first.read(1);
    const second = await connect(remote.port);
    void second.send(bytes);
    await vi.waitFor(() => {
      expect(remote.seen('absorbed')).toHaveLength(1);
    });
    await expectSilence(second);
    expect(echo.accepted).toBe(1);
    first.end();
  });
});

describe('a remote does not start', () => {
  const one = { name: 'ann', secret: secretOf('2022-blake3-aes-256-gcm') };

  it.each([
    [
      'with a key for two',
      [one, { ...one, name: 'ben' }],
      'user ben: expected a key of its own, got that of ann',
    ],
    [
      'with a name twice',
      [one, { ...one, secret: secretOf('2022-blake3-aes-256-gcm') }],
      'user ann: expected once',
    ],
    ['with a name that is none', [{ ...one, name: 'a b' }], 'expected a name of 1 to 64'],
    ['with a key too short', [{ ...one, secret: 'AAAA' }], 'user ann: key for 2022-blake3-aes-256-gcm'],
  ])('%s', async (_, users, why) => {
    await expect(remoteHalf({ users })).rejects.toThrow(why);
    await expect(remoteHalf({ users })).rejects.toThrow(ConfigError);
  });

  it('with its own key for a user', async () => {
    const { secret } = one;
    await expect(remoteHalf({ secret, users: [one] })).rejects.toThrow('got that of the remote');
  });

  it('with users and a method that cannot name them', async () => {
    const method = '2022-blake3-chacha20-poly1305';
    const users = [{ name: 'ann', secret: secretOf(method) }];
    await expect(remoteHalf({ method, users })).rejects.toThrow('expected a 2022 AES method');
  });

  it('with more users than keys can be tried for', async () => {
    const method = 'aes-256-gcm';
    const users = Array.from({ length: 257 }, (_, at) => ({ name: `user-${at}`, secret: secretOf(method) }));
    await expect(remoteHalf({ method, users })).rejects.toThrow('at most 256 with aes-256-gcm, got 257');
  });
});

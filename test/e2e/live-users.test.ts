import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { ConfigError, findMethod, generateSecret, systemEnvironment, type MethodName } from '../../index.js';
import { clientCipher } from '../../shared/codec/session.js';
import { packetClient } from '../../shared/codec/packets.js';
import { udpClient } from '../support/associate.js';
import { temporaryDirectories } from '../support/config.js';
import { connect, type Peer } from '../support/peer.js';
import { expectSilence, rawFlight } from '../support/prober.js';
import { startEcho } from '../support/targets.js';
import {
  connectThrough,
  expectServed,
  localHalf,
  remoteHalf,
  type RunningRemote,
} from '../support/tunnel.js';
import { udpEcho, udpPeer } from '../support/udp.js';

const methods: readonly MethodName[] = ['2022-blake3-aes-256-gcm', 'aes-256-gcm'];
const temporaryDirectory = temporaryDirectories();

function secretOf(method: MethodName): string {
  return generateSecret(findMethod(method), systemEnvironment);
}

/** What the URI of a user with that key says. */
function secretFor({ settings }: RunningRemote, own: string): string {
  return settings.method.edition === 2017 ? own : `${settings.secret}:${own}`;
}

/** A client that has been served and stays connected. */
async function served(port: number, echo: { host: string; port: number }): Promise<Peer> {
  const client = await connectThrough({ local: { port } }, echo);
  void client.send('hello');
  expect((await client.read(5)).toString()).toBe('hello');
  return client;
}

async function expectReset(client: Peer): Promise<void> {
  await vi.waitUntil(() => client.socket.destroyed);
}

describe.each(methods)('the users of a running remote, %s', (method) => {
  it.each(['raw', 'shadowsocks'] as const)(
    'are let in when they are added, and cut off when they are removed, %s wire',
    async (wire) => {
      const [annKey, benKey] = [secretOf(method), secretOf(method)];
      const remote = await remoteHalf({ method, users: [{ name: 'ann', secret: annKey }] });
      const { users } = remote.service;
      const echo = await startEcho();
      const datagrams = await udpEcho();
      const ann = await localHalf(remote, { wire, secret: secretFor(remote, annKey) });
      const ben = await localHalf(remote, { wire, secret: secretFor(remote, benKey) });
      const stays = await served(ann.port, echo);

      const cipher = clientCipher(findMethod(method), secretFor(remote, benKey), 'native');
      const early = await connect(remote.port);
      void early.send(rawFlight(cipher, echo).bytes);
      await expectSilence(early);

      await users.add({ name: 'ben', secret: benKey });
      const client = await served(ben.port, echo);
      const udp = await udpClient(ben.port);
      await udp.send(datagrams, 'here');
      await udp.socket.next();
      expect(await remote.service.usage.of('ben')).toMatchObject({
        up: 9,
        down: 9,
        datagramsUp: 1,
        datagramsDown: 1,
        streams: 1,
        associations: 1,
      });

      expect(await users.remove('ben')).toBe(true);
      await expectReset(client);
      await vi.waitUntil(() => remote.seen('closed').length === 2);
      expect(remote.seen('closed').map(({ user }) => user)).toEqual(['ben', 'ben']);
      const late = await connect(remote.port);
      void late.send(rawFlight(cipher, echo).bytes);
      await expectSilence(late);
      await udp.send(datagrams, 'gone');
      void stays.send('still there?');
      expect((await stays.read(12)).toString()).toBe('still there?');
      expect(datagrams.count).toBe(1);
      stays.end();
    },
  );

  it('are cut off when they get another key, which lets them in again', async () => {
    const [oldKey, newKey] = [secretOf(method), secretOf(method)];
    const remote = await remoteHalf({ method, users: [{ name: 'ann', secret: oldKey }] });
    const echo = await startEcho();
    const before = await localHalf(remote, { secret: secretFor(remote, oldKey) });
    const client = await served(before.port, echo);
    expect(await remote.service.users.replace('ann', newKey)).toBe(true);
    await expectReset(client);
    const after = await localHalf(remote, { secret: secretFor(remote, newKey) });
    await expectServed({ local: after }, echo);
    const late = await connect(remote.port);
    const cipher = clientCipher(findMethod(method), secretFor(remote, oldKey), 'native');
    void late.send(rawFlight(cipher, echo).bytes);
    await expectSilence(late);
    await vi.waitFor(async () => {
      expect(await remote.service.usage.of('ann')).toMatchObject({ streams: 0, openedStreams: 2, up: 17 });
    });
  });

  it('may all be gone: then nobody is let in, whoever has the key of the remote included', async () => {
    const remote = await remoteHalf({ method, users: [] });
    const echo = await startEcho();
    const peer = await connect(remote.port);
    void peer.send(rawFlight(remote.cipher, echo).bytes);
    await expectSilence(peer);
    const secret = secretOf(method);
    await remote.service.users.add({ name: 'ann', secret });
    await expectServed({ local: await localHalf(remote, { secret: secretFor(remote, secret) }) }, echo);
  });
});

it('a stream of datagrams is counted and cut off like any other', async () => {
  const ann = { name: 'ann', secret: secretOf('aes-256-gcm') };
  const remote = await remoteHalf({ method: 'aes-256-gcm', users: [ann] });
  const echo = await udpEcho();
  const local = await localHalf(remote, { wire: 'shadowsocks', secret: ann.secret, udpOverTcp: true });
  const client = await udpClient(local.port);
  await client.send(echo, 'hello');
  await client.socket.next();
  const { usage, users } = remote.service;
  expect(await usage.of('ann')).toMatchObject({
    up: 5,
    down: 5,
    datagramsUp: 1,
    streams: 0,
    associations: 1,
  });
  await users.remove('ann');
  await vi.waitUntil(() => remote.seen('closed').length === 1);
  expect(remote.seen('closed')[0]).toMatchObject({ user: 'ann', datagrams: { up: 1, down: 1 } });
  expect(await usage.of('ann')).toMatchObject({ up: 0, associations: 0, openedAssociations: 0 });
});

it('a recorded datagram opens nothing when its user was removed and is back with the same key', async () => {
  const method = '2022-blake3-aes-256-gcm';
  const ann = { name: 'ann', secret: secretOf(method) };
  const remote = await remoteHalf({ method, users: [ann] });
  const { users } = remote.service;
  const echo = await udpEcho();
  const cipher = clientCipher(findMethod(method), secretFor(remote, ann.secret), 'native');
  const client = packetClient(cipher, systemEnvironment);
  const peer = await udpPeer();
  const recorded = client.seal(echo, Buffer.from('once'));
  const to = { host: '127.0.0.1', port: remote.port };
  await peer.say(recorded, to);
  await peer.next();
  await users.remove('ann');
  await users.add(ann);
  await peer.say(recorded, to);
  // The session goes on: whatever is new in it is served.
  await peer.say(client.seal(echo, Buffer.from('twice')), to);
  await peer.next();
  expect(echo.count).toBe(2);
});

it('a remote with one key for everybody takes no users', async () => {
  const remote = await remoteHalf();
  const { users } = remote.service;
  await expect(users.add({ name: 'ann', secret: remote.settings.secret })).rejects.toThrow(ConfigError);
  expect(await users.list()).toEqual([]);
});

it('changes to users are written back to the file they came from', async () => {
  const usersFile = join(await temporaryDirectory(), 'users');
  const method = 'aes-256-gcm';
  const users = [{ name: 'ann', secret: secretOf(method) }];
  await writeFile(usersFile, `# mine\nann:${users[0]?.secret ?? ''}\n`, { mode: 0o600 });
  const remote = await remoteHalf({
    method,
    users,
    usersFile: { path: usersFile, allowWeakPassword: true },
  });
  await remote.service.users.add({ name: 'ben', secret: 'a good one' });
  await remote.service.users.remove('ann');
  expect(await readFile(usersFile, 'utf8')).toBe('# mine\nben:a good one\n');
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { parseServerUri, systemEnvironment } from '../../index.js';
import { masterKey } from '../../shared/codec/keys.js';
import { packetClient } from '../../shared/codec/packets.js';
import type { Cipher } from '../../shared/codec/stream.js';
import { apiToken, askApi } from '../support/api.js';
import { udpClient } from '../support/associate.js';
import { pattern } from '../support/codec.js';
import { canaryKey, temporaryDirectories } from '../support/config.js';
import { connect } from '../support/peer.js';
import { relayPlugin, runs } from '../support/plugin.js';
import { startEcho, startTarget } from '../support/targets.js';
import { ask, connectThrough, expectServed } from '../support/tunnel.js';
import { udpEcho, udpPeer } from '../support/udp.js';
import { type CrewedHalf, crewStarter } from '../support/workers.js';

const start = crewStarter();
const temporary = temporaryDirectories();
const waits = { interval: 20, timeout: 15_000 } as const;
const key = (seed: number): string => Buffer.from(pattern(32, seed)).toString('base64');

describe('datagrams of a remote with two workers', () => {
  it('have one of them, and another one when that has ended', async () => {
    const remote = await start(['remote', '--allow-private', '-l', '127.0.0.1:0']);
    const local = await start(['local', remote.uri, '-l', '127.0.0.1:0']);
    const echo = await udpEcho();
    const clients = await Promise.all([1, 2, 3, 4].map(() => udpClient(local.port)));
    for (const client of clients) {
      await client.send(echo, 'one');
      await client.socket.next();
    }
    const servers = new Set(remote.seen('opened').map(({ worker }) => worker));
    expect(servers.size).toBe(1);
    // Whichever of the two it is: after both have ended, it was one of them.
    for (const pid of remote.workers()) {
      const before = remote.workers();
      process.kill(pid, 'SIGKILL');
      await vi.waitUntil(() => {
        const now = remote.workers();
        return now.length === 2 && now.some((each) => !before.includes(each));
      }, waits);
    }
    const again = await udpClient(local.port);
    const asking = setInterval(() => void again.send(echo, 'two'), 100);
    onTestFinished(() => {
      clearInterval(asking);
    });
    await again.socket.next();
    expect(remote.seen('warning')).toEqual([]);
    remote.running.child.kill('SIGTERM');
    const { stderr } = await remote.running.ended;
    expect(stderr.match(/another one begins (at once|in 1 s)/g)).toHaveLength(2);
  });

  it('are not let in again by the one that takes over', async () => {
    const remote = await start(['remote', '--allow-private', '-l', '127.0.0.1:0']);
    const { method, secret } = parseServerUri(remote.uri);
    const cipher: Cipher = { method, key: masterKey(method, secret), backend: 'native' };
    const target = await udpPeer();
    const sender = await udpPeer();
    const packet = (word: string): Uint8Array =>
      packetClient(cipher, systemEnvironment).seal(target, Buffer.from(word));
    const say = (bytes: Uint8Array): Promise<void> =>
      sender.say(bytes, { host: '127.0.0.1', port: remote.port });
    const recorded = packet('recorded');
    await say(recorded);
    expect((await target.next()).payload.toString()).toBe('recorded');
    const before = remote.workers();
    for (const pid of before) process.kill(pid, 'SIGKILL');
    await vi.waitFor(async () => {
      await say(packet('fresh'));
      expect(target.count).toBeGreaterThan(1);
    }, waits);
    await say(recorded);
    await say(packet('last'));
    const heard: string[] = [];
    while (!heard.includes('last')) heard.push((await target.next()).payload.toString());
    expect(heard).not.toContain('recorded');
  });
});

describe('users of a remote with two workers', () => {
  interface Managed {
    readonly remote: CrewedHalf;
    readonly api: number;
    readonly uriOf: (secret: string) => string;
  }

  async function managedRemote(): Promise<Managed> {
    const directory = await temporary();
    const [usersFile, tokenFile] = [join(directory, 'users'), join(directory, 'token')];
    await writeFile(usersFile, `ann:${key(1)}\n`, { mode: 0o600 });
    await writeFile(tokenFile, `${apiToken}\n`, { mode: 0o600 });
    const words = ['remote', '--allow-private', '-l', '127.0.0.1:0', '--users-file', usersFile];
    const remote = await start([...words, '--api', '127.0.0.1:0', '--api-token-file', tokenFile], {
      HALFLIGHT_KEY: canaryKey,
    });
    const [ready] = remote.seen('ready');
    return {
      remote,
      api: Number(new URL(`tcp://${String(ready?.['api'])}`).port),
      uriOf: (secret) =>
        `halflight://2022-blake3-aes-256-gcm:${encodeURIComponent(`${canaryKey}:${secret}`)}@${remote.listen}`,
    };
  }

  it('come, are counted once, and go, at all of them', async () => {
    const { remote, api, uriOf } = await managedRemote();
    const echo = await startEcho();
    const ben = { username: 'ben', uPSK: key(2) };
    expect(await askApi(api, 'POST /users', { json: ben })).toMatchObject({ status: 201 });
    const local = await start(['local', uriOf(key(2)), '-l', '127.0.0.1:0']);
    await Promise.all(Array.from({ length: 20 }, () => expectServed({ local }, echo)));
    const workers = remote.seen('opened').map(({ worker }) => worker);
    expect(new Set(workers).size).toBe(2);
    const carried = { uplinkBytes: 240, downlinkBytes: 240 };
    await vi.waitFor(async () => {
      expect(await askApi(api, 'GET /users/ben')).toMatchObject({ json: carried });
    }, waits);
    expect(await askApi(api, 'GET /stats?clear=true')).toMatchObject({ json: carried });
    expect(await askApi(api, 'GET /stats')).toMatchObject({ json: { uplinkBytes: 0, downlinkBytes: 0 } });

    const target = await startTarget();
    const open = await Promise.all(Array.from({ length: 6 }, () => connectThrough({ local }, target)));
    expect(await askApi(api, 'DELETE /users/ben')).toMatchObject({ status: 204 });
    await Promise.all(open.map((client) => client.ended()));
    const absorbed = remote.seen('absorbed').length;
    for (let count = 0; count < 4; count += 1) void ask(local.port, echo).catch(() => undefined);
    await vi.waitUntil(() => remote.seen('absorbed').length >= absorbed + 4, waits);
  });

  it('are cut off everywhere when one is removed, also at a worker that does not run any more', async () => {
    const { remote, api, uriOf } = await managedRemote();
    const local = await start(['local', uriOf(key(1)), '-l', '127.0.0.1:0']);
    const target = await startTarget();
    const open = await Promise.all(Array.from({ length: 8 }, () => connectThrough({ local }, target)));
    const both = new Set(remote.seen('opened').map(({ worker }) => worker));
    expect(both.size).toBe(2);
    const [stuck = 0] = remote.workers();
    process.kill(stuck, 'SIGSTOP');
    expect(await askApi(api, 'DELETE /users/ann')).toMatchObject({ status: 204 });
    expect(runs(stuck)).toBe(false);
    await Promise.all(open.map((client) => client.ended()));
    await vi.waitUntil(() => remote.workers().length === 2, waits);
    expect(await askApi(api, 'GET /stats')).toMatchObject({ status: 200 });
    remote.running.child.kill('SIGTERM');
    const { stderr } = await remote.running.ended;
    expect(stderr).toMatch(
      new RegExp(` change: expected an answer within 5 s, got none +worker=\\d pid=${stuck}\\n`),
    );
  });

  it('are those of now at a worker that has begun since', async () => {
    const { remote, api, uriOf } = await managedRemote();
    expect(await askApi(api, 'DELETE /users/ann')).toMatchObject({ status: 204 });
    const ben = { username: 'ben', uPSK: key(2) };
    expect(await askApi(api, 'POST /users', { json: ben })).toMatchObject({ status: 201 });
    const before = remote.workers();
    for (const pid of before) process.kill(pid, 'SIGKILL');
    await vi.waitUntil(() => {
      const now = remote.workers();
      return now.length === 2 && now.every((pid) => !before.includes(pid));
    }, waits);
    const local = await start(['local', uriOf(key(2)), '-l', '127.0.0.1:0']);
    const echo = await startEcho();
    await vi.waitUntil(async () => (await ask(local.port, echo)).reply.code === 0, waits);
    await Promise.all(Array.from({ length: 4 }, () => expectServed({ local }, echo)));
  });
});

describe('a plugin of a half with two workers', () => {
  it('is one, and ends with it', async () => {
    const plugin = relayPlugin();
    const remote = await start([
      'remote',
      '--allow-private',
      '-l',
      '127.0.0.1:0',
      '--plugin',
      `${plugin};server`,
    ]);
    const local = await start(['local', remote.uri, '-l', '127.0.0.1:0', '--plugin', plugin]);
    const echo = await startEcho();
    await Promise.all(Array.from({ length: 10 }, () => expectServed({ local }, echo)));
    for (const half of [remote, local]) {
      const [pid = 0, ...others] = pluginsOf(half);
      expect(others).toEqual([]);
      const [victim = 0] = half.workers().filter((each) => each !== pid);
      process.kill(victim, 'SIGKILL');
      await vi.waitUntil(() => half.workers().length === 3 && !half.workers().includes(victim), waits);
      await vi.waitFor(() => expectServed({ local }, echo), waits);
      expect(pluginsOf(half)).toEqual([pid]);
    }
    for (const half of [local, remote]) {
      half.running.child.kill('SIGTERM');
      expect((await half.running.ended).exitCode).toBe(0);
      expect(pluginsOf(half).filter(runs)).toEqual([]);
    }
  });
});

/** The process IDs of the plugins that have begun, as they have said themselves. */
function pluginsOf(half: CrewedHalf): readonly number[] {
  return half
    .seen('plugin-said')
    .flatMap(({ line }) => /^pid (\d+)$/.exec(String(line))?.[1] ?? [])
    .map(Number);
}

it('a local with two workers answers for its own page', async () => {
  const local = await start([
    'local',
    'ss://aes-256-gcm:a-good-password-of-ours@127.0.0.1:9',
    '-l',
    '127.0.0.1:0',
  ]);
  const client = await connect(local.port);
  void client.send('GET /proxy.pac HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  expect((await client.read(12)).toString()).toBe('HTTP/1.1 200');
});

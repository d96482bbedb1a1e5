import net from 'node:net';
import { once } from 'node:events';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createRemote, type EmbeddedRemote } from '../../remote/embedded.js';
import type { RemoteOptions } from '../../shared/config/remote-options.js';
import { ConfigError } from '../../shared/errors.js';
import { temporaryDirectory } from '../support/directory.js';
import { echoThrough, embeddedLocal, embeddedRemote } from '../support/embedded.js';
import { connect } from '../support/peer.js';
import { startTap } from '../support/tap.js';
import { startEcho, startTarget } from '../support/targets.js';
import { connectThrough } from '../support/tunnel.js';

const password = 'correct-horse-battery-9';
const old: RemoteOptions = { method: 'aes-256-gcm', password };

it('what a program keeps of a remote is about the remote as it runs now', async () => {
  const remote = await embeddedRemote({ users: ['ann'], ports: [{ listen: '127.0.0.1:0' }] });
  const { users, usage, ports } = remote;
  const [own, further] = ports;
  await remote.stop();
  await remote.start();
  expect(remote.users).toBe(users);
  expect(remote.ports).toEqual(ports);
  expect(own?.address()).toEqual(remote.address());
  expect(further?.uri()).toBe(remote.ports[1]?.uri());

  const local = await embeddedLocal(await remote.uriOf('ann'), { timeouts: { replyMs: 300 } });
  expect(await echoThrough(local, await startEcho(), 'counted')).toBe('counted');
  await vi.waitFor(async () => {
    expect(await usage.of('ann')).toMatchObject({ up: 7, down: 7 });
    expect([...(await usage.all()).keys()]).toEqual(['ann']);
  });

  const secret = Buffer.alloc(32, 7).toString('base64');
  await users.add({ name: 'ben', secret });
  expect(await users.replace('ben', Buffer.alloc(32, 8).toString('base64'))).toBe(true);
  expect(await users.remove('ann')).toBe(true);
  expect((await remote.users.list()).map(({ name }) => name)).toEqual(['ben']);
  expect(await local.check()).toMatchObject({ ok: false, stage: 'authenticate' });
});

it('what a program keeps of a remote says so when that does not run', async () => {
  const remote = await embeddedRemote({ users: ['ann'] });
  const { users, usage, ports } = remote;
  await remote.stop();
  const missing = 'remote: expected it to be started, got one that is not';
  await expect(users.remove('ann')).rejects.toThrow(missing);
  await expect(users.list()).rejects.toThrow(missing);
  await expect(usage.of('ann')).rejects.toThrow(missing);
  await expect(ports[0]?.uriOf('ann')).rejects.toThrow(missing);
  expect(() => ports[0]?.address()).toThrow(missing);
});

/** What a client of the remote sends in one conversation, which is answered. */
async function recorded(remote: EmbeddedRemote): Promise<Buffer> {
  const { port } = remote.address();
  const tap = await startTap(port);
  const local = await embeddedLocal(remote.uri().replace(`:${port}#`, `:${tap.port}#`));
  await echoThrough(local, await startEcho(), 'recorded');
  await local.stop();
  return tap.connections[0]?.up ?? Buffer.alloc(0);
}

it.each([
  ['in memory', undefined],
  ['in a journal', temporaryDirectory],
] as const)(
  'a remote with a method of 2017 that is started again remembers what was used, %s',
  async (_, directory) => {
    const stateDirectory = directory?.();
    const remote = await embeddedRemote({ ...old, ...(stateDirectory && { stateDirectory }) });
    const recording = await recorded(remote);
    await remote.stop();
    await remote.start();
    const absorbed = once(remote, 'absorbed');
    const peer = await connect(remote.address().port);
    await peer.send(recording);
    expect(await absorbed).toMatchObject([{ event: 'absorbed', why: 'replayed salt' }]);
  },
);

it('a second remote with the key and the directory of one that runs is refused, until that has stopped', async () => {
  const stateDirectory = temporaryDirectory();
  const first = await embeddedRemote({ ...old, stateDirectory });
  const recording = await recorded(first);
  const other = createRemote({ ...old, stateDirectory, listen: '127.0.0.1:0', allowPrivate: true });
  onTestFinished(() => other.stop());
  await expect(other.start()).rejects.toThrow(ConfigError);
  await expect(other.start()).rejects.toThrow(
    'expected one remote for each key, got another one with this key',
  );
  await embeddedRemote({ ...old, password: `another-${password}`, stateDirectory });

  await first.stop();
  await other.start();
  const absorbed = once(other, 'absorbed');
  const peer = await connect(other.address().port);
  await peer.send(recording);
  expect(await absorbed).toMatchObject([{ why: 'replayed salt' }]);
});

it('a remote that cannot keep what was used names the option', async () => {
  const remote = createRemote({ ...old, listen: '127.0.0.1:0' });
  onTestFinished(() => remote.stop());
  const warned = once(remote, 'warning');
  await remote.start();
  expect(await warned).toMatchObject([
    { detail: 'replay journal: expected the option stateDirectory, got none: it cannot be kept' },
  ]);
});

it('a further port that is taken is named', async () => {
  const other = net.createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  onTestFinished(() => void other.close());
  const { port } = other.address() as net.AddressInfo;
  const ports = [{ listen: '127.0.0.1:0' }, { listen: `127.0.0.1:${port}` }];
  const remote = createRemote({ listen: '127.0.0.1:0', ports });
  await expect(remote.start()).rejects.toMatchObject({
    code: 'EADDRINUSE',
    message: expect.stringMatching(/choose a port with ports\[1\]\.listen$/) as string,
  });
});

it('a stop without end waits for conversations, and one without grace cuts it short', async () => {
  const remote = await embeddedRemote();
  const local = await embeddedLocal(remote.uri());
  const target = await startTarget();
  const client = await connectThrough({ local: local.address() }, target);
  const there = await target.next();
  await expect(local.stop({ graceMs: -1 })).rejects.toThrow('graceMs: expected ms from 0');
  await expect(remote.stop(null as never)).rejects.toThrow('options: expected an object, got null');
  const stopping = [local.stop({ graceMs: Infinity }), remote.stop({ graceMs: Infinity })];
  void client.send('still here');
  expect((await there.read(10)).toString()).toBe('still here');
  await Promise.all([local.stop(), remote.stop(), ...stopping]);
  await client.ended();
});

it.each<[unknown, string]>([
  [null, 'options: expected an object, got null'],
  ['vps.example', 'options: expected an object, got a string'],
  [{ hots: 'vps.example' }, 'hots: expected a name of an option, got another one (did you mean host?)'],
  [{ host: 5 }, 'host: expected a string, got a number'],
])('a link is not made with %j', async (link, message) => {
  const remote = await embeddedRemote();
  expect(() => remote.uri(link as never)).toThrow(new ConfigError(message));
});

it('servers that are replaced change nothing else, whatever became of the options', async () => {
  const echo = await startEcho();
  const [one, other] = await Promise.all([embeddedRemote(), embeddedRemote()]);
  const timeouts = { warmForMs: 0 };
  const local = await embeddedLocal(one.uri(), { timeouts });
  timeouts.warmForMs = -1;
  await one.stop();
  local.replaceServers(other.uri());
  await vi.waitFor(async () => {
    expect(await local.check()).toMatchObject({ ok: true });
  });
  expect(await echoThrough(local, echo, 'other')).toBe('other');
});

/** What becomes of a request that cannot be carried out, and of those that wait beside it. */
import type fs from 'node:fs';
import { readFileSync } from 'node:fs';
import { expect, it, onTestFinished, vi } from 'vitest';
import { findMethod, generateSecret, systemEnvironment } from '../../index.js';
import { farEnd, managed, type Managed, portToOpen, warnings } from '../support/managed.js';
import { panel } from '../support/manager.js';
import { connect } from '../support/peer.js';
import { relayPlugin, runs } from '../support/plugin.js';
import { startEcho } from '../support/targets.js';
import { connectThrough, expectServed, localHalf } from '../support/tunnel.js';

// What the system allows this process is whatever the test says.
vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  return { ...real, readFileSync: vi.fn(real.readFileSync) };
});

const add = (port: number, more: object): string => `add: ${JSON.stringify({ server_port: port, ...more })}`;

/** What was told at the level debug. */
function told({ events }: Managed, port: number | undefined): readonly string[] {
  return events.flatMap((event) => (event.event === 'managed' && event.port === port ? [event.detail] : []));
}

it.each([
  ['ends at once', 'fail'],
  ['is killed by its options', 'server\0'],
])('a port comes back as it was when the plugin for its place %s', async (_, options) => {
  const plugin = relayPlugin();
  const { ask } = await managed({ allowPlugins: [plugin] });
  const port = await portToOpen();
  const echo = await startEcho();
  expect(await ask(add(port, { password: 'good' }))).toBe('ok');
  expect(await ask(add(port, { password: 'x', plugin, plugin_opts: options }))).toBe('err');
  expect(JSON.parse(await ask('list'))).toMatchObject([{ password: 'good' }]);
  await expectServed({ local: await localHalf(farEnd(port, 'good')) }, echo);
});

it('a request with a NUL in it for a plugin cuts no conversation', async () => {
  const plugin = relayPlugin();
  const { ask } = await managed({ allowPlugins: [plugin] });
  const port = await portToOpen();
  await ask(add(port, { password: 'good' }));
  const client = await connectThrough({ local: await localHalf(farEnd(port, 'good')) }, await startEcho());
  expect(await ask(add(port, { password: 'x', plugin, plugin_opts: 'a\0b' }))).toBe('err');
  void client.send('hello');
  expect((await client.read(5)).toString()).toBe('hello');
});

it('each thing that is wrong is told, and each refusal at the level debug', async () => {
  const remote = await managed();
  const [port, taken] = [await portToOpen(), await startEcho()];
  for (const method of ['rc4-md5', 'rc4-md5', '2022-blake3-aes-256-gcm']) {
    expect(await remote.ask(add(port, { password: 'a very long password', method }))).toBe('err');
  }
  expect(await remote.ask('add: {}')).toBe('err');
  expect(await remote.ask(add(taken.port, { password: 'a very long password' }))).toBe(
    'port is not available',
  );
  expect(warnings(remote.events)).toEqual([
    expect.stringContaining('method rc4-md5: not supported'),
    expect.stringContaining('expected base64 of 32 bytes'),
    expect.stringContaining('expected a server_port'),
  ]);
  expect(told(remote, port)).toHaveLength(3);
  expect(told(remote, undefined)).toEqual([expect.stringContaining('refused: add: expected a server_port')]);
  expect(told(remote, taken.port).at(-1)).toMatch(/^refused: .*EADDRINUSE/);
  expect(JSON.stringify(remote.events)).not.toContain('a very long password');
});

it('says at its start when panels cannot send passwords, because of the method that was named', async () => {
  const method = findMethod('2022-blake3-aes-256-gcm');
  expect(warnings((await managed({ method })).events)).toEqual([
    expect.stringMatching(
      /^manager: ports open with 2022-blake3-aes-256-gcm and take keys of 32 bytes in base64/,
    ),
  ]);
  expect(warnings((await managed()).events)).toEqual([]);
});

it('ping and list are answered while thousands of requests wait for one port', async () => {
  const { say, next, port: manager } = await managed();
  const method = '2022-blake3-aes-256-gcm';
  const keys = [0, 1].map(() => generateSecret(findMethod(method), systemEnvironment));
  const [port, other] = [await portToOpen(), await portToOpen()];
  for (let at = 0; at < 5000; at++) await say(add(port, { password: keys[at % 2], method }));
  const { ask: askElsewhere } = await panel({ host: '127.0.0.1', port: manager });
  expect(await askElsewhere('ping')).toMatch(/^stat: /);
  expect(await askElsewhere('list')).toMatch(/^\[/);
  expect(await askElsewhere(add(other, { password: 'x' }))).toBe('ok');
  // Whoever asks too much is told.
  await vi.waitUntil(async () => (await next()) === 'err', { interval: 1, timeout: 5000 });
});

it('nothing is left when the stop of a remote has settled, though a plugin was just being started', async () => {
  const plugin = relayPlugin();
  const { say, events, service } = await managed({ allowPlugins: [plugin] });
  const port = await portToOpen();
  await say(add(port, { password: 'x', plugin, plugin_opts: 'deaf' }));
  const pid = await vi.waitUntil(() => {
    const lines = events.flatMap((event) => (event.event === 'plugin-said' ? [event.line] : []));
    return Number(lines.find((line) => line.startsWith('pid '))?.slice(4));
  }, 5000);
  expect(runs(pid)).toBe(true);
  await service.stop(0);
  const before = events.length;
  expect(runs(pid)).toBe(false);
  expect(warnings(events)).toEqual([expect.stringContaining('it is taken because')]);
  expect(events).toHaveLength(before);
});

it('no port is opened after the stop of a remote has settled, though some waited', async () => {
  const { say, ask, events, service } = await managed();
  const method = '2022-blake3-aes-256-gcm';
  const ports = [await portToOpen(), await portToOpen()];
  for (const port of [...ports, ...ports]) {
    const password = generateSecret(findMethod(method), systemEnvironment);
    await say(add(port, { password, method }));
  }
  await ask('ping');
  await service.stop(0);
  const before = events.length;
  for (const port of ports) await expect(connect(port)).rejects.toThrow('ECONNREFUSED');
  expect(events).toHaveLength(before);
});

it('no port is opened when half of all descriptors are for ports, and the others go on', async () => {
  const real = await vi.importActual<typeof fs>('node:fs');
  const remote = await managed();
  vi.mocked(readFileSync).mockReturnValue('Max open files            176    176    files');
  onTestFinished(() => {
    vi.mocked(readFileSync).mockImplementation(real.readFileSync);
  });
  const replies: string[] = [];
  let port = 0;
  while (replies.at(-1) !== 'port is not available' && replies.length < 50) {
    const next = await portToOpen();
    replies.push(await remote.ask(add(next, { password: `a password of ${next}` })));
    if (replies.at(-1) === 'ok') port = next;
  }
  // Of 24 one is the manager's, and each port has two; four are looked for.
  expect(replies).toHaveLength(11);
  expect(warnings(remote.events).at(-1)).toMatch(/too few: .*\(nofile\)$/);
  await expectServed({ local: await localHalf(farEnd(port, `a password of ${port}`)) }, await startEcho());
  expect(await remote.ask(`remove: {"server_port":${port}}`)).toBe('ok');
  expect(await remote.ask(add(port, { password: 'another password' }))).toBe('ok');
});

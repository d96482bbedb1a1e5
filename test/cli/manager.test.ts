import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { readService } from '../../shared/config/service-address.js';
import { cliStarter } from '../support/cli.js';
import { canaryKey, temporaryDirectories } from '../support/config.js';
import { askAtPath, panel, perlAt } from '../support/manager.js';
import { deadPort } from '../support/targets.js';
import { udpPeer } from '../support/udp.js';

const run = cliStarter();
const temporaryDirectory = temporaryDirectories();

interface Ready {
  readonly listen?: string;
  readonly manager: string;
  readonly ports?: readonly unknown[];
}

it('halflight remote --manager-address opens what a panel asks for, and nothing else', async () => {
  const remote = run(['remote', '--manager-address', '127.0.0.1:0', '--json', '--log-level', 'debug']);
  const ready = JSON.parse((await remote.nextLine()) ?? '') as Ready;
  expect(ready).toEqual({ event: 'ready', role: 'remote', manager: ready.manager, ports: [] });
  const { ask } = await panel(readService(ready.manager));
  const port = await deadPort();
  expect(await ask(`add: {"server_port":${port},"password":"hunter2 hunter2","no_delay":true}`)).toBe('ok');
  expect(await ask('ping')).toBe(`stat: {"${port}":0}`);
  remote.child.kill('SIGTERM');
  const { exitCode, stdout, stderr } = await remote.ended;
  expect(exitCode).toBe(0);
  expect(stderr).toContain(`detail="opening, with chacha20-ietf-poly1305, without no_delay"`);
  expect(`${stdout}${stderr}`).not.toContain('hunter2');
});

it('with a key it has its own port as well', async () => {
  const words = ['remote', '--manager-address', '127.0.0.1:0', '-l', '127.0.0.1:0', '--json'];
  const remote = run(words, { variables: { HALFLIGHT_KEY: canaryKey } });
  const ready = JSON.parse((await remote.nextLine()) ?? '') as Ready;
  expect(ready.listen).toMatch(/^127\.0\.0\.1:\d+$/);
  const { ask } = await panel(readService(ready.manager));
  expect(await ask('list')).toBe('[\n]');
  remote.child.kill('SIGTERM');
  expect((await remote.ended).exitCode).toBe(0);
});

it.each([
  ['an address that others can reach', () => '0.0.0.0:6001', 'expected one of this machine alone'],
  ['a path that is no socket', () => import.meta.filename, 'expected a free path, or a socket that nobody'],
  [
    'a path in no directory',
    async () => join(await temporaryDirectory(), 'no', 'such'),
    'No such file or directory',
  ],
])('listens to nobody at %s', async (_, address, why) => {
  const { exitCode, stderr } = await run(['remote', '--manager-address', await address()]).ended;
  expect([exitCode, stderr]).toEqual([78, expect.stringContaining(why)]);
});

it('names the flag to change when the port for the manager is taken', async () => {
  const taken = await udpPeer();
  const words = ['remote', '--manager-address', `127.0.0.1:${taken.port}`];
  const { exitCode, stderr } = await run(words).ended;
  expect(exitCode).toBe(69);
  expect(stderr).toMatch(/EADDRINUSE.*choose a port with --manager-address\n/);
});

it('a remote that has only a manager at a path, and no port yet, goes on when perl is killed', async () => {
  const path = join(await temporaryDirectory(), 'm.sock');
  const remote = run(['remote', '--manager-address', path, '--json']);
  await remote.nextLine();
  process.kill(Number((await perlAt(path))[0]), 'SIGKILL');
  await vi.waitFor(async () => {
    expect(await askAtPath(path, ['ping'])).toEqual(['stat: {}']);
  }, 10_000);
  remote.child.kill('SIGTERM');
  const { exitCode, stdout } = await remote.ended;
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining('"stopped"')]);
});

it('--uri-of makes no key for a remote whose ports are all the ones of a panel', async () => {
  const home = await temporaryDirectory();
  const words = ['remote', '--manager-address', '127.0.0.1:0', '--uri-of', 'ann'];
  const { exitCode, stderr } = await run(words, { variables: { HOME: home, XDG_CONFIG_HOME: home } }).ended;
  expect(exitCode).toBe(64);
  expect(stderr).toContain('--uri-of: expected users of a port of its own');
  expect(await readdir(home)).toEqual([]);
});

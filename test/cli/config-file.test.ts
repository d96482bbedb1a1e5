import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { cliStarter, type Running } from '../support/cli.js';
import { canaryKey, temporaryDirectories } from '../support/config.js';

const start = cliStarter();
const temporary = temporaryDirectories();
const loud = ['--json', '--log-level', 'debug'];

interface Ready {
  readonly listen: string;
  readonly check?: { readonly ok: boolean };
  /** The further ports of a remote. */
  readonly ports?: readonly { readonly listen: string }[];
}

async function ready(running: Running): Promise<Ready> {
  return JSON.parse((await running.nextLine()) ?? '{}') as Ready;
}

/** A file with that in it, which only its owner can read. */
async function stored(content: object, name = 'x.json'): Promise<string> {
  const file = path.join(await temporary(), name);
  await writeFile(file, JSON.stringify(content), { mode: 0o600 });
  return file;
}

it('a remote and a local run from one classic file, and say what they do not support', async () => {
  const classic = {
    server: '127.0.0.1',
    server_port: 0,
    method: '2022-blake3-aes-256-gcm',
    password: canaryKey,
  };
  const remote = start(['remote', '-c', await stored({ ...classic, fast_open: true }), ...loud]);
  const { listen } = await ready(remote);
  const file = await stored({ ...classic, server_port: Number(listen.split(':')[1]), local_port: 0 });
  const local = start(['local', '-c', file, ...loud]);
  expect(await ready(local)).toMatchObject({ event: 'ready', check: { ok: true } });

  for (const { child } of [remote, local]) child.kill('SIGTERM');
  const [ofRemote, ofLocal] = await Promise.all([remote.ended, local.ended]);
  expect([ofRemote.exitCode, ofLocal.exitCode]).toEqual([0, 0]);
  expect(ofRemote.stderr).toContain('"fast_open": not supported, and ignored');
  expect(ofRemote.stderr + ofLocal.stderr + ofLocal.stdout).not.toContain('canary');
  expect(ofRemote.stderr + ofLocal.stderr).not.toContain('process list');
});

it.each([
  ['of ours', (listen: string, password: string) => ({ uri: `ss://aes-256-gcm:${password}@${listen}` })],
  [
    'of shadowsocks-rust',
    (listen: string, password: string) => {
      const [server, port] = listen.split(':');
      return { server, server_port: Number(port), method: 'aes-256-gcm', password };
    },
  ],
])('a remote serves all its ports, and a local goes through all servers in a file %s', async (_, server) => {
  const passwords = ['canary-violet-anchor-plume-9', 'canary-wjzrqkxmvhtbfgdn-ypcl'] as const;
  const port = (password: string): object => ({ listen: '127.0.0.1:0', method: 'aes-256-gcm', password });
  const remote = start([
    'remote',
    '-c',
    await stored({ ...port(passwords[0]), ports: [port(passwords[1])] }),
    ...loud,
  ]);
  const { listen, ports = [] } = await ready(remote);
  const servers = [listen, ports[0]?.listen ?? ''].map((each, at) => server(each, passwords[at] ?? ''));
  const local = start([
    'local',
    '-c',
    await stored({ servers }),
    '-l',
    '127.0.0.1:0',
    '--probe-target',
    '127.0.0.1:9',
    ...loud,
  ]);
  // Whether that can be had is not what this is about: both are asked for it.
  const { servers: checked } = (await ready(local)) as Ready & { readonly servers: readonly unknown[] };
  expect(checked).toHaveLength(2);
  for (const { child } of [remote, local]) child.kill('SIGTERM');
  const [ofRemote, ofLocal] = await Promise.all([remote.ended, local.ended]);
  expect([ofRemote.exitCode, ofLocal.exitCode]).toEqual([0, 0]);
  expect(ofRemote.stderr).not.toContain('absorbed');
  expect(ofRemote.stderr + ofLocal.stderr + ofLocal.stdout).not.toContain('canary');
});

it('the file in the config directory is read, and a flag wins over it', async () => {
  const home = await temporary();
  await mkdir(path.join(home, 'halflight'));
  const content = { listen: '127.0.0.1:1', json: true, key: canaryKey, logLevel: 'error' };
  await writeFile(path.join(home, 'halflight', 'remote.json'), JSON.stringify(content), { mode: 0o600 });
  const remote = start(['remote', '-l', '127.0.0.1:0'], { variables: { XDG_CONFIG_HOME: home } });
  expect((await ready(remote)).listen).toMatch(/^127\.0\.0\.1:[0-9]{2,}$/);
  remote.child.kill('SIGTERM');
  expect((await remote.ended).stderr).toBe('');
});

it('a key in a file is where the page says it is', async () => {
  const file = await stored({ listen: '127.0.0.1:0', key: canaryKey, json: true });
  const remote = start(['remote', '--no-json', '--config', file]);
  expect(await remote.nextLine()).toMatch(/^halflight remote listens on/);
  expect(await remote.nextLine()).toBe(`The key is the one in ${file}.`);
  remote.child.kill('SIGTERM');
  expect((await remote.ended).exitCode).toBe(0);
});

it('a switch in a file can be taken back', async () => {
  const file = await stored({
    listen: '0.0.0.0:0',
    open: true,
    uri: `ss://aes-256-gcm:canary-word@127.0.0.1:1`,
  });
  const { exitCode, stderr } = await start(['local', '-c', file, '--no-open']).ended;
  expect(exitCode).toBe(78);
  expect(stderr).toContain('listen address: expected a loopback address, got 0.0.0.0:0');
});

it('a mistake in a file ends the program with 78 and its place', async () => {
  const file = await stored({ lisen: ':1' });
  const { exitCode, stdout, stderr } = await start(['remote', '-c', file]).ended;
  expect({ exitCode, stdout }).toEqual({ exitCode: 78, stdout: '' });
  expect(stderr).toBe(
    `halflight: ${file}:1:2 settings: expected a name of a setting, got "lisen" (did you mean "listen"?)\n`,
  );
});

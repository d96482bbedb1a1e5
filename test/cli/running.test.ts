import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { cliStarter, type Running } from '../support/cli.js';
import { canaryKey, temporaryDirectories } from '../support/config.js';

const start = cliStarter();
const temporary = temporaryDirectories();

/** The members that a first line of --json may have. */
type Ready = Readonly<Record<'event' | 'role' | 'listen' | 'remote' | 'uri', string | undefined>>;

async function ready(running: Running): Promise<Ready> {
  return JSON.parse((await running.nextLine()) ?? '{}') as Ready;
}

const withKey = { variables: { HALFLIGHT_KEY: canaryKey, XDG_STATE_HOME: '/nonexistent' } };
const startRemote = (): Running => start(['remote', '-l', '127.0.0.1:0', '--json'], withKey);

describe('a remote', () => {
  it('with --json says first where it listens and its URI, and last that it stopped', async () => {
    const running = startRemote();
    const first = await ready(running);
    expect(first).toMatchObject({ event: 'ready', role: 'remote' });
    expect(first.listen).toMatch(/^127\.0\.0\.1:[1-9][0-9]*$/);
    const uri = `halflight://2022-blake3-aes-256-gcm:${encodeURIComponent(canaryKey)}@${first.listen ?? ''}#`;
    expect(first.uri?.startsWith(uri)).toBe(true);

    running.child.kill('SIGTERM');
    const { exitCode, stdout, stderr } = await running.ended;
    expect(exitCode).toBe(0);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('{"event":"stopped"}');
    expect(stderr).not.toContain(canaryKey);
  });

  it('never prints again a key that was given as a flag, unless a program asks with --json', async () => {
    const running = start(['remote', '-l', '127.0.0.1:0', '--key', canaryKey, '--log-level', 'debug']);
    expect(await running.nextLine()).toMatch(/^halflight remote listens on 127\.0\.0\.1:/);
    running.child.kill('SIGINT');
    const { exitCode, stdout, stderr } = await running.ended;
    expect(exitCode).toBe(0);
    expect(stderr).toContain('HALFLIGHT_KEY or --key-file keep it out');
    expect(stdout).toContain("npx halflight local 'halflight://2022-blake3-aes-256-gcm:***@127.0.0.1:");
    for (const form of [canaryKey, encodeURIComponent(canaryKey), 'canary'])
      expect(stdout + stderr).not.toContain(form);
  });

  it('that was given a password as a flag names the variable for passwords', async () => {
    const password = ['-m', 'aes-256-gcm', '--password', canaryKey];
    const running = start(['remote', '-l', '127.0.0.1:0', '--json', ...password], withKey);
    await ready(running);
    running.child.kill('SIGINT');
    expect((await running.ended).stderr).toContain('HALFLIGHT_PASSWORD or --key-file keep it out');
  });

  it('that allows BIND warns when --public-host is no address to announce', async () => {
    const said = async (host: string): Promise<string> => {
      const words = ['remote', '-l', '127.0.0.1:0', '--json', '--allow-bind', '--public-host', host];
      const running = start(words, withKey);
      await ready(running);
      running.child.kill('SIGINT');
      return (await running.ended).stderr;
    };
    expect(await said('vpn.example.com')).toContain('--public-host is a name: BIND announces');
    expect(await said('203.0.113.7')).not.toContain('BIND');
  });

  it('started twice at once for the first time ends with one key', async () => {
    const XDG_CONFIG_HOME = await temporary();
    const both = [1, 2].map(() =>
      start(['remote', '-l', '127.0.0.1:0', '--public-host', 'h', '--json'], {
        variables: { XDG_CONFIG_HOME, XDG_STATE_HOME: XDG_CONFIG_HOME },
      }),
    );
    const [one, other] = await Promise.all(both.map(ready));
    const keyOf = (uri = ''): string => uri.slice(0, uri.indexOf('@'));
    expect(keyOf(one?.uri)).toMatch(/^halflight:\/\/2022-blake3-aes-256-gcm:./);
    expect(keyOf(one?.uri)).toBe(keyOf(other?.uri));
    expect(await readdir(`${XDG_CONFIG_HOME}/halflight`)).toContain('remote.key');
  });
});

describe('a half that asks for credentials', () => {
  it('warns that the process list shows those of --auth, and prints no password', async () => {
    const auth = ['--auth', 'ann:canary', '--auth', 'bob:canary'];
    const running = start(['up', '-l', '0', ...auth]);
    expect(await running.nextLine()).toMatch(/^halflight listens on /);
    running.child.kill('SIGINT');
    const { exitCode, stdout, stderr } = await running.ended;
    expect(exitCode).toBe(0);
    expect(stdout).toContain(' --proxy-user ann https://example.com');
    expect(stderr).toContain('HALFLIGHT_AUTH or --auth-file keep it out');
    expect(stdout + stderr).not.toContain('canary');
  });

  it('says in its URI that the remote asks, and in the one for phones nothing', async () => {
    const words = ['remote', '-l', '127.0.0.1:0'];
    const variables = { ...withKey.variables, HALFLIGHT_AUTH: 'ann:secret' };
    const [json, page] = [start([...words, '--json'], { variables }), start(words, { variables })];
    expect((await ready(json)).uri).toContain('?auth=remote#');
    await page.nextLine();
    for (const { child } of [json, page]) child.kill('SIGTERM');
    const { stdout, stderr } = await page.ended;
    expect(stdout).toMatch(/^npx halflight local 'halflight:.*\?auth=remote#.*'$/m);
    expect(stdout).toMatch(/^ss:[^?]*$/m);
    expect(stdout + stderr).not.toContain('secret');
    expect(stderr).not.toContain('process list');
  });
});

describe('a local', () => {
  it('tells once that the remote cannot be reached', async () => {
    const uri = `halflight://2022-blake3-aes-256-gcm:${encodeURIComponent(canaryKey)}@127.0.0.1:1`;
    const running = start(['local', '-l', '0'], { variables: { HALFLIGHT_URI: uri } });
    expect(await running.nextLine()).toMatch(/^halflight local listens on /);
    running.child.kill('SIGINT');
    const { exitCode, stdout, stderr } = await running.ended;
    expect(exitCode).toBe(0);
    expect(stdout).toContain('The check of the path failed at stage tcp: ');
    expect(stderr).not.toContain('cannot be reached');
  });
});

describe('up', () => {
  it('with --json says where both halves listen', async () => {
    const running = start(['up', '-l', '0', '--json']);
    const first = await ready(running);
    expect(first).toMatchObject({ event: 'ready', role: 'up' });
    for (const listen of [first.listen, first.remote]) expect(listen).toMatch(/^127\.0\.0\.1:[1-9][0-9]*$/);
    expect(first.uri).toContain(`@${first.remote ?? ''}#`);
    running.child.kill('SIGHUP');
    expect((await running.ended).exitCode).toBe(0);
  });
});

describe('--json', () => {
  it('begins with the ready line, whatever the start-up check has caused before', async () => {
    const running = start(['up', '-l', '0', '--json', '--log-level', 'debug']);
    expect(await ready(running)).toMatchObject({ event: 'ready', role: 'up' });
    running.child.kill('SIGTERM');
    const { stdout } = await running.ended;
    expect(stdout).toMatch(/^\{"event":"ready".*\n\{"event":"opened"/);
  });
});

describe('a running process', () => {
  it('opens no debugger at SIGUSR1', async () => {
    const running = startRemote();
    await ready(running);
    running.child.kill('SIGUSR1');
    running.child.kill('SIGTERM');
    const { exitCode, stderr } = await running.ended;
    expect(exitCode).toBe(0);
    expect(stderr).not.toContain('Debugger');
  });

  it('is not killed by its own log when nobody reads it any more', async () => {
    const running = startRemote();
    await ready(running);
    running.child.stdout.destroy();
    running.child.stderr.destroy();
    // It says that it stops, on both outputs.
    running.child.kill('SIGTERM');
    expect((await running.ended).exitCode).toBe(0);
  });
});

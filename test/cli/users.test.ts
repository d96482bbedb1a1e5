import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseServerUri } from '../../shared/config/uri.js';
import { pattern } from '../support/codec.js';
import { cliStarter } from '../support/cli.js';
import { canaryKey, temporaryDirectories } from '../support/config.js';
import { startEcho } from '../support/targets.js';

const run = cliStarter();
const temporaryDirectory = temporaryDirectories();
const key = (seed: number): string => Buffer.from(pattern(32, seed)).toString('base64');
const variables = { HALFLIGHT_KEY: canaryKey };

async function usersFile(): Promise<string> {
  const path = join(await temporaryDirectory(), 'users');
  await writeFile(path, `ann:${key(1)}\nben:${key(2)}\n`, { mode: 0o600 });
  return path;
}

describe('halflight remote --users-file', () => {
  it('prints the URIs of the user that is named, and ends', async () => {
    const words = ['remote', '--users-file', await usersFile(), '--public-host', '192.0.2.1', '-l', '8400'];
    const { exitCode, stdout, stderr } = await run([...words, '--uri-of', 'ben'], { variables }).ended;
    expect([exitCode, stderr]).toEqual([0, '']);
    const uris = stdout
      .trimEnd()
      .split('\n')
      .map((text) => parseServerUri(text));
    expect(uris).toMatchObject(
      ['raw', 'shadowsocks'].map((wire) => ({
        wire,
        host: '192.0.2.1',
        port: 8400,
        secret: `${canaryKey}:${key(2)}`,
        // Whoever hands out many of them has to tell them apart.
        tag: expect.stringMatching(/^ben@./) as string,
      })),
    );
  });

  it('names no key on its page, and how to get at a URI', async () => {
    const remote = run(['remote', '--users-file', await usersFile(), '-l', '127.0.0.1:0'], { variables });
    const lines: string[] = [];
    for (let line = await remote.nextLine(); line !== undefined; line = await remote.nextLine()) {
      lines.push(line);
      if (line.includes('--uri-of NAME')) break;
    }
    remote.child.kill('SIGTERM');
    const { stdout, stderr } = await remote.ended;
    expect(stdout).toContain('It lets in 2 users');
    expect(`${stdout}${stderr}`).not.toContain('://');
    for (const secret of [canaryKey, key(1), key(2)]) {
      expect(`${stdout}${stderr}`).not.toContain(secret.slice(0, 8));
    }
  });

  it('serves a user, and tells at the end what each has carried', async () => {
    const echo = await startEcho();
    const path = await usersFile();
    const words = ['remote', '--users-file', path, '--allow-private', '--json'];
    const remote = run([...words, '-l', '127.0.0.1:0'], { variables });
    const ready = JSON.parse((await remote.nextLine()) ?? '') as { listen: string; users: number };
    expect(ready).toMatchObject({ event: 'ready', users: 2 });
    expect(ready).not.toHaveProperty('uri');

    const asked = run([...words, '-l', ready.listen, '--uri-of', 'ann'], { variables });
    const { uris } = JSON.parse((await asked.ended).stdout) as { uris: readonly string[] };
    const client = run(['connect', echo.host, String(echo.port), '--proxy', uris[0] ?? ''], {
      input: 'hello',
    });
    expect(await client.ended).toMatchObject({ exitCode: 0, stdout: 'hello' });
    remote.child.kill('SIGTERM');
    const { stdout } = await remote.ended;
    const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as object;
    expect(last).toEqual({
      event: 'stopped',
      users: [{ user: 'ann', conversations: 1, up: 5, down: 5 }],
    });
  });

  it.each([
    ['a user that there is not', ['--uri-of', 'zoe'], 78, '--uri-of: expected one of the 2 users'],
    [
      'a port that is not yet known',
      ['--uri-of', 'ann', '-l', '0'],
      64,
      'expected the port of the remote in -l, got 0',
    ],
  ])('%s has no URI', async (_, words, expected, why) => {
    const { exitCode, stderr } = await run(['remote', '--users-file', await usersFile(), ...words], {
      variables,
    }).ended;
    expect([exitCode, stderr]).toEqual([expected, expect.stringContaining(why)]);
  });

  it('is wanted beside --uri-of', async () => {
    const { exitCode, stderr } = await run(['remote', '--uri-of', 'ann'], { variables }).ended;
    expect([exitCode, stderr]).toEqual([
      64,
      expect.stringContaining('expected users (--users-file), got none'),
    ]);
  });
});

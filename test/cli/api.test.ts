import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { apiToken, askApi } from '../support/api.js';
import { cliStarter, type Running } from '../support/cli.js';
import { pattern } from '../support/codec.js';
import { canaryKey, temporaryDirectories } from '../support/config.js';
import { startEcho } from '../support/targets.js';

const run = cliStarter();
const temporaryDirectory = temporaryDirectories();
const key = (seed: number): string => Buffer.from(pattern(32, seed)).toString('base64');
const variables = { HALFLIGHT_KEY: canaryKey };

interface Managed {
  readonly remote: Running;
  readonly usersFile: string;
  readonly port: number;
  /** The URI of whoever has this key. */
  readonly uriOf: (secret: string) => string;
}

/** A remote with these lines in its users file that can be managed; without any there is no file. */
async function managedRemote(lines = `# ours\nann:${key(1)}\n`): Promise<Managed> {
  const directory = await temporaryDirectory();
  const [usersFile, tokenFile] = [join(directory, 'users'), join(directory, 'token')];
  if (lines !== '') await writeFile(usersFile, lines, { mode: 0o600 });
  await writeFile(tokenFile, `${apiToken}\n`, { mode: 0o600 });
  const words = ['remote', '--json', '--allow-private', '-l', '127.0.0.1:0', '--users-file', usersFile];
  const remote = run([...words, '--api', '127.0.0.1:0', '--api-token-file', tokenFile], { variables });
  const ready = JSON.parse((await remote.nextLine()) ?? '') as {
    readonly listen: string;
    readonly api: string;
  };
  const port = Number(new URL(`tcp://${ready.api}`).port);
  const uriOf = (secret: string): string =>
    `halflight://2022-blake3-aes-256-gcm:${encodeURIComponent(`${canaryKey}:${secret}`)}@${ready.listen}`;
  return { remote, usersFile, port, uriOf };
}

describe('halflight remote --api', () => {
  it('lets a program add a user, who is served, count what it carries, and remove it', async () => {
    const { remote, usersFile, port, uriOf } = await managedRemote();
    const echo = await startEcho();
    const hello = (secret: string): Promise<{ readonly exitCode: number | null; readonly stdout: string }> =>
      run(['connect', echo.host, String(echo.port), '--proxy', uriOf(secret)], { input: 'hello' }).ended;

    expect(await askApi(port, 'GET /users')).toMatchObject({
      json: { users: [{ username: 'ann', uPSK: key(1) }] },
    });
    const ben = { username: 'ben', uPSK: key(2) };
    expect(await askApi(port, 'POST /users', { json: ben })).toMatchObject({ status: 201 });
    expect(await hello(key(2))).toMatchObject({ exitCode: 0, stdout: 'hello' });
    await vi.waitFor(async () => {
      const carried = { uplinkBytes: 5, downlinkBytes: 5, tcpSessions: 1, udpSessions: 0 };
      expect(await askApi(port, 'GET /users/ben')).toMatchObject({ json: { ...ben, ...carried } });
      expect(await askApi(port, 'GET /stats')).toMatchObject({ json: carried });
    });
    expect(await askApi(port, 'PATCH /users/ben', { json: { uPSK: key(3) } })).toMatchObject({ status: 204 });
    expect(await readFile(usersFile, 'utf8')).toBe(`# ours\nann:${key(1)}\nben:${key(3)}\n`);
    expect((await stat(usersFile)).mode & 0o777).toBe(0o600);
    expect(await hello(key(3))).toMatchObject({ exitCode: 0, stdout: 'hello' });
    expect(await askApi(port, 'DELETE /users/ben')).toMatchObject({ status: 204 });
    expect(await readFile(usersFile, 'utf8')).toBe(`# ours\nann:${key(1)}\n`);

    remote.child.kill('SIGTERM');
    const { exitCode, stdout, stderr } = await remote.ended;
    expect(exitCode).toBe(0);
    expect(stderr).toContain(`users are managed over HTTP listen=127.0.0.1:${port}`);
    for (const secret of [apiToken, canaryKey, key(1), key(2), key(3)])
      expect(stdout + stderr).not.toContain(secret);
  });

  it.each(['', '# nobody yet\n'])(
    'begins with nobody, and lets in the first user, users file %j',
    async (lines) => {
      const { usersFile, port, uriOf } = await managedRemote(lines);
      const echo = await startEcho();
      expect(await askApi(port, 'GET /users')).toMatchObject({ status: 200, json: { users: [] } });
      const ann = { username: 'ann', uPSK: key(1) };
      expect(await askApi(port, 'POST /users', { json: ann })).toMatchObject({ status: 201 });
      const words = ['connect', echo.host, String(echo.port), '--proxy', uriOf(key(1))];
      expect(await run(words, { input: 'hello' }).ended).toMatchObject({ exitCode: 0, stdout: 'hello' });
      expect(await readFile(usersFile, 'utf8')).toBe(`${lines}ann:${key(1)}\n`);
    },
  );

  it('refuses keys that do not fit, and writes nothing down', async () => {
    const { usersFile, port } = await managedRemote();
    const before = await readFile(usersFile, 'utf8');
    for (const uPSK of ['AAAA', key(1), canaryKey, `${key(2)}\nmal:${key(3)}`]) {
      const answer = await askApi(port, 'POST /users', { json: { username: 'ben', uPSK } });
      expect(answer).toMatchObject({
        status: 400,
        json: { error: expect.stringContaining('expected') as string },
      });
      expect(JSON.stringify(answer.json)).not.toContain(uPSK);
    }
    expect(await readFile(usersFile, 'utf8')).toBe(before);
  });

  it('removes for good whom it could not remove from the file at first, and says so to the log alone', async () => {
    const { remote, usersFile, port } = await managedRemote(`ann:${key(1)}\nben:${key(2)}\n`);
    await chmod(usersFile, 0o644);
    const refused = await askApi(port, 'DELETE /users/ben');
    expect(refused).toMatchObject({ status: 500 });
    expect(JSON.stringify(refused.json)).not.toContain(usersFile);
    expect(await askApi(port, 'GET /users/ben')).toMatchObject({ status: 404 });
    await chmod(usersFile, 0o600);
    expect(await askApi(port, 'DELETE /users/ben')).toMatchObject({ status: 204 });
    expect(await readFile(usersFile, 'utf8')).toBe(`ann:${key(1)}\n`);

    remote.child.kill('SIGTERM');
    const { stderr } = await remote.ended;
    expect(stderr).toContain(
      `user ben: expected its removal to be written down, got users file ${usersFile}`,
    );
    expect(stderr).toContain('info user removed user=ben');
  });

  it('names the flag to change when its port is taken, and no other', async () => {
    const { port, remote } = await managedRemote();
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'token'), apiToken, { mode: 0o600 });
    const files = ['--users-file', join(directory, 'users'), '--api-token-file', join(directory, 'token')];
    const words = ['remote', '-l', '127.0.0.1:0', '--api', String(port), ...files];
    const { exitCode, stderr } = await run(words, { variables }).ended;
    expect(exitCode).toBe(69);
    expect(stderr).toContain(
      `cannot listen on 127.0.0.1:${port} (EADDRINUSE): another program listens there; choose a port with --api`,
    );
    remote.child.kill('SIGTERM');
  });

  it.each([
    [['--api', '127.0.0.1:0'], 64, '--api: expected --api-token-file as well'],
    [['--api-token-file', 'token'], 64, '--api-token-file: expected --api as well'],
    [['--api', '0.0.0.0:8389', '--api-token-file', 'token'], 78, 'expected an address of this machine alone'],
    [['--api', '8389', '--api-token-file', '/nonexistent'], 64, 'expected --users-file'],
  ])('with %j ends with %i', async (words, code, why) => {
    const { exitCode, stderr } = await run(['remote', '-l', '127.0.0.1:0', ...words], { variables }).ended;
    expect(exitCode).toBe(code);
    expect(stderr).toContain(why);
  });
});

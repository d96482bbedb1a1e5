/** What a remote would not start with is what `config check` has to find, wherever its key comes from. */
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { cliStarter, type Ended } from '../support/cli.js';
import { canaryKey, temporaryDirectories } from '../support/config.js';

const start = cliStarter();
const temporary = temporaryDirectories();

/** `config check` of a file with that in it, in a home with these other files. */
async function check(content: object, others: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const home = await temporary();
  for (const [name, text] of Object.entries({ ...others, 'x.json': JSON.stringify(content) })) {
    await writeFile(path.join(home, name), text, { mode: 0o600 });
  }
  const ended = await start(['config', 'check', path.join(home, 'x.json')], { variables: { HOME: home } })
    .ended;
  // Whatever was checked, no key was made.
  expect(await readdir(home)).toEqual([...Object.keys(others), 'x.json'].sort());
  return ended;
}

it.each([
  [{ users: ['bad'] }, 'x.json:1:10 users: 1: expected NAME:KEY, got no colon'],
  [{ users: [`ann:${canaryKey}`, `bob:${canaryKey}`] }, ' users: '],
  [{ usersFile: 'none' }, 'expected a file, got none'],
  [{ api: '127.0.0.1:0' }, 'x.json:1:8 api: expected --api-token-file as well, got none'],
  [{ keyFile: '/dev/zero' }, 'key file /dev/zero: expected a regular file, got something else'],
  [
    { keyFile: 'key', method: 'aes-256-gcm' },
    'holds a key for 2022-blake3-aes-256-gcm, but -m says aes-256-gcm',
  ],
  [{ keyFile: 'key', users: ['ann:short'] }, ' users: '],
])('finds what is wrong with %j, a file without a key', async (content, words) => {
  const { exitCode, stdout, stderr } = await check(content, {
    key: `2022-blake3-aes-256-gcm:${canaryKey}\n`,
  });
  expect({ exitCode, stdout }).toEqual({ exitCode: 78, stdout: '' });
  expect(stderr).toContain(words);
  expect(stderr).not.toContain(canaryKey);
});

it.each([
  [{ method: 'aes-256-gcm' }],
  [{ users: [`ann:${canaryKey}`] }],
  [{ keyFile: 'key', users: ['ann:a password that nobody guesses'] }],
  [{ keyFile: 'none yet' }],
  [{ managerAddress: '127.0.0.1:8839' }],
])('finds nothing wrong with %j, and makes no key', async (content) => {
  const { exitCode, stderr } = await check(content, { key: 'aes-256-gcm:another that nobody guesses\n' });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
});

it('tells where a weak password stands, and the warning about a misspelt key beside it', async () => {
  const { exitCode, stderr } = await check({
    server: '0.0.0.0',
    server_prot: 8388,
    password: 'abcabcabc12',
    method: 'aes-256-gcm',
  });
  expect(exitCode).toBe(78);
  expect(stderr).toContain(
    'x.json:1:21 "server_prot": not supported, and ignored (did you mean "server_port"?)',
  );
  expect(stderr).toMatch(/x\.json:1:\d+ password: expected 16 characters or more, got 11/);
});

it.each([
  [{ servers: [{ server: '127.0.0.1', users: [] }] }, 'remote'],
  [{ servers: [{ server: '127.0.0.1' }] }, 'local'],
])('says for which half it has read the file of another program: %j', async (content, half) => {
  const { exitCode, stderr } = await check(content);
  expect(exitCode).toBe(78);
  expect(stderr).toContain(`x.json: read as the file of a ${half}; if it is not, say --for\n`);
});

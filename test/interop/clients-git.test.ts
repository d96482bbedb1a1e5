import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../support/directory.js';
import { askingDoors, doors, password, startDoor, user } from './doors.js';
import { startGitServer } from './git-server.js';
import { shell } from './shell.js';

/** More than git sends without chunks (http.postBuffer). */
const made = `
git init --quiet --initial-branch=main work
head -c 3000000 /dev/urandom > work/filling
git -C work add filling
git -C work -c user.name=one -c user.email=one@two.invalid commit --quiet --message=filled
`;
const compared = 'cmp work/filling copy/filling';

const throughEnv = (port: string, url: string): string => `
${made}
eval "$(halflight env --listen ${port})"
git -C work push --quiet ${url} main
git clone --quiet ${url} copy
eval "$(halflight env --unset)"
test -z "$(env | grep -i _proxy)"
${compared}
`;

const throughRun = (port: string, url: string): string => `
${made}
halflight run --listen ${port} -- git -C work push --quiet ${url} main
halflight run --listen ${port} -- git clone --quiet ${url} copy
${compared}
`;

const ways = Object.entries({ 'halflight env': throughEnv, 'halflight run': throughRun });

describe.each(Object.entries(doors))('git over %s', (_name, startDoor) => {
  it.each(ways)('pushes and clones by %s', async (_way, script) => {
    const door = await startDoor();
    const server = await startGitServer();
    expect(await shell(temporaryDirectory(), script(door.port, server.url))).toEqual({
      exitCode: 0,
      output: '',
      complaint: '',
    });
    await door.expectThrough(server);
  });
});

describe.each(Object.entries(askingDoors))('git at %s', (_name, startDoor) => {
  it('pushes and clones with its password', async () => {
    const door = await startDoor();
    const server = await startGitServer();
    const variables = { HALFLIGHT_AUTH: `${user}:${password}` };
    expect(await shell(temporaryDirectory(), throughEnv(door.port, server.url), variables)).toEqual({
      exitCode: 0,
      output: '',
      complaint: '',
    });
    await door.expectThrough(server);
  });

  it('hears that it may not come in without', async () => {
    const door = await startDoor();
    const server = await startGitServer();
    const script = `halflight run --listen ${door.port} -- git clone --quiet ${server.url} copy`;
    const { exitCode, complaint } = await shell(temporaryDirectory(), script, { GIT_TERMINAL_PROMPT: '0' });
    expect(exitCode).toBe(128);
    expect(complaint).toContain('407');
    expect(server.peers()).toEqual([]);
  });
});

it('git clones as well by SOCKS5, with names left to the remote', async () => {
  const door = await startDoor();
  const server = await startGitServer();
  const script = `
    ${made}
    halflight run --listen ${door.port} -- git -C work push --quiet ${server.url} main
    git -c http.proxy=socks5h://${door.port} clone --quiet ${server.url} copy
    ${compared}
  `;
  expect(await shell(temporaryDirectory(), script)).toEqual({ exitCode: 0, output: '', complaint: '' });
  await door.expectThrough(server);
});

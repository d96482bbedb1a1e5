import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../support/directory.js';
import { content, digest } from './content.js';
import { askingDoors, doors, login, password, user } from './doors.js';
import { freePort } from './listening.js';
import { type Outcome, outcomeOf } from './outcome.js';
import { startPeer } from './programs.js';
import { startTarget } from './target.js';

/** wget's exit code for an answer of 400 or more. */
const httpError = 8;
const length = 3_000_000;

/** Runs wget with that http_proxy, which it never tries twice, and no settings of who runs the test. */
async function wget(proxy: string, words: readonly string[]): Promise<Outcome> {
  const steady = ['--no-config', '--no-verbose', '--tries=1', '--timeout=60'];
  return outcomeOf(await startPeer('wget', [...steady, ...words], { http_proxy: proxy, LC_ALL: 'C' }));
}

describe.each(Object.entries(doors))('wget over %s', (_name, startDoor) => {
  it('downloads through the http_proxy, from an address and from a name', async () => {
    const door = await startDoor();
    const target = await startTarget();
    for (const host of ['127.0.0.1', 'localhost']) {
      const url = `http://${host}:${target.port}/${length}/1`;
      const { exitCode, answer } = await wget(`http://${door.port}`, ['--output-document=-', url]);
      expect({ exitCode, answer }).toEqual({ exitCode: 0, answer: await digest(content(length, 1)) });
    }
    await door.expectThrough(target);
  });

  it('downloads several files from two hosts in one go', async () => {
    const door = await startDoor();
    const targets = [await startTarget(), await startTarget({ host: '::1' })];
    const directory = temporaryDirectory();
    const urls = targets.flatMap(({ authority }) => [
      `http://${authority}/1000/1`,
      `http://${authority}/2000/2`,
    ]);
    const { exitCode } = await wget(`http://${door.port}`, [`--directory-prefix=${directory}`, ...urls]);
    expect(exitCode).toBe(0);
    for (const [name, seed] of [
      ['1', 1],
      ['1.1', 1],
      ['2', 2],
      ['2.1', 2],
    ] as const) {
      const file = await readFile(join(directory, name));
      expect(await digest([file])).toEqual(await digest(content(seed * 1000, seed)));
    }
    for (const target of targets) await door.expectThrough(target);
  });

  it('shows why when nobody listens at the far end', async () => {
    const { port } = await startDoor();
    const { exitCode, complaint } = await wget(`http://${port}`, [`http://127.0.0.1:${await freePort()}/`]);
    expect(exitCode).toBe(httpError);
    expect(complaint).toMatch(/ERROR 502: Bad Gateway/);
  });
});

describe.each(Object.entries(askingDoors))('wget at %s', (_name, startDoor) => {
  it('comes in with its password, by flag or by URL', async () => {
    const door = await startDoor();
    const target = await startTarget();
    const words = ['--output-document=-', `http://127.0.0.1:${target.port}/1000/1`];
    const named = [`--proxy-user=${user}`, `--proxy-password=${password}`];
    const came = { exitCode: 0, answer: await digest(content(1000, 1)) };
    expect(await wget(`http://${door.port}`, [...named, ...words])).toMatchObject(came);
    expect(await wget(`http://${login}${door.port}`, words)).toMatchObject(came);
    await door.expectThrough(target);
  });

  it.each([
    ['a wrong password', [`--proxy-user=${user}`, '--proxy-password=another']],
    ['none', []],
  ] as const)('hears that it may not come in with %s', async (_kind, named) => {
    const door = await startDoor();
    const target = await startTarget();
    const { exitCode, complaint } = await wget(`http://${door.port}`, [
      ...named,
      `http://${target.authority}/1/1`,
    ]);
    expect(exitCode).toBe(httpError);
    expect(complaint).toMatch(/ERROR 407: Proxy Authentication Required/);
    expect(target.peers()).toEqual([]);
  });
});

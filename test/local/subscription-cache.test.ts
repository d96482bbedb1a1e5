import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { asked, broken, follows, hourly, list } from '../support/subscription.js';
import { page, startWeb, type Web } from '../support/web.js';

const here = follows();
const host = ({ origin }: Web): string => new URL(origin).host;

describe('the copy of last time', () => {
  const kept = async (): Promise<string> =>
    join(here.cacheDirectory, (await readdir(here.cacheDirectory))[0] ?? '');
  const leave = async (web: Web): Promise<void> => {
    const seen = await here.follow(web, {}, hourly);
    await seen.first;
    await vi.waitUntil(() =>
      kept().then(
        () => true,
        () => false,
      ),
    );
    await seen.stop();
  };

  it('is there at once, while nobody answers, and for its owner only', async () => {
    const web = await startWeb(page(list('tokyo')));
    await leave(web);
    const path = await kept();
    expect(path).not.toContain('geheim');
    expect(await readdir(here.cacheDirectory)).toHaveLength(1);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(here.cacheDirectory)).mode & 0o777).toBe(0o700);
    expect(await readFile(path, 'utf8')).not.toContain('token');

    await web.close();
    here.now += 3 * 86_400_000;
    const seen = await here.follow(web);
    expect(seen.lists).toEqual(['tokyo']);
    await vi.waitUntil(() => seen.log.length >= 2);
    expect(seen.log).toEqual([
      `info the servers of the subscription, as of last time host=${host(web)} servers=1 added=1 removed=0`,
      `warn the subscription at ${host(web)} cannot be had: fetch: expected an answer, got ECONNREFUSED: ` +
        'the list from 3 days ago stays in use',
    ]);
  });

  it('gives way to the answer', async () => {
    const web = await startWeb(page(list('tokyo')));
    await leave(web);
    web.change(page(list('osaka')));
    const seen = await here.follow(web, {}, hourly);
    await vi.waitUntil(() => seen.lists.length > 1);
    expect(seen.lists).toEqual(['tokyo', 'osaka']);
  });

  it('is that of the same address only', async () => {
    const web = await startWeb(page(list('tokyo')));
    await leave(web);
    web.change(broken);
    const seen = await here.follow(web, { url: new URL(`${web.origin}/other`) });
    await asked(web, 3);
    expect(seen.lists).toEqual([]);
  });

  it('is judged as an answer is: no plugin runs that is not allowed any more', async () => {
    const plugin = list('tokyo', 'osaka').replace('"server_port":1', '"server_port":1,"plugin":"p"');
    const web = await startWeb(page(plugin));
    const allowed = await here.follow(web, { plugins: ['p'] }, hourly);
    await allowed.first;
    await vi.waitUntil(() =>
      kept().then(
        () => true,
        () => false,
      ),
    );
    await allowed.stop();
    web.change(broken);
    expect([allowed.lists, (await here.follow(web)).lists]).toEqual([['tokyo osaka'], ['osaka']]);
  });

  it.each([
    ['that others may read', (path: string) => chmod(path, 0o644), 'expected mode 0600'],
    ['without its first line', (path: string) => writeFile(path, list('tokyo')), 'expected a line of JSON'],
    ['that was cut', (path: string) => writeFile(path, '{"at":1}\n{"version":1,"ser'), 'syntax: expected'],
    ['that is empty', (path: string) => writeFile(path, ''), 'expected a line of JSON'],
    ['that is too long', (path: string) => writeFile(path, ' '.repeat(2 ** 21)), 'expected at most'],
  ] as const)('%s is not used, and the answer takes its place', async (_what, spoil, words) => {
    const web = await startWeb(page(list('tokyo')));
    await leave(web);
    const path = await kept();
    await spoil(path);
    web.change(page(list('osaka')));
    const seen = await here.follow(web, {}, hourly);
    await seen.first;
    expect(seen.lists).toEqual(['osaka']);
    expect(seen.log[0]).toContain('warn the copy of last time is not used: ');
    expect(seen.log[0]).toContain(words);
    await vi.waitUntil(async () => (await readFile(path, 'utf8')).includes('osaka'));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('is not kept where that cannot be, which is said once', async () => {
    await mkdir(join(here.cacheDirectory, '..'), { recursive: true });
    await writeFile(here.cacheDirectory, 'a file');
    const web = await startWeb(page(list('tokyo')));
    const seen = await here.follow(web);
    await asked(web, 4);
    expect(seen.lists).toEqual(['tokyo']);
    expect(seen.log.filter((line) => line.includes('no copy of the subscription is kept'))).toHaveLength(1);
  });

  it('is not kept where everybody could put another in its place, which is said at once', async () => {
    await mkdir(here.cacheDirectory, { recursive: true });
    await chmod(here.cacheDirectory, 0o777);
    const web = await startWeb(page(list('tokyo')));
    const seen = await here.follow(web);
    await asked(web, 3);
    await seen.stop();
    expect(await readdir(here.cacheDirectory)).toEqual([]);
    const said = seen.log.filter((line) => line.includes('no copy of the subscription is kept'));
    expect(said).toEqual([expect.stringContaining('expected a directory that others cannot write')]);
  });

  it('is read again whatever its server calls it', async () => {
    const web = await startWeb(page(list('tokyo'), { ETag: `"${'x'.repeat(7000)}"` }));
    await leave(web);
    expect((await readFile(await kept(), 'utf8')).indexOf('\n')).toBeLessThan(2048);
  });

  it('is not kept where a directory has its name, and leaves no draft', async () => {
    const web = await startWeb(page(list('tokyo')));
    await leave(web);
    const path = await kept();
    await rm(path);
    await mkdir(path);
    const seen = await here.follow(web);
    await asked(web, web.asked.length + 3);
    expect(seen.lists).toEqual(['tokyo']);
    await seen.stop();
    expect(await readdir(here.cacheDirectory)).toHaveLength(1);
    expect(seen.log[0]).toContain('warn the copy of last time is not used: ');
    expect(seen.log[0]).toContain('expected a regular file');
  });

  it('is not kept for an account without a home', async () => {
    const web = await startWeb(page(list('tokyo')));
    const seen = await here.follow(web, { cacheDirectory: undefined });
    await asked(web, 3);
    expect(seen.log).toHaveLength(1);
  });
});

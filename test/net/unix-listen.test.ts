import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isStale, listenUnix } from '../../shared/net/unix-listen.js';
import { temporaryDirectory } from '../support/directory.js';

function closedAfterwards(): net.Server {
  const server = net.createServer();
  onTestFinished(() => {
    server.close();
  });
  return server;
}

/** A socket at `place` whose process was killed. */
async function leaveBehind(place: string): Promise<void> {
  const program = "require('net').createServer().listen(process.argv[1], () => console.log('listens'))";
  const child = spawn(process.execPath, ['-e', program, place], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');
}

describe('a unix socket', () => {
  it('can be used by its owner alone, whatever the umask, and is gone afterwards', async () => {
    const place = path.join(temporaryDirectory(), 's.sock');
    const before = process.umask(0);
    onTestFinished(() => {
      process.umask(before);
    });
    const server = closedAfterwards();
    await listenUnix(server, place);
    expect(statSync(place).mode & 0o777).toBe(0o600);
    expect(process.umask(0)).toBe(0);
    server.close();
    await once(server, 'close');
    expect(() => statSync(place)).toThrow('ENOENT');
  });

  it('takes the place of one that nobody listens on', async () => {
    const place = path.join(temporaryDirectory(), 's.sock');
    await leaveBehind(place);
    expect(await isStale(place)).toBe(true);
    await listenUnix(closedAfterwards(), place);
    expect(await isStale(place)).toBe(false);
  });

  it('is that of one alone when several find it left behind at once', async () => {
    const place = path.join(temporaryDirectory(), 's.sock');
    await leaveBehind(place);
    const servers = [closedAfterwards(), closedAfterwards(), closedAfterwards()];
    const outcomes = await Promise.allSettled(servers.map((server) => listenUnix(server, place)));
    const refused = outcomes
      .filter((outcome) => outcome.status === 'rejected')
      .map(({ reason }) => reason as unknown);
    expect(refused).toMatchObject([{ code: 'EADDRINUSE' }, { code: 'EADDRINUSE' }]);
    expect(await isStale(place)).toBe(false);
    expect(readdirSync(path.dirname(place))).toEqual(['s.sock']);
  });

  it('takes the place of nothing else', async () => {
    const directory = temporaryDirectory();
    const [live, file] = [path.join(directory, 'live.sock'), path.join(directory, 'file')];
    await listenUnix(closedAfterwards(), live);
    writeFileSync(file, 'precious');
    for (const [place, code] of [
      [live, 'EADDRINUSE'],
      [file, 'EEXIST'],
      [directory, 'EEXIST'],
    ] as const) {
      await expect(listenUnix(closedAfterwards(), place)).rejects.toMatchObject({ code });
    }
    expect(statSync(file).size).toBe(8);
    expect(await isStale(path.join(directory, 'nothing'))).toBe(false);
  });

  it('of somebody who listens at that path by then stays when one is closed', async () => {
    const place = path.join(temporaryDirectory(), 's.sock');
    const first = closedAfterwards();
    const close = await listenUnix(first, place);
    unlinkSync(place);
    const second = closedAfterwards();
    const closeSecond = await listenUnix(second, place);
    close();
    await once(first, 'close');
    expect(await isStale(place)).toBe(false);
    expect(statSync(place).isSocket()).toBe(true);
    closeSecond();
    await once(second, 'close');
    expect(readdirSync(path.dirname(place))).toEqual([]);
  });

  it('is not made at the beginning of a path that is too long', async () => {
    const place = path.join(temporaryDirectory(), 'x'.repeat(120));
    await expect(listenUnix(closedAfterwards(), place)).rejects.toMatchObject({ code: 'ENAMETOOLONG' });
  });
});

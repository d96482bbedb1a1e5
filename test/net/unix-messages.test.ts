import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ConfigError } from '../../shared/errors.js';
import type { MessageReceived, MessageSocket } from '../../shared/net/messages.js';
import { type BridgeWaits, hearUnix } from '../../shared/net/unix-messages.js';
import { temporaryDirectory } from '../support/directory.js';
import { askAtPath, perlAt } from '../support/manager.js';
import { runs } from '../support/plugin.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

const echo: MessageReceived = (message, answer) => {
  answer(Buffer.concat([Buffer.from('heard '), message]));
};

/** A socket at a new path, closed when the test is over. */
async function hearing(
  path = join(temporaryDirectory(), 'manager.sock'),
  waits: Partial<BridgeWaits> = {},
): Promise<MessageSocket & { readonly path: string; readonly warnings: readonly string[] }> {
  const warnings: string[] = [];
  const socket = await hearUnix(path, {
    received: echo,
    waits,
    warn: (detail) => {
      warnings.push(detail);
    },
  });
  onTestFinished(() => socket.close());
  return { ...socket, path, warnings };
}

describe('messages at a unix socket', () => {
  it('are heard and answered, whatever is in them', async () => {
    const { path, text } = await hearing();
    expect(text).toBe(path);
    const messages = ['ping', '', 'a\nb', 'x'.repeat(30_000), '\u0001\u0002'];
    expect(await askAtPath(path, messages)).toEqual(messages.map((message) => `heard ${message}`));
  });

  it('come to a socket that nobody else can write to, and that is gone afterwards', async () => {
    const socket = await hearing();
    const { path } = socket;
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(path).isSocket()).toBe(true);
    await socket.close();
    await socket.close();
    expect(existsSync(path)).toBe(false);
  });

  it('take the place of a socket that nobody listens at any more', async () => {
    const path = join(temporaryDirectory(), 'old.sock');
    execFileSync('perl', [
      '-MSocket',
      '-e',
      'socket(my $s, PF_UNIX, SOCK_DGRAM, 0) or die; bind($s, pack_sockaddr_un($ARGV[0])) or die $!',
      path,
    ]);
    expect(existsSync(path)).toBe(true);
    await hearing(path);
    expect(await askAtPath(path, ['ping'])).toEqual(['heard ping']);
  });

  it('take the place of nothing else', async () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'file');
    writeFileSync(file, 'mine');
    const inUse = (await hearing()).path;
    const link = join(directory, 'link');
    symlinkSync(inUse, link);
    const server = createServer();
    const stream = join(directory, 'stream.sock');
    server.listen(stream);
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
    });
    const why: string[] = [];
    for (const path of [file, directory, link, stream, inUse, join(directory, 'no', 'such')]) {
      const error: unknown = await hearing(path).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(ConfigError);
      why.push((error as Error).message.replace(/^manager socket \S+: expected /, ''));
    }
    expect(why).toEqual([
      'a free path, or a socket that nobody listens at, got something else',
      'a free path, or a socket that nobody listens at, got something else',
      'a free path, or a socket that nobody listens at, got something else',
      expect.stringContaining('nobody listens at'),
      'a free path, got one that somebody listens at',
      expect.stringContaining('No such file or directory'),
    ]);
    expect(readdirSync(directory).sort()).toEqual(['file', 'link', 'stream.sock']);
  });

  it('are heard again after Perl has ended by itself', async () => {
    const { path, warnings } = await hearing();
    const [pid] = await perlAt(path);
    process.kill(Number(pid), 'SIGKILL');
    await vi.waitUntil(() => warnings.length === 1);
    expect(warnings[0]).toBe(
      `manager socket ${path}: expected perl to go on, got its end; it is started anew in 1 s`,
    );
    await vi.waitFor(async () => {
      expect(await askAtPath(path, ['ping'])).toEqual(['heard ping']);
    }, 5000);
  });

  it.each([
    ['short again once Perl has run for a while', 0, ['0.01', '0.01', '0.01']],
    ['longer each time when it never does', 60_000, ['0.01', '0.02', '0.02']],
  ])('are heard again after a pause that is %s', async (_, steadyMs, pauses) => {
    const { path, warnings } = await hearing(undefined, {
      shortestPauseMs: 10,
      longestPauseMs: 20,
      steadyMs,
    });
    for (let deaths = 1; deaths <= pauses.length; deaths += 1) {
      await vi.waitFor(async () => {
        expect(await askAtPath(path, ['ping'])).toEqual(['heard ping']);
      }, 5000);
      process.kill(Number((await perlAt(path))[0]), 'SIGKILL');
      await vi.waitUntil(() => warnings.length === deaths, 5000);
    }
    expect(warnings.map((detail) => / in ([\d.]+) s$/.exec(detail)?.[1])).toEqual(pauses);
  });

  it('leave no socket behind when they are closed after Perl has been killed', async () => {
    const socket = await hearing(undefined, { shortestPauseMs: 1_000_000 });
    const { path, warnings } = socket;
    process.kill(Number((await perlAt(path))[0]), 'SIGKILL');
    await vi.waitUntil(() => warnings.length === 1);
    await socket.close();
    expect(existsSync(path)).toBe(false);
  });

  it('are given up when Perl says nothing, and nothing is left of it', async () => {
    const bin = temporaryDirectory();
    writeFileSync(join(bin, 'perl'), '#!/bin/sh\nexec sleep 600\n', { mode: 0o755 });
    vi.stubEnv('PATH', `${bin}:${process.env['PATH'] ?? ''}`);
    await expect(hearing('/x/manager.sock', { readyMs: 100 })).rejects.toThrow(
      new ConfigError('manager socket /x/manager.sock: expected perl to listen, got nothing within 100 ms'),
    );
  });

  it('are heard no more when their close has settled, though Perl was just being started anew', async () => {
    const bin = temporaryDirectory();
    const socket = await hearing(undefined, { shortestPauseMs: 1, killMs: 100 });
    const { path, warnings } = socket;
    const started = join(bin, 'started');
    writeFileSync(join(bin, 'perl'), `#!/bin/sh\necho $$ > ${started}\nexec sleep 600\n`, { mode: 0o755 });
    vi.stubEnv('PATH', `${bin}:${process.env['PATH'] ?? ''}`);
    process.kill(Number((await perlAt(path))[0]), 'SIGKILL');
    const pid = await vi.waitUntil(() => existsSync(started) && Number(readFileSync(started, 'utf8')), 5000);
    await socket.close();
    expect(runs(pid)).toBe(false);
    expect(warnings).toHaveLength(1);
  });

  it('need Perl, and say what to do without', async () => {
    vi.stubEnv('PATH', temporaryDirectory());
    await expect(hearing()).rejects.toThrow(
      'expected perl on the PATH, got none: install it, or name a UDP address',
    );
    await expect(hearing()).rejects.toThrow(ConfigError);
  });

  it('leave nothing when their process is killed', async () => {
    const path = join(temporaryDirectory(), 'manager.sock');
    const script = new URL('../../shared/net/unix-messages.pl', import.meta.url).pathname;
    const parent = spawn(process.execPath, [
      '-e',
      `const child = require('node:child_process').spawn('perl', [${JSON.stringify(script)}, ${JSON.stringify(path)}], { stdio: ['pipe', 'pipe', 'inherit'] });
       child.stdout.once('data', () => console.log('ready'));`,
    ]);
    await once(parent.stdout, 'data');
    expect(existsSync(path)).toBe(true);
    parent.kill('SIGKILL');
    await vi.waitUntil(() => !existsSync(path), 5000);
  });
});

import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ConfigError } from '../../shared/errors.js';
import type { MessageReceived, MessageSocket } from '../../shared/net/messages.js';
import { hearUnix } from '../../shared/net/unix-messages.js';
import { temporaryDirectory } from '../support/directory.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

const echo: MessageReceived = (message, answer) => {
  answer(Buffer.concat([Buffer.from('heard '), message]));
};

/** A socket at a new path, closed when the test is over. */
async function hearing(
  path = join(temporaryDirectory(), 'manager.sock'),
  received = echo,
): Promise<MessageSocket & { readonly path: string; readonly warnings: readonly string[] }> {
  const warnings: string[] = [];
  const socket = await hearUnix(path, {
    received,
    warn: (detail) => {
      warnings.push(detail);
    },
  });
  onTestFinished(() => socket.close());
  return { ...socket, path, warnings };
}

const panel = `
  use Socket qw(PF_UNIX SOCK_DGRAM pack_sockaddr_un);
  my ($path, $own, @messages) = @ARGV;
  socket(my $s, PF_UNIX, SOCK_DGRAM, 0) or die "socket: $!";
  bind($s, pack_sockaddr_un($own)) or die "bind: $!";
  for (@messages) {
    defined send($s, pack('H*', $_), 0, pack_sockaddr_un($path)) or die "send: $!";
    defined recv($s, my $answer, 65536, 0) or die "recv: $!";
    print unpack('H*', $answer), "\\n";
  }`;

/** What a panel in Perl hears when it sends each of these messages from a path of its own. */
async function ask(path: string, messages: readonly string[]): Promise<readonly string[]> {
  const own = join(temporaryDirectory(), 'panel.sock');
  const words = messages.map((message) => Buffer.from(message, 'latin1').toString('hex'));
  const { stdout } = await promisify(execFile)('perl', ['-e', panel, path, own, ...words], {
    timeout: 5_000,
  });
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => Buffer.from(line, 'hex').toString('latin1'));
}

describe('messages at a unix socket', () => {
  it('are heard and answered, whatever is in them', async () => {
    const { path, text } = await hearing();
    expect(text).toBe(path);
    const messages = ['ping', '', 'a\nb', 'x'.repeat(30_000), '\u0001\u0002'];
    expect(await ask(path, messages)).toEqual(messages.map((message) => `heard ${message}`));
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
    expect(await ask(path, ['ping'])).toEqual(['heard ping']);
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
    const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)]);
    const pid = /^ *(\d+) perl .*$/m.exec(stdout.split('\n').find((line) => line.endsWith(path)) ?? '')?.[1];
    process.kill(Number(pid), 'SIGKILL');
    await vi.waitUntil(() => warnings.length === 1);
    expect(warnings[0]).toBe(
      `manager socket ${path}: expected perl to go on, got its end; it is started anew`,
    );
    await vi.waitFor(async () => {
      expect(await ask(path, ['ping'])).toEqual(['heard ping']);
    }, 5000);
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

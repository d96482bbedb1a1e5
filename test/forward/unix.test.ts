import { once } from 'node:events';
import { link, lstat, rename, symlink, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { endOf, errorOf, running } from '../support/forward.js';
import { temporaryDirectory } from '../support/directory.js';
import { connect, type Digest, Peer } from '../support/peer.js';
import { startEcho, startTarget } from '../support/targets.js';

async function connectTo(socketPath: string): Promise<Peer> {
  const socket = net.connect({ path: socketPath, allowHalfOpen: true });
  await once(socket, 'connect');
  return new Peer(socket);
}

/** A target at a unix socket; the next connection to it. */
async function unixTarget(socketPath: string): Promise<() => Promise<Peer>> {
  const server = net.createServer({ allowHalfOpen: true });
  const arrived: Promise<Peer>[] = [];
  const next = (): void => {
    arrived.push(once(server, 'connection').then(([socket]) => new Peer(socket as net.Socket)));
  };
  next();
  server.on('connection', next);
  server.listen(socketPath);
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return () =>
    arrived.shift() ?? Promise.reject(new Error('target: expected to be asked after a connection'));
}

async function pourAll(peer: Peer, total: number): Promise<Digest> {
  const all = await peer.pour(total);
  peer.end();
  return all;
}

/** Leaves a socket at which nobody listens. */
async function leaveStale(socketPath: string): Promise<void> {
  const server = net.createServer().listen(socketPath);
  await once(server, 'listening');
  // Whoever dies does not tidy up: closing does, so the file is linked to before.
  await link(socketPath, `${socketPath}.kept`);
  server.close();
  await once(server, 'close');
  await rename(`${socketPath}.kept`, socketPath);
}

describe('a forward from a unix socket', () => {
  it('leads to its target, for this user alone, and is gone when it stops', async () => {
    const [directory, echo] = [temporaryDirectory(), await startEcho()];
    const from = { path: path.join(directory, 'from.sock') };
    const files = ['before', 'after'].map((name) => path.join(directory, name));
    await writeFile(files[0] ?? '', '');
    const forward = await running([{ from, to: echo }]);
    await writeFile(files[1] ?? '', '');
    const [own, before, after] = await Promise.all(
      [from.path, ...files].map(async (each) => (await lstat(each)).mode & 0o777),
    );
    // Files of others are made as ever.
    expect([forward.listen, own, after]).toEqual([from.path, 0o600, before]);
    const client = await connectTo(from.path);
    await client.send('hello');
    expect(String(await client.read(5))).toBe('hello');
    client.end();
    expect(await client.ended()).toBe('fin');
    await forward.stop(0);
    expect(await errorOf(lstat(from.path))).toMatchObject({ code: 'ENOENT' });
  });

  it('takes the place of a socket at which nobody listens', async () => {
    const [directory, echo] = [temporaryDirectory(), await startEcho()];
    const from = { path: path.join(directory, 'from.sock') };
    await leaveStale(from.path);
    expect((await lstat(from.path)).isSocket()).toBe(true);
    await running([{ from, to: echo }]);
    const client = await connectTo(from.path);
    await client.send('hello');
    expect(String(await client.read(5))).toBe('hello');
  });

  it('leaves alone one at which somebody listens, and what is no socket', async () => {
    const [directory, echo] = [temporaryDirectory(), await startEcho()];
    const from = { path: path.join(directory, 'from.sock') };
    const file = { path: path.join(directory, 'file') };
    await Promise.all([running([{ from, to: echo }]), writeFile(file.path, 'kept')]);
    expect(await errorOf(running([{ from, to: echo }]))).toMatchObject({
      code: 'EADDRINUSE',
      message: `forward ${from.path}: expected a place that is free, got one where somebody listens (EADDRINUSE)`,
    });
    expect(await errorOf(running([{ from: file, to: echo }]))).toMatchObject({
      code: 'EEXIST',
      message: `forward ${file.path}: expected a path that is free, got one of a file that is no socket (EEXIST)`,
    });
    const nowhere = { path: path.join(directory, 'no', 'x') };
    expect(await errorOf(running([{ from: nowhere, to: echo }]))).toMatchObject({
      message: `forward ${nowhere.path}: expected a directory that is there and may be written to, got another one (EACCES)`,
    });
    await connectTo(from.path);
  });
});

describe('a forward to a unix socket', () => {
  it('lets each direction end by itself, at a unix socket and a port', async () => {
    const directory = temporaryDirectory();
    const [from, to] = [
      { path: path.join(directory, 'from.sock') },
      { path: path.join(directory, 'to.sock') },
    ];
    const next = await unixTarget(to.path);
    const { at, forwards } = await running([{ to }, { from, to }]);
    expect(forwards[1]).toEqual({ listen: from.path, to: to.path, transport: 'tcp' });
    for (const come of [() => connect(at[0]?.port ?? 0), () => connectTo(from.path)]) {
      const client = await come();
      const far = await next();
      void client.send('question');
      client.end();
      expect([String(await far.rest()), await far.ended()]).toEqual(['question', 'fin']);
      const answer = await Promise.all([pourAll(far, 3_000_000), client.digest()]);
      expect(answer[1]).toEqual(answer[0]);
    }
  });

  it('that is not there resets its client, and says so', async () => {
    const directory = temporaryDirectory();
    const to = { path: path.join(directory, 'nobody.sock') };
    const { at, events } = await running([{ to }]);
    expect(await endOf(at[0])).toBe('reset');
    const target = { host: to.path, port: 0 };
    expect(events.find(({ event }) => event === 'refused')).toMatchObject({
      target,
      reason: 'general-failure',
    });
  });

  it('that is one of its own, by whatever name, is refused', async () => {
    const directory = temporaryDirectory();
    const from = { path: path.join(directory, 'from.sock') };
    const other = path.join(directory, 'other.sock');
    const { events } = await running([{ from, to: { path: other } }]);
    await symlink(from.path, other);
    const client = await connectTo(from.path);
    await client.ended();
    expect(events.filter(({ event }) => event === 'refused')).toMatchObject([{ reason: 'not-allowed' }]);
  });

  it('resets its client when the target breaks, behind all that came', async () => {
    const directory = temporaryDirectory();
    const from = { path: path.join(directory, 'from.sock') };
    const target = await startTarget();
    await running([{ from, to: target }]);
    const client = await connectTo(from.path);
    const far = await target.next();
    await far.send('last words');
    await client.read(4);
    far.reset();
    expect(String(await client.rest())).toBe(' words');
  });
});

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import net from 'node:net';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Peer, stalled } from '../support/peer.js';
import { startTarget, type TestTarget } from '../support/targets.js';
import { startTunnel } from '../support/tunnel.js';

const program = path.resolve(import.meta.dirname, '../../dist/cli.js');
const MiB = 1024 * 1024;
const size = 128 * MiB;
/** What the kernel's buffers of four connections and the queues between them may hold, and much less than all. */
const held = 64 * MiB;

/** `connect` with both its pipes in the hands of the test, which reads nothing by itself. */
function join(
  target: TestTarget,
  listen: string,
): { readonly input: net.Socket; readonly output: net.Socket } {
  const child = spawn(
    process.execPath,
    [program, 'connect', target.host, String(target.port), '--proxy', listen],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  if (!(child.stdin instanceof net.Socket) || !(child.stdout instanceof net.Socket))
    throw new Error('no pipes');
  return { input: child.stdin, output: child.stdout };
}

it('a reader of stdout that stops holds the target back, and gets everything later', async () => {
  const { local } = await startTunnel();
  const target = await startTarget();
  const { output } = join(target, local.service.listen);
  const there = await target.next();
  const pouring = there.pour(size);
  await stalled(there);
  expect(there.socket.bytesWritten).toBeLessThan(held);

  const hash = createHash('sha256');
  output.on('data', (piece: Buffer) => hash.update(piece));
  const sent = await pouring;
  there.end();
  await new Promise((resolve) => output.once('end', resolve));
  expect(hash.digest('hex')).toBe(sent.sha256);
});

it('a target that stops reading holds stdin back, and gets everything later', async () => {
  const { local } = await startTunnel();
  const target = await startTarget();
  const { input } = join(target, local.service.listen);
  const there = await target.next();
  there.socket.pause();
  const writer = new Peer(input);
  const pouring = writer.pour(size);
  await stalled(writer);
  expect(input.bytesWritten).toBeLessThan(held);

  there.socket.resume();
  const sent = await pouring;
  writer.end();
  expect(await there.digest()).toEqual(sent);
});

import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { stalled } from '../support/peer.js';
import { startTarget } from '../support/targets.js';
import { connectThrough, startTunnel } from '../support/tunnel.js';

const MiB = 1024 * 1024;
const size = 64 * MiB;
/** More than all queues of both halves and of the test together. Without back-pressure half of it all would wait. */
const bound = 4 * MiB;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Where socket queues live, in bytes; what is garbage has been swept, which V8 does behind our back. */
async function held(): Promise<number> {
  for (let before = -1; ;) {
    collectGarbage();
    const { arrayBuffers, external } = process.memoryUsage();
    if (arrayBuffers + external === before) return before;
    before = arrayBuffers + external;
    await pause(50);
  }
}

describe('a reader that stops reading', () => {
  it.each([
    ['client', 'raw'],
    ['client', 'shadowsocks'],
    ['target', 'raw'],
    ['target', 'shadowsocks'],
  ] as const)('at the %s stops the writer over the %s wire, and gets everything later', async (who, wire) => {
    const tunnel = await startTunnel({ local: { wire } });
    const target = await startTarget();
    const client = await connectThrough(tunnel, target);
    const there = await target.next();
    const [reader, writer] = who === 'client' ? [client, there] : [there, client];

    reader.socket.pause();
    const before = await held();
    const pouring = writer.pour(size);
    await stalled(writer);
    expect((await held()) - before).toBeLessThan(bound);
    expect(writer.socket.bytesWritten).toBeLessThan(size);

    reader.socket.resume();
    const sent = await pouring;
    writer.end();
    expect(await reader.digest()).toEqual(sent);
    expect([sent.length, reader.ending]).toEqual([size, 'fin']);
  });

  it('does not keep others waiting', async () => {
    const tunnel = await startTunnel();
    const target = await startTarget();
    const slow = await connectThrough(tunnel, target);
    const slowThere = await target.next();
    slow.socket.pause();
    void slowThere.pour(size);
    await stalled(slowThere);

    const quick = await connectThrough(tunnel, target);
    const quickThere = await target.next();
    const sent = await quickThere.pour(8 * MiB);
    quickThere.end();
    expect(await quick.digest()).toEqual(sent);
    expect(slow.ending).toBeUndefined();
  });
});

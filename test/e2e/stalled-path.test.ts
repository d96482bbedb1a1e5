import { describe, expect, it } from 'vitest';
import { startTarget } from '../support/targets.js';
import { connectThrough, startTunnel } from '../support/tunnel.js';

const MiB = 1024 * 1024;

describe('an upload that nobody takes', () => {
  it('waits for as long as the remote can be reached, and is complete in the end', async () => {
    const tunnel = await startTunnel({ local: { timeouts: { stallMs: 20 } } });
    const target = await startTarget();
    const client = await connectThrough(tunnel, target);
    const there = await target.next();
    there.socket.pause();
    const upload = Buffer.alloc(32 * MiB, 'u');
    const sent = client.send(upload);
    // Each of these is a carrier that asked whether the path works.
    const checks = (): number => tunnel.remote.seen('opened').length - 1;
    await expect.poll(checks, { timeout: 10_000 }).toBeGreaterThan(3);
    expect(client.ending).toBeUndefined();
    there.socket.resume();
    await sent;
    client.end();
    expect((await there.rest()).length).toBe(upload.length);
    expect(there.ending).toBe('fin');
  });

  it('is reset when the remote cannot be reached any more', async () => {
    const tunnel = await startTunnel({ local: { timeouts: { stallMs: 20 } } });
    const target = await startTarget();
    const client = await connectThrough(tunnel, target);
    const there = await target.next();
    there.socket.pause();
    // It listens no longer, and what is open goes on: to new dials it is gone.
    const stopped = tunnel.remote.service.stop(60_000);
    void client.send(Buffer.alloc(32 * MiB)).catch(() => undefined);
    expect(await client.ended()).toBe('reset');
    const closed = tunnel.local.seen('closed').at(-1);
    expect(closed).toMatchObject({ error: 'timed-out' });
    there.socket.resume();
    expect(await there.ended()).toBe('reset');
    await stopped;
  });
});

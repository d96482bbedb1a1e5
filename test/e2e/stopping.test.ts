import { describe, expect, it } from 'vitest';
import { connect, stalled } from '../support/peer.js';
import { startTarget } from '../support/targets.js';
import { connectThrough, startTunnel } from '../support/tunnel.js';

const MiB = 1024 * 1024;
const halves = ['local', 'remote'] as const;
const long = 60_000;

describe.each(halves)('a %s that is stopped', (half) => {
  it('takes no new connection, and lets a transfer under way finish', async () => {
    const tunnel = await startTunnel();
    const target = await startTarget();
    const client = await connectThrough(tunnel, target);
    const there = await target.next();
    void there.send('the beginning');
    await client.read(13);

    let stopped = false;
    const stopping = tunnel[half].service.stop(long).then(() => (stopped = true));
    await expect(connect(tunnel[half].port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const [sent] = await Promise.all([there.pour(8 * MiB), client.pour(8 * MiB)]);
    expect(stopped).toBe(false);
    there.end();
    client.end();
    expect(await client.digest()).toEqual(sent);
    expect(await there.digest()).toMatchObject({ length: 8 * MiB });
    expect([client.ending, there.ending]).toEqual(['fin', 'fin']);
    await stopping;
  });

  it('resets on both sides what is left after the grace', async () => {
    const tunnel = await startTunnel();
    const target = await startTarget();
    const client = await connectThrough(tunnel, target);
    const there = await target.next();
    await tunnel[half].service.stop(50);
    expect([await client.ended(), await there.ended()]).toEqual(['reset', 'reset']);
  });

  it('does not wait for a reader that stalls', async () => {
    const tunnel = await startTunnel();
    const target = await startTarget();
    const client = await connectThrough(tunnel, target);
    const there = await target.next();
    for (const peer of [client, there]) peer.socket.pause();
    void client.pour(64 * MiB);
    void there.pour(64 * MiB);
    await Promise.all([stalled(client), stalled(there)]);
    await tunnel[half].service.stop(0);
    for (const peer of [client, there]) peer.socket.resume();
    await Promise.all([client.rest(), there.rest()]);
    expect([client.ending, there.ending]).toEqual(['reset', 'reset']);
  });

  it('is more impatient when it is told so a second time', async () => {
    const tunnel = await startTunnel();
    const target = await startTarget();
    const client = await connectThrough(tunnel, target);
    const there = await target.next();
    const first = tunnel[half].service.stop(long);
    await tunnel[half].service.stop(0);
    await first;
    expect([await client.ended(), await there.ended()]).toEqual(['reset', 'reset']);
  });

  it('with nothing open stops at once, however long the grace', async () => {
    const tunnel = await startTunnel();
    await tunnel[half].service.stop(long);
    await expect(connect(tunnel[half].port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('in the middle of a handshake ends it at once: nothing has been promised', async () => {
    const tunnel = await startTunnel();
    const client = await connect(tunnel.local.port);
    void client.send(Uint8Array.of(5, 1, 0));
    await client.read(2);
    const stopped = tunnel.local.service.stop(600_000);
    expect(await client.ended()).toBe('fin');
    client.end();
    await stopped;
  });
});

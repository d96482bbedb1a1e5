import { randomBytes } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { connect } from '../support/peer.js';
import { deadPort, startEcho, startTarget } from '../support/targets.js';
import { ask, connectThrough, startTunnel, type Tunnel } from '../support/tunnel.js';

/** The connections this process holds: those of both halves, of their clients and of their targets. */
function connections(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
}

type Conversation = (tunnel: Tunnel) => Promise<unknown>;

async function clean(tunnel: Tunnel): Promise<void> {
  const target = await startTarget();
  const client = await connectThrough(tunnel, target);
  const there = await target.next();
  await Promise.all([client.pour(10_000), there.pour(10_000)]);
  client.end();
  there.end();
  await Promise.all([client.digest(), there.digest()]);
}

/** Every way in which a conversation can go. */
const conversations: Readonly<Record<string, Conversation>> = {
  'that end cleanly': clean,
  'that the client resets': async (tunnel) => {
    const target = await startTarget();
    const client = await connectThrough(tunnel, target);
    void client.send('a request');
    const there = await target.next();
    await there.read(9);
    client.reset();
    await there.ended();
  },
  'that the target resets': async (tunnel) => {
    const target = await startTarget();
    const client = await connectThrough(tunnel, target);
    (await target.next()).reset();
    await client.ended();
  },
  'that are refused': async (tunnel) => {
    const { client } = await ask(tunnel.local.port, { host: '127.0.0.1', port: await deadPort() });
    client.end();
    await client.ended();
  },
  'that are no SOCKS5': async ({ local }) => {
    const client = await connect(local.port);
    void client.send(randomBytes(100));
    client.end();
    await client.ended();
  },
  'that are given up while the remote dials': async ({ local }) => {
    const client = await connect(local.port);
    await client.send(Buffer.from('05010005010003106e6f2d737563682e696e76616c69640050', 'hex'));
    client.reset();
  },
  'that only probe the remote': async ({ remote }) => {
    const prober = await connect(remote.port);
    void prober.send(randomBytes(221));
    prober.end();
    await prober.ended();
  },
};

describe.each(['raw', 'shadowsocks'] as const)('over the %s wire', (wire) => {
  it.each(Object.entries(conversations))(
    '50 conversations %s leave nothing open',
    async (_name, converse) => {
      const tunnel = await startTunnel({ local: { wire, timeouts: { carrierIdleMs: 100 } } });
      // The count counts: a conversation under way is seen.
      // Over the standard wire it may still be dialled, and a dial that is given up ends cleanly: an echo ends then, too.
      const open = await connectThrough(tunnel, await startEcho());
      expect(connections()).toBeGreaterThan(0);
      open.reset();

      for (let run = 0; run < 5; run++) {
        await Promise.all(Array.from({ length: 10 }, () => converse(tunnel)));
      }
      await vi.waitFor(
        () => {
          expect(connections()).toBe(0);
        },
        { timeout: 15_000 },
      );
      const ids = (name: 'opened' | 'closed'): number[] =>
        [tunnel.local, tunnel.remote].flatMap((half) => half.seen(name).map(({ id }) => id)).sort();
      expect(ids('closed')).toEqual(ids('opened'));
    },
  );
});

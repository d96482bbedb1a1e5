import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { startTap, type Tap } from '../support/tap.js';
import { startEcho, startTarget } from '../support/targets.js';
import {
  connectThrough,
  expectServed,
  localHalf,
  remoteHalf,
  startTunnel,
  type Tunnel,
} from '../support/tunnel.js';

const MiB = 1024 * 1024;

/** A target's last words and its reset reach the far kernel together: no read comes between them. */
const lastWords = 'x'.repeat(1000);

describe('an end that is not clean', () => {
  describe.each([
    ['raw wire', 'raw', 0],
    ['raw wire, on a carrier that has had a conversation,', 'raw', 1],
    ['shadowsocks wire', 'shadowsocks', 0],
  ] as const)('over the %s', (_name, wire, before) => {
    const begin = async (changes: Parameters<typeof startTunnel>[0]): Promise<Tunnel> => {
      const tunnel = await startTunnel(changes);
      for (let each = 0; each < before; each++) await expectServed(tunnel, await startEcho());
      return tunnel;
    };

    it('of a target in mid-download brings the client every byte, then a reset', async () => {
      const tunnel = await begin({ local: { wire } });
      const target = await startTarget();
      const client = await connectThrough(tunnel, target);
      void client.send('go');
      const there = await target.next();
      await there.read(2);
      const heard = client.digest();
      const sent = await there.pour(3 * MiB);
      await there.send('');
      // Two replies came before. What the kernels still held would be lost to the reset.
      await vi.waitFor(() => {
        expect(client.socket.bytesRead).toBe(2 + 10 + sent.length);
      });
      there.reset();
      expect(await heard).toEqual(sent);
      expect(client.ending).toBe('reset');
    });

    it('of a target that resets right behind its last words is no clean end', async () => {
      const tunnel = await begin({ local: { wire } });
      const target = await startTarget();
      for (let run = 0; run < 5; run++) {
        const client = await connectThrough(tunnel, target);
        void client.send('go');
        const there = await target.next();
        await there.read(2);
        there.socket.write(lastWords);
        there.reset();
        const heard = await client.rest();
        expect([heard.toString(), client.ending]).toEqual([lastWords, 'reset']);
      }
    });

    it('of a target that has heard its client out, and resets right behind its last words, is no clean end', async () => {
      const tunnel = await begin({ local: { wire } });
      const target = await startTarget();
      const client = await connectThrough(tunnel, target);
      void client.send('go');
      client.end();
      const there = await target.next();
      await there.rest();
      there.socket.write(lastWords);
      there.reset();
      expect([(await client.rest()).toString(), client.ending]).toEqual([lastWords, 'reset']);
    });

    it('of a client is a reset at the target', async () => {
      const tunnel = await begin({ local: { wire } });
      const target = await startTarget();
      const client = await connectThrough(tunnel, target);
      void client.send('a request');
      const there = await target.next();
      await there.read(9);
      client.reset();
      expect(await there.ended()).toBe('reset');
    });

    it('of a client that resets right behind its last words is no clean end', async () => {
      const tunnel = await begin({ local: { wire } });
      const target = await startTarget();
      for (let run = 0; run < 5; run++) {
        const client = await connectThrough(tunnel, target);
        const there = await target.next();
        client.socket.write(lastWords);
        client.reset();
        expect(await there.ended()).toBe('reset');
      }
    });

    it('of a client in mid-download is a reset at the target, which is not kept sending', async () => {
      const tunnel = await begin({ local: { wire } });
      const target = await startTarget();
      const client = await connectThrough(tunnel, target);
      void client.send('go');
      const there = await target.next();
      const pouring = there.pour(1024 * MiB);
      await client.read(MiB);
      client.reset();
      expect((await pouring).length).toBeLessThan(1024 * MiB);
      expect(await there.ended()).toBe('reset');
    });
  });

  it('of the carrier is a reset on both sides, wherever it was cut', async () => {
    const tunnel = await tapped();
    const target = await startTarget();
    for (const cut of ['fin', 'reset'] as const) {
      const client = await connectThrough(tunnel, target);
      const there = await target.next();
      void there.send('half of a file');
      await client.read(14);
      tunnel.tap.connections.at(-1)?.cut(cut);
      expect([cut, await client.ended(), await there.ended()]).toEqual([cut, 'reset', 'reset']);
    }
  });

  it.each(['local', 'remote'] as const)(
    'is what a conversation gets in which no byte moves for as long as the %s allows',
    async (half) => {
      const tunnel = await startTunnel({ [half]: { timeouts: { idleMs: 200 } } });
      const target = await startTarget();
      const client = await connectThrough(tunnel, target);
      const there = await target.next();
      expect([await client.ended(), await there.ended()]).toEqual(['reset', 'reset']);
    },
  );

  it('leaves the tunnel open for the next client', async () => {
    const tunnel = await startTunnel();
    const target = await startTarget();
    const client = await connectThrough(tunnel, target);
    (await target.next()).reset();
    await client.ended();
    await expectServed(tunnel, await startEcho());
  });

  it('of a carrier brings a slow client all that the local still holds for it', async () => {
    const tunnel = await tapped();
    const target = await startTarget();
    const client = await connectThrough(tunnel, target);
    client.socket.pause();
    void (await target.next()).pour(64 * MiB);
    await vi.waitFor(
      () => {
        // The kernels are full: the local holds what the client does not take.
        const { connections } = tunnel.tap;
        const before = connections[0]?.down.length ?? 0;
        return pause(100).then(() => {
          expect(connections[0]?.down.length).toBe(before);
        });
      },
      { timeout: 10_000 },
    );
    tunnel.tap.connections[0]?.cut('reset');
    client.socket.resume();
    await client.rest();
    expect(client.ending).toBe('reset');
    expect(client.socket.bytesRead).toBe(tunnel.local.seen('closed')[0]?.down);
  });
});

interface Tapped extends Tunnel {
  readonly tap: Tap;
}

async function tapped(): Promise<Tapped> {
  const remote = await remoteHalf();
  const tap = await startTap(remote.port);
  return { remote, tap, local: await localHalf(remote, { port: tap.port }) };
}

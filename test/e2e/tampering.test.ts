import { describe, expect, it, vi } from 'vitest';
import { connect } from '../support/peer.js';
import { expectSilence, flipped, rawFlight, sealMore, shadowsocksFlight } from '../support/prober.js';
import { startTap, type Carry } from '../support/tap.js';
import { startEcho, startTarget } from '../support/targets.js';
import { connectThrough, expectServed, localHalf, remoteHalf, socksWords } from '../support/tunnel.js';

const methods = ['2022-blake3-aes-256-gcm', 'aes-256-gcm'] as const;

/** Turns one bit over in the n-th byte that passes. */
function flipAt(position: number): Carry {
  return async (from, to) => {
    let passed = 0;
    for await (const piece of from) {
      const at = position - passed;
      passed += piece.length;
      to.write(at >= 0 && at < piece.length ? flipped(piece, at * 8 + 3) : piece);
    }
  };
}

describe.each(methods)('a chunk of %s that was tampered with', (method) => {
  it('never reaches the target, nor does anything behind it, and its sender meets silence', async () => {
    const remote = await remoteHalf({ method });
    const target = await startTarget();
    const chunk = Buffer.from('0123456789'.repeat(5));
    // Length, its tag, payload, its tag.
    for (let position = 0; position < 18 + chunk.length + 16; position += 3) {
      const { bytes, sealer } = shadowsocksFlight(remote.cipher, target, { payload: Buffer.from('genuine') });
      const peer = await connect(remote.port);
      await peer.send(bytes);
      const there = await target.next();
      await there.read(7);
      await peer.send(flipped(sealMore(sealer, chunk), position * 8));
      await peer.send(sealMore(sealer, chunk));
      expect([(await there.rest()).length, there.ending]).toEqual([0, 'reset']);
      await expectSilence(peer);
    }
    await expectServed({ local: await localHalf(remote) }, await startEcho());
  });

  it('in the same segment as the genuine flight is met by silence, and its target is not dialled', async () => {
    const remote = await remoteHalf({ method });
    const target = await startTarget();
    const { bytes, sealer } = shadowsocksFlight(remote.cipher, target, { payload: Buffer.from('genuine') });
    const peer = await connect(remote.port);
    await peer.send(Buffer.concat([bytes, flipped(sealMore(sealer, Buffer.from('forged')), 0)]));
    await vi.waitUntil(() => remote.seen('closed').length === 1);
    expect([remote.seen('closed')[0]?.error, remote.seen('granted'), target.accepted]).toEqual([
      'auth',
      [],
      0,
    ]);
    await expectSilence(peer);
  });

  it('while the handshake inside goes on is met by silence too', async () => {
    const remote = await remoteHalf({ method });
    const echo = await startEcho();
    const { greeting, request } = socksWords(echo);
    const reserved = { host: 'handshake.halflight.invalid', port: 1 };
    const { bytes, sealer } = shadowsocksFlight(remote.cipher, reserved, {
      payload: Buffer.concat([Buffer.from([0]), greeting]),
    });
    const peer = await connect(remote.port);
    await peer.send(bytes);
    const heard = await peer.read(60);
    expect(heard.length).toBe(60);
    await peer.send(flipped(sealMore(sealer, request), 5));
    await vi.waitFor(() => {
      expect(remote.seen('absorbed')).toHaveLength(1);
    });
    expect(echo.accepted).toBe(0);
    expect(peer.ending).toBeUndefined();
    peer.end();
    expect(await peer.ended()).toBe('fin');
  });

  it('on its way down is a reset for the client, who gets the part before it and nothing after', async () => {
    const remote = await remoteHalf({ method });
    const file = Buffer.from(Array.from({ length: 60_000 }, (_, at) => (at * 7919) >>> 5));
    for (const position of [3000, 20_000, 59_000]) {
      const tap = await startTap(remote.port, { down: flipAt(position) });
      const local = await localHalf(remote, { port: tap.port });
      const target = await startTarget();
      const client = await connectThrough({ local }, target);
      void client.send('GET');
      const there = await target.next();
      await there.read(3);
      void there.send(file);
      const heard = await client.rest();
      expect(client.ending).toBe('reset');
      expect(heard.length).toBeLessThan(position);
      expect(heard.equals(file.subarray(0, heard.length))).toBe(true);
      expect(await there.ended()).toBe('reset');
    }
  });
});

describe('a carrier', () => {
  it('of a later version of the raw wire is closed with a warning, and nothing is dialled', async () => {
    const remote = await remoteHalf();
    const echo = await startEcho();
    const peer = await connect(remote.port);
    await peer.send(rawFlight(remote.cipher, echo, { version: 2 }).bytes);
    expect([(await peer.rest()).length, peer.ending]).toEqual([0, 'fin']);
    expect(remote.seen('warning').map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/version 1, got 2/),
    ]);
    expect(echo.accepted).toBe(0);
    await expectServed({ local: await localHalf(remote) }, echo);
  });

  it('that says more behind its end mark is absorbed', async () => {
    const remote = await remoteHalf();
    const target = await startTarget();
    const { bytes, sealer } = rawFlight(remote.cipher, target);
    const peer = await connect(remote.port);
    await peer.send(bytes);
    const there = await target.next();
    const mark: Uint8Array[] = [];
    sealer.end(mark);
    await peer.send(Buffer.concat(mark));
    expect(await there.ended()).toBe('fin');
    await peer.send(sealMore(sealer, Buffer.from('one more thing')));
    await vi.waitFor(() => {
      expect(remote.seen('absorbed')).toHaveLength(1);
    });
    expect(there.waiting).toBe(0);
    await expectServed({ local: await localHalf(remote) }, await startEcho());
  });
});

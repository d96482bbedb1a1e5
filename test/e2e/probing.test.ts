import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { expectAbsorbed, leastPadding, probe, rawFlight } from '../support/prober.js';
import { startEcho } from '../support/targets.js';
import { expectServed, localHalf, remoteHalf, type RunningRemote } from '../support/tunnel.js';

/** Those of the censor, and beyond every buffer (docs/probes.md T-01). */
const lengths = [...Array.from({ length: 222 }, (_, length) => length), 999, 1024, 4096, 65_536];
/** Fewer than may wait half-received from one source, so that all of them are treated alike. */
const atOnce = 57;
const absorbMs = 400;
const methods = ['2022-blake3-aes-256-gcm', 'aes-128-gcm'] as const;

async function everyLength(run: (length: number) => Promise<void>): Promise<void> {
  for (let at = 0; at < lengths.length; at += atOnce) {
    await Promise.all(lengths.slice(at, at + atOnce).map(run));
  }
}

async function expectHonestServed(remote: RunningRemote): Promise<void> {
  await expectServed({ local: await localHalf(remote) }, await startEcho());
}

describe.each(methods)('a remote of %s', (method) => {
  it('says nothing to random bytes of any length, and sends one FIN at the deadline', async () => {
    const remote = await remoteHalf({ method, timeouts: { absorbMs } });
    await everyLength(async (length) => {
      const bytes = randomBytes(length);
      expectAbsorbed(await probe(remote.port, (peer) => peer.send(bytes)), absorbMs);
    });
    await expectHonestServed(remote);
  });

  it('answers the FIN behind random bytes of any length with a FIN, long before the deadline', async () => {
    const remote = await remoteHalf({ method });
    await everyLength(async (length) => {
      const reaction = await probe(remote.port, (peer) => {
        void peer.send(randomBytes(length));
        peer.end();
      });
      expect([length, reaction.heard, reaction.ending]).toEqual([length, 0, 'fin']);
    });
    await expectHonestServed(remote);
  });

  it('reads on, without a reset, whatever else comes until the deadline', async () => {
    const remote = await remoteHalf({ method, timeouts: { absorbMs } });
    const reaction = await probe(remote.port, async (peer) => {
      // More than the kernels hold: unread bytes would turn the FIN into a reset.
      await peer.pour(16 * 1024 * 1024);
    });
    expectAbsorbed(reaction, absorbMs);
    await expectHonestServed(remote);
  });

  it('serves a first flight that comes one byte at a time', async () => {
    const remote = await remoteHalf({ method });
    const echo = await startEcho();
    const { bytes } = rawFlight(remote.cipher, echo, { environment: leastPadding });
    await probe(remote.port, async (peer) => {
      for (const byte of bytes) await peer.send(Uint8Array.of(byte));
      await peer.read(1);
      peer.end();
    });
    expect(echo.accepted).toBe(1);
  });

  it('absorbs a first flight that comes one byte at a time and stops, wherever it stops', async () => {
    const remote = await remoteHalf({ method, timeouts: { absorbMs: 600 } });
    const echo = await startEcho();
    const { length } = rawFlight(remote.cipher, echo, { environment: leastPadding }).bytes;
    const stops = [1, 15, 16, 17, 31, 32, 33, 49, 50, 51, 58, 59, 60, length - 17, length - 1];
    await Promise.all(
      stops.map(async (stop) => {
        const { bytes } = rawFlight(remote.cipher, echo, { environment: leastPadding });
        const said = bytes.subarray(0, Math.min(stop, bytes.length - 1));
        const reaction = await probe(remote.port, async (peer) => {
          for (const byte of said) await peer.send(Uint8Array.of(byte));
        });
        expectAbsorbed(reaction, 600);
      }),
    );
    expect(echo.accepted).toBe(0);
    expect(remote.seen('absorbed')).toHaveLength(stops.length);
    await expectHonestServed(remote);
  });
});

it('a prober that was absorbed is shown no reset when the remote stops', async () => {
  const remote = await remoteHalf();
  const reaction = await probe(remote.port, async (peer) => {
    await peer.send(randomBytes(221));
    await probe(remote.port, (other) => {
      other.end();
    });
    await remote.service.stop(0);
  });
  expect([reaction.heard, reaction.ending]).toEqual([0, 'fin']);
});

it('more half-received openings than may wait are absorbed like all others', async () => {
  const remote = await remoteHalf({ timeouts: { absorbMs } });
  await Promise.all(
    Array.from({ length: 100 }, async () => {
      expectAbsorbed(await probe(remote.port, (peer) => peer.send(randomBytes(20))), absorbMs);
    }),
  );
  // Nobody can tell from outside who had to make room.
  const turnedAway = remote.seen('absorbed').filter(({ why }) => why.includes('too many'));
  expect(turnedAway).toHaveLength(100 - 64);
  await expectHonestServed(remote);
});

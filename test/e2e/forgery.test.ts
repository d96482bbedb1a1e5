import { randomBytes } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { findMethod, systemEnvironment, type Environment } from '../../index.js';
import { concat } from '../../shared/bytes.js';
import { encodeTarget } from '../../shared/codec/address.js';
import type { Cipher } from '../../shared/codec/stream.js';
import { connect } from '../support/peer.js';
import { expectSilence, flipped, leastPadding, rawFlight, shadowsocksFlight } from '../support/prober.js';
import { startEcho, type TestTarget } from '../support/targets.js';
import { expectServed, localHalf, remoteHalf, type RunningRemote } from '../support/tunnel.js';

const methods = ['2022-blake3-aes-256-gcm', 'chacha20-ietf-poly1305'] as const;

/** Sends the flight and waits until the remote has judged it; it may have done nothing else. */
async function expectForgery(remote: RunningRemote, flight: Uint8Array): Promise<void> {
  const before = remote.seen('absorbed').length;
  const peer = await connect(remote.port);
  await peer.send(flight);
  await vi.waitFor(
    () => {
      expect(remote.seen('absorbed').length).toBe(before + 1);
    },
    { interval: 1, timeout: 5000 },
  );
  await expectSilence(peer);
}

/** The control of every forgery: the genuine flight reaches the target. */
async function expectGenuine(remote: RunningRemote, target: TestTarget, flight: Uint8Array): Promise<void> {
  const before = target.accepted;
  const peer = await connect(remote.port);
  await peer.send(flight);
  expect((await peer.read(50)).length).toBe(50);
  expect(target.accepted).toBe(before + 1);
}

describe.each(methods)('a remote of %s', (method) => {
  it.each([
    ['raw', rawFlight],
    ['shadowsocks', shadowsocksFlight],
  ] as const)('absorbs a first flight of the %s wire with any one bit turned over', async (_wire, flight) => {
    const remote = await remoteHalf({ method });
    const echo = await startEcho();
    const { bytes } = flight(remote.cipher, echo, {
      environment: leastPadding,
      ...(flight === shadowsocksFlight && { payload: randomBytes(40) }),
    });
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      await expectForgery(remote, flipped(bytes, bit));
    }
    expect(echo.accepted).toBe(0);
    // The forgeries have not used up the salt of the genuine one.
    await expectGenuine(remote, echo, bytes);
  });

  it('absorbs a flight under another key', async () => {
    const remote = await remoteHalf({ method });
    const echo = await startEcho();
    const stranger: Cipher = { ...remote.cipher, key: randomBytes(remote.cipher.key.length) };
    await expectForgery(remote, rawFlight(stranger, echo).bytes);
    expect(echo.accepted).toBe(0);
    await expectServed({ local: await localHalf(remote) }, echo);
  });

  it('absorbs a flight of every other method, under the same key', async () => {
    const remote = await remoteHalf({ method });
    const echo = await startEcho();
    const others = (
      [
        '2022-blake3-aes-256-gcm',
        '2022-blake3-chacha20-poly1305',
        'aes-256-gcm',
        'aes-128-gcm',
        'chacha20-ietf-poly1305',
      ] as const
    ).filter((name) => name !== method);
    for (const name of others) {
      const other = findMethod(name);
      const key = Buffer.concat([remote.cipher.key, remote.cipher.key]).subarray(0, other.keyLength);
      await expectForgery(remote, rawFlight({ ...remote.cipher, method: other, key }, echo).bytes);
    }
    expect(echo.accepted).toBe(0);
    await expectServed({ local: await localHalf(remote) }, echo);
  });

  it('absorbs its own words when they are sent back to it', async () => {
    const remote = await remoteHalf({ method });
    const echo = await startEcho();
    // What the echo says back reads as a request, should anybody open it.
    const payload = concat([encodeTarget(echo), Buffer.from('reflected')]);
    const { method: spoken } = remote.cipher;
    const header = spoken.edition === 2017 ? 18 : 27 + spoken.saltLength;
    const client = await connect(remote.port);
    await client.send(shadowsocksFlight(remote.cipher, echo, { payload }).bytes);
    await expectForgery(remote, await client.read(spoken.saltLength + header + payload.length + 16));
    expect(echo.accepted).toBe(1);
    await expectServed({ local: await localHalf(remote) }, echo);
  });
});

describe('the clock of a first flight', () => {
  /** Both clocks stand still, so that no second passes between them. */
  const second = 1_900_000_000;
  const clock = (offset: number): Environment => ({
    ...systemEnvironment,
    now: () => (second + offset) * 1000 + 500,
  });

  it.each([-30, -29, 0, 29, 30])('may be off by %i s', async (offset) => {
    const remote = await remoteHalf({ environment: clock(0) });
    const echo = await startEcho();
    await expectGenuine(remote, echo, rawFlight(remote.cipher, echo, { environment: clock(offset) }).bytes);
  });

  it.each([-86_400, -31, 31, 86_400, -second])('may not be off by %i s', async (offset) => {
    const remote = await remoteHalf({ environment: clock(0) });
    const echo = await startEcho();
    await expectForgery(remote, rawFlight(remote.cipher, echo, { environment: clock(offset) }).bytes);
    expect(remote.seen('absorbed')[0]?.why).toContain('timestamp');
    expect(echo.accepted).toBe(0);
    await expectServed({ local: await localHalf(remote, { environment: clock(0) }) }, echo);
  });

  it('is checked by the local as well: a remote whose clock is off is not believed', async () => {
    const remote = await remoteHalf({ environment: clock(0) });
    const echo = await startEcho();
    // Sent by a clock that is right and read by one that has moved on: the answer is 31 s behind.
    let asked = 0;
    const local = await localHalf(remote, {
      environment: { ...systemEnvironment, now: () => (second + (asked++ === 0 ? 0 : 31)) * 1000 },
    });
    const check = await local.service.check();
    expect(check).toMatchObject({ ok: false, stage: 'authenticate' });
    expect(check.ok ? '' : check.detail).toContain('31 s behind');
    expect(echo.accepted).toBe(0);
  });
});

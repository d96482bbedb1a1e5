import { describe, expect, it, vi } from 'vitest';
import { temporaryDirectories } from '../support/config.js';
import { connect, type Peer } from '../support/peer.js';
import { expectSilence, leastPadding, rawFlight } from '../support/prober.js';
import { startTap } from '../support/tap.js';
import { startEcho, startTarget } from '../support/targets.js';
import {
  connectThrough,
  expectServed,
  localHalf,
  remoteHalf,
  type RemoteChanges,
  type RunningRemote,
} from '../support/tunnel.js';

const methods = ['2022-blake3-aes-256-gcm', 'aes-256-gcm'] as const;
const temporary = temporaryDirectories();

/** Plays a recording to the remote, which may do nothing but know it. */
async function expectAbsorbedReplay(remote: RunningRemote, recording: Uint8Array): Promise<void> {
  const before = remote.seen('absorbed').length;
  const peer = await connect(remote.port);
  await peer.send(recording);
  await vi.waitFor(
    () => {
      expect(remote.seen('absorbed').length).toBe(before + 1);
    },
    { interval: 1, timeout: 5000 },
  );
  await expectSilence(peer);
}

/** Plays a flight that has to be answered, and leaves the conversation open. */
async function expectAnswered(remote: RunningRemote, flight: Uint8Array): Promise<Peer> {
  const peer = await connect(remote.port);
  await peer.send(flight);
  await peer.read(50);
  return peer;
}

/** The same remote in a new process, as far as anything but its settings is concerned. */
async function restarted(remote: RunningRemote, changes: RemoteChanges = {}): Promise<RunningRemote> {
  await remote.service.stop(0);
  const { settings } = remote;
  return remoteHalf({ ...settings, method: settings.method.name, ...changes });
}

describe.each(methods)('a recording of %s', (method) => {
  it('is absorbed, during its conversation and after it', async () => {
    const remote = await remoteHalf({ method });
    const tap = await startTap(remote.port);
    const local = await localHalf(remote, { port: tap.port });
    const target = await startTarget();
    const client = await connectThrough({ local }, target);
    const there = await target.next();
    void client.send('please delete it all');
    await there.read(20);
    const recording = tap.connections[0]?.up ?? Buffer.alloc(0);
    expect(recording.length).toBeGreaterThan(100);
    for (let time = 0; time < 3; time++) await expectAbsorbedReplay(remote, recording);

    client.end();
    there.end();
    await Promise.all([client.ended(), there.ended()]);
    await expectAbsorbedReplay(remote, tap.connections[0]?.up ?? recording);
    // Its beginning is enough to be known, and its end is not needed.
    await expectAbsorbedReplay(remote, recording.subarray(0, 120));
    expect(target.accepted).toBe(1);
    expect(new Set(remote.seen('absorbed').map(({ why }) => why))).toEqual(new Set(['replayed salt']));
    await expectServed({ local }, await startEcho());
  });

  it('cannot be burnt by who holds its beginning, wherever it is cut (T-07)', async () => {
    const remote = await remoteHalf({ method });
    const echo = await startEcho();
    const flight = (): Buffer => rawFlight(remote.cipher, echo, { environment: leastPadding }).bytes;
    const { length } = flight();
    for (let cut = 1; cut < length; cut++) {
      const recording = flight();
      const holder = await connect(remote.port);
      await holder.send(recording.subarray(0, cut));
      const victim = await expectAnswered(remote, recording);
      await expectAbsorbedReplay(remote, recording);
      // Whoever held the beginning gains nothing by letting go of the rest.
      await holder.send(recording.subarray(cut));
      holder.end();
      expect([(await holder.rest()).length, holder.ending]).toEqual([0, 'fin']);
      victim.reset();
    }
    expect(echo.accepted).toBe(length - 1);
  });

  it('is answered once when it is played twice in the same moment', async () => {
    const remote = await remoteHalf({ method });
    const echo = await startEcho();
    const { bytes } = rawFlight(remote.cipher, echo);
    const peers = await Promise.all(Array.from({ length: 10 }, () => connect(remote.port)));
    await Promise.all(peers.map((peer) => peer.send(bytes)));
    await vi.waitFor(() => {
      expect(remote.seen('absorbed')).toHaveLength(9);
      expect(peers.filter(({ waiting }) => waiting > 0)).toHaveLength(1);
    });
    expect(echo.accepted).toBe(1);
  });
});

describe('after a restart of the remote', () => {
  it.each([true, false])('a 2017 recording is known from the journal (first run: %s)', async (freshKey) => {
    const stateDirectory = await temporary();
    const first = await remoteHalf({ method: 'aes-256-gcm', freshKey, stateDirectory });
    const echo = await startEcho();
    const { bytes } = rawFlight(first.cipher, echo);
    await expectAnswered(first, bytes);
    const second = await restarted(first, { freshKey: false });
    await expectAbsorbedReplay(second, bytes);
    const third = await restarted(second);
    await expectAbsorbedReplay(third, bytes);
    expect(echo.accepted).toBe(1);
    await expectServed({ local: await localHalf(third) }, echo);
  });

  it('its own words of before are known from the journal as well', async () => {
    const stateDirectory = await temporary();
    const first = await remoteHalf({ method: 'aes-256-gcm', freshKey: false, stateDirectory });
    const echo = await startEcho();
    const peer = await connect(first.port);
    await peer.send(rawFlight(first.cipher, echo).bytes);
    const said = await peer.read(60);
    const second = await restarted(first);
    await expectAbsorbedReplay(second, said);
    expect(second.seen('absorbed')[0]?.why).toBe('replayed salt');
  });

  it('a journal of another key is no obstacle', async () => {
    const stateDirectory = await temporary();
    await remoteHalf({ method: 'aes-256-gcm', freshKey: false, stateDirectory });
    const other = await remoteHalf({ method: 'aes-256-gcm', freshKey: false, stateDirectory });
    await expectServed({ local: await localHalf(other) }, await startEcho());
    expect(other.seen('warning')).toEqual([]);
  });

  it('a 2022 recording of before is absorbed, and a new client is served', async () => {
    const first = await remoteHalf({ freshKey: true });
    const echo = await startEcho();
    const recorded = rawFlight(first.cipher, echo).bytes;
    await expectAnswered(first, recorded);
    // Nobody has played this one yet: that it is older than the remote has to be enough.
    const unplayed = rawFlight(first.cipher, echo).bytes;
    const second = await restarted(first, { freshKey: false });
    await expectAbsorbedReplay(second, recorded);
    await expectAbsorbedReplay(second, unplayed);
    expect(echo.accepted).toBe(1);
    await expectServed({ local: await localHalf(second) }, echo);
  });
});

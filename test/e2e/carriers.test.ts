import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { findMethod, generateSecret, systemEnvironment } from '../../index.js';
import { soleServer } from '../../shared/config/server-choices.js';
import type { CarrierCounts } from '../../shared/outbound/carriers.js';
import { connect } from '../support/peer.js';
import { startTap, type Tap } from '../support/tap.js';
import { deadPort, startEcho, startTarget } from '../support/targets.js';
import {
  ask,
  connectThrough,
  expectServed,
  type LocalChanges,
  localHalf,
  readReply,
  type RemoteChanges,
  remoteHalf,
  socksWords,
  type Tunnel,
  uriOf,
} from '../support/tunnel.js';

interface Tapped extends Tunnel {
  readonly tap: Tap;
}

const method = '2022-blake3-aes-256-gcm';

/** A tunnel whose connections are counted. */
async function tapped(changes: { remote?: RemoteChanges; local?: LocalChanges } = {}): Promise<Tapped> {
  const remote = await remoteHalf(changes.remote);
  const tap = await startTap(remote.port);
  return { remote, tap, local: await localHalf(remote, { ...changes.local, port: tap.port }) };
}

function counts({ local }: Tunnel): CarrierCounts {
  return local.service.carriers();
}

/** How carriers came to an end while they waited. */
function ends({ local }: Tunnel): (string | undefined)[] {
  return local.seen('carrier').flatMap(({ what, why }) => (what === 'closed' ? [why] : []));
}

describe('conversations one after the other', () => {
  it.each(['2022-blake3-aes-256-gcm', 'aes-256-gcm'] as const)(
    'go over one connection with %s',
    async (name) => {
      const tunnel = await tapped({ remote: { method: name } });
      const echo = await startEcho();
      for (let each = 0; each < 20; each++) await expectServed(tunnel, echo);
      expect([tunnel.tap.connections.length, echo.accepted]).toEqual([1, 20]);
      expect(counts(tunnel)).toMatchObject({ opened: 1, reused: 19, replayed: 0 });
      expect(tunnel.local.seen('carrier').map(({ what, idle }) => [what, idle])).toEqual([
        ['opened', 0],
        ...Array.from({ length: 19 }, () => [
          ['kept', 1],
          ['used', 0],
        ]).flat(),
        ['kept', 1],
      ]);
      const [opened] = tunnel.local.seen('carrier');
      expect(tunnel.local.seen('granted').every(({ carrier }) => carrier === opened?.carrier)).toBe(true);
      expect(tunnel.remote.seen('closed').filter(({ error }) => error !== undefined)).toEqual([]);
    },
  );

  it('go on over it after one that was refused', async () => {
    const tunnel = await tapped();
    const { client, reply } = await ask(tunnel.local.port, { host: '127.0.0.1', port: await deadPort() });
    expect(reply.code).not.toBe(0);
    client.end();
    await client.ended();
    await expectServed(tunnel, await startEcho());
    expect(tunnel.tap.connections).toHaveLength(1);
  });

  it('go over it in plain HTTP, and past the door of a remote that asks for credentials', async () => {
    const page = await startTarget({
      serve: (peer) => {
        void peer.read(1).then(() => {
          void peer.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        });
      },
    });
    const plain = await tapped();
    for (let each = 0; each < 3; each++) {
      const client = await connect(plain.local.port);
      const head = `GET http://127.0.0.1:${page.port}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
      void client.send(head);
      expect((await client.rest()).toString()).toMatch(/^HTTP\/1.1 200[^]*ok$/);
      client.end();
      await vi.waitUntil(() => plain.local.seen('carrier').at(-1)?.what === 'kept');
    }
    expect(plain.tap.connections).toHaveLength(1);

    const asking = await tapped({ remote: { credentials: [{ user: 'ann', password: 'secret' }] } });
    const echo = await startEcho();
    for (let each = 0; each < 3; each++) {
      const client = await connect(asking.local.port);
      void client.send(Uint8Array.of(5, 1, 2));
      expect(await client.read(2)).toEqual(Buffer.of(5, 2));
      void client.send(Buffer.from('\x01\x03ann\x06secret', 'latin1'));
      expect(await client.read(2)).toEqual(Buffer.of(1, 0));
      void client.send(socksWords(echo).request);
      expect((await readReply(client)).code).toBe(0);
      client.end();
      await client.ended();
    }
    expect(asking.tap.connections).toHaveLength(1);
  });

  it('do not go over one whose conversation was reset, or over the standard wire', async () => {
    const tunnel = await tapped();
    const target = await startTarget();
    const client = await connectThrough(tunnel, target);
    client.reset();
    await (await target.next()).ended();
    await expectServed(tunnel, await startEcho());
    expect(tunnel.tap.connections).toHaveLength(2);

    const standard = await tapped({ local: { wire: 'shadowsocks' } });
    const echo = await startEcho();
    for (let each = 0; each < 3; each++) await expectServed(standard, echo);
    expect(standard.tap.connections).toHaveLength(3);
  });

  it('need as many connections as there are conversations at once', async () => {
    const tunnel = await tapped();
    const echo = await startEcho();
    for (let round = 0; round < 3; round++) {
      await Promise.all(Array.from({ length: 8 }, () => expectServed(tunnel, echo)));
    }
    expect(tunnel.tap.connections.length).toBeLessThanOrEqual(8);
    expect(echo.accepted).toBe(24);
  });
});

it('a carrier is not kept when the remote says something behind the end of its conversation', async () => {
  let armed = false;
  const remote = await remoteHalf();
  const tap = await startTap(remote.port, {
    down: async (from, to) => {
      for await (const piece of from) {
        to.write(armed ? Buffer.concat([piece, Buffer.alloc(50)]) : piece);
        armed = false;
      }
    },
  });
  const local = await localHalf(remote, { port: tap.port });
  const echo = await startEcho();
  const client = await connectThrough({ local }, echo);
  await client.send('one');
  await client.read(3);
  armed = true;
  client.end();
  expect(await client.ended()).toBe('fin');
  await expectServed({ local }, echo);
  expect(tap.connections).toHaveLength(2);
  expect(local.service.carriers()).toMatchObject({ opened: 2, reused: 0, replayed: 0 });
});

describe('a carrier that waits', () => {
  it('is closed after its time by the local', async () => {
    const tunnel = await tapped({ local: { timeouts: { carrierIdleMs: 60 } } });
    const echo = await startEcho();
    await expectServed(tunnel, echo);
    await vi.waitUntil(() => ends(tunnel).length === 1);
    expect(ends(tunnel)).toEqual(['idle']);
    await expectServed(tunnel, echo);
    expect(tunnel.tap.connections).toHaveLength(2);
  });

  it('is closed after its time by the remote', async () => {
    const tunnel = await tapped({ remote: { timeouts: { carrierRestMs: 60 } } });
    await expectServed(tunnel, await startEcho());
    await vi.waitUntil(() => ends(tunnel).length === 1);
    expect(ends(tunnel)).toEqual(['closed by the other half']);
  });

  it.each(['local', 'remote'] as const)('has no conversation when it is too old for the %s', async (half) => {
    const tunnel = await tapped({ [half]: { timeouts: { warmForMs: 0, carrierAgeMs: 0 } } });
    const echo = await startEcho();
    for (let each = 0; each < 3; each++) {
      await expectServed(tunnel, echo);
      await vi.waitUntil(() => half === 'local' || ends(tunnel).length === each + 1);
    }
    expect(tunnel.tap.connections).toHaveLength(3);
    expect(counts(tunnel).reused).toBe(0);
  });

  it('has one more conversation when only the remote finds it too old: the local may have begun it', async () => {
    const ageMs = 1_000_000;
    const tunnel = await tapped({ remote: { timeouts: { carrierAgeMs: ageMs } } });
    const [echo, now] = [await startEcho(), performance.now.bind(performance)];
    const client = await connectThrough(tunnel, echo);
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + ageMs + 1);
    onTestFinished(() => {
      clock.mockRestore();
    });
    client.end();
    await client.ended();
    await expectServed(tunnel, echo);
    expect([tunnel.tap.connections.length, counts(tunnel).reused]).toEqual([1, 1]);
  });

  it('is given up when the computer has slept', async () => {
    let slept = 0;
    const environment = { ...systemEnvironment, now: () => Date.now() + slept };
    const tunnel = await tapped({ local: { environment } });
    const echo = await startEcho();
    await expectServed(tunnel, echo);
    // Less than the clocks of the halves may differ by.
    slept = 20_000;
    await expectServed(tunnel, echo);
    expect(ends(tunnel)).toEqual(['this computer has slept']);
    expect(counts(tunnel)).toMatchObject({ opened: 2, reused: 0, dropped: 1 });
  });

  it('is closed when its server is replaced', async () => {
    const tunnel = await tapped();
    await expectServed(tunnel, await startEcho());
    const other = await remoteHalf();
    tunnel.local.service.replaceServers([soleServer(uriOf(other))]);
    await vi.waitUntil(() => ends(tunnel).length === 1);
  });

  it('is closed at once by a remote that stops, which waits for those in use', async () => {
    const tunnel = await tapped();
    const [target, echo] = await Promise.all([startTarget(), startEcho()]);
    const client = await connectThrough(tunnel, target);
    await expectServed(tunnel, echo);
    const stopped = tunnel.remote.service.stop(60_000);
    await vi.waitUntil(() => ends(tunnel).length === 1);

    const there = await target.next();
    void client.send('still served');
    expect((await there.read(12)).toString()).toBe('still served');
    client.end();
    there.end();
    await stopped;
    expect([await client.ended(), await there.ended()]).toEqual(['fin', 'fin']);
    expect(tunnel.local.seen('carrier').filter(({ what }) => what === 'kept')).toHaveLength(2);
  });

  it('is cut off with its user', async () => {
    const [secret, own] = [0, 1].map(() => generateSecret(findMethod(method), systemEnvironment));
    const tunnel = await tapped({
      remote: { method, secret: secret ?? '', users: [{ name: 'ann', secret: own ?? '' }] },
      local: { secret: `${secret ?? ''}:${own ?? ''}` },
    });
    const echo = await startEcho();
    await expectServed(tunnel, echo);
    await tunnel.remote.service.users.remove('ann');
    await vi.waitUntil(() => ends(tunnel).length === 1);
  });

  it('is told about in sums when the local stops', async () => {
    const tunnel = await tapped();
    await expectServed(tunnel, await startEcho());
    await tunnel.local.service.stop(0);
    await tunnel.local.service.stop(0);
    expect(tunnel.local.seen('carriers')).toEqual([
      { event: 'carriers', opened: 1, warmed: 0, reused: 0, usedWarm: 0, replayed: 0, dropped: 0 },
    ]);
  });
});

describe('carriers that are opened ahead', () => {
  it('are two after the first conversation, and take the next ones', async () => {
    const tunnel = await tapped({ local: { timeouts: { warmForMs: 60_000 } } });
    const target = await startTarget();
    const first = await connectThrough(tunnel, target);
    await vi.waitUntil(() => counts(tunnel).warmed === 2);
    const more = await Promise.all([connectThrough(tunnel, target), connectThrough(tunnel, target)]);
    expect(counts(tunnel)).toMatchObject({ opened: 1, usedWarm: 2, reused: 0 });
    await vi.waitUntil(() => counts(tunnel).warmed === 4);
    for (const client of [first, ...more]) client.reset();
  });

  it('say nothing before they are needed, and are closed without a trace at the remote', async () => {
    const tunnel = await tapped({ local: { timeouts: { warmForMs: 150, carrierWarmMs: 60 } } });
    await expectServed(tunnel, await startEcho());
    await vi.waitUntil(() => ends(tunnel).length >= 2 && tunnel.tap.connections.length >= 2);
    await tunnel.local.service.stop(0);
    const silent = tunnel.tap.connections.filter(({ up }) => up.length === 0);
    expect(silent.length).toBeGreaterThan(0);
    expect(tunnel.remote.seen('absorbed')).toEqual([]);
  });

  it('are none for a remote that is lost', async () => {
    const tunnel = await tapped({ local: { timeouts: { warmForMs: 60_000 } } });
    await expectServed(tunnel, await startEcho());
    await vi.waitUntil(() => counts(tunnel).warmed > 0);
    await tunnel.remote.service.stop(0);
    await ask(tunnel.local.port, await startEcho());
    await vi.waitUntil(() => tunnel.local.seen('carrier').at(-1)?.idle === 0);
  });
});

import { describe, expect, it } from 'vitest';
import { echoed, nameServer, startAmong, until } from '../support/servers.js';
import { startTap } from '../support/tap.js';
import { startEcho, startTarget } from '../support/targets.js';
import { choice } from '../support/servers.js';
import { connectThrough, localAmong, localHalf, remoteHalf } from '../support/tunnel.js';

describe.each(['raw', 'shadowsocks'] as const)('the servers of a list on the %s wire', (wire) => {
  it('are asked at the start and from time to time, and one that no longer answers is lost to nobody', async () => {
    const [echo, probeTarget] = [await startEcho(), await nameServer()];
    const { remotes, local } = await startAmong(2, {
      uri: { wire },
      local: { probeTarget, timeouts: { probeMs: 50 } },
    });
    const probes = (name: string): number =>
      local.seen('probed').filter(({ server }) => server === name).length;
    await until(() => probes('tokyo') >= 3 && probes('osaka') >= 3);
    const { ms, smoothedMs } = local.seen('probed')[0] ?? { ms: 0, smoothedMs: 1 };
    expect(smoothedMs).toBe(ms);
    // A halflight server on the raw wire shows its key to whoever has it.
    expect(probeTarget.accepted > 0).toBe(wire === 'shadowsocks');
    await remotes[0]?.service.stop(0);
    await until(() => local.seen('servers-changed').length > 0);
    expect(local.seen('opened')).toEqual([]);
    await echoed({ local }, echo, 'by the other at once');
    expect(local.seen('through').map(({ server }) => server)).toEqual(['osaka']);
  });
});

describe('a standard server that leaves a connection without an answer', () => {
  it.each(['ends it', 'says nothing'])('is doubted when it %s', async (how) => {
    const [first, second, echo, probeTarget] = await Promise.all([
      remoteHalf(),
      remoteHalf(),
      startEcho(),
      nameServer(),
    ]);
    let well = true;
    const tap = await startTap(first.port, {
      up: async (pieces, far) => {
        for await (const piece of pieces) {
          if (well) far.write(piece);
          else if (how === 'ends it') throw new Error('gone');
        }
      },
    });
    const wire = 'shadowsocks';
    const servers = [choice(first, 0, { wire, port: tap.port }), choice(second, 1, { wire })];
    const timeouts = { attemptMs: 200, replyMs: 200, doubtMs: 1 };
    const local = await localAmong(servers, { probeTarget, timeouts });
    await local.service.checkServers();
    well = false;
    const client = await connectThrough({ local }, echo);
    void client.send('unheard');
    // Nobody waits for an answer that cannot come.
    expect(await client.ended()).toBe('reset');
    await until(() => local.seen('servers-changed').length > 0);
    await echoed({ local }, echo, 'heard');
    expect(local.seen('through').map(({ server }) => server)).toEqual(['tokyo', 'osaka']);
  });

  it('is not lost when it was the target that had no answer', async () => {
    const [target, probeTarget] = await Promise.all([
      startTarget({
        serve: (peer) => {
          peer.end();
        },
      }),
      nameServer(),
    ]);
    const { local } = await startAmong(2, {
      uri: { wire: 'shadowsocks' },
      local: { probeTarget, timeouts: { doubtMs: 1 } },
    });
    await local.service.checkServers();
    const before = local.seen('probed').length;
    const client = await connectThrough({ local }, target);
    void client.send('anybody?');
    await client.ended();
    client.end();
    await until(() => local.seen('probed').length > before);
    expect(local.seen('remote-lost')).toEqual([]);
  });
});

it('a server that is the only one is not asked about, and nobody else is asked through it', async () => {
  const [remote, probeTarget, echo] = [await remoteHalf(), await nameServer(), await startEcho()];
  const timeouts = { probeMs: 1, doubtMs: 1 };
  const local = await localHalf(remote, { wire: 'shadowsocks', probeTarget, timeouts });
  expect(await local.service.check()).toMatchObject({ ok: true, verified: true });
  await echoed({ local }, echo, 'alone');
  const client = await connectThrough({ local }, echo);
  client.reset();
  expect([probeTarget.accepted, local.seen('probed'), local.seen('through')]).toEqual([0, [], []]);
});

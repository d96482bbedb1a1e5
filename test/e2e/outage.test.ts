import { describe, expect, it, vi } from 'vitest';
import { deadPort, startEcho, startTarget } from '../support/targets.js';
import { ask, connectThrough, expectServed, localHalf, remoteHalf, startTunnel } from '../support/tunnel.js';

describe('a local without its remote', () => {
  it('starts, answers 01, says once that the remote is lost, and once that it is back', async () => {
    const settled = (await remoteHalf()).settings;
    const port = await deadPort();
    const local = await localHalf({ settings: settled, port });
    const echo = await startEcho();
    for (let client = 0; client < 3; client++) {
      const { client: refused, reply } = await ask(local.port, echo);
      expect([reply.code, await refused.ended()]).toEqual([1, 'fin']);
    }
    expect(local.seen('remote-lost')).toHaveLength(1);
    expect(local.seen('remote-lost')[0]?.detail).toContain('ECONNREFUSED');
    expect(await local.service.check()).toMatchObject({ ok: false, stage: 'tcp' });

    await remoteHalf({ ...settled, method: settled.method.name, listen: { host: '127.0.0.1', port } });
    await expectServed({ local }, echo);
    await expectServed({ local }, echo);
    expect(local.seen('remote-back')).toHaveLength(1);
    expect(local.seen('remote-lost')).toHaveLength(1);
    expect(await local.service.check()).toMatchObject({ ok: true, verified: true });
  });

  it('finds it again by itself, without any client', async () => {
    const settled = (await remoteHalf()).settings;
    const port = await deadPort();
    const local = await localHalf({ settings: settled, port });
    await local.service.check();
    expect(local.seen('remote-lost')).toHaveLength(1);
    await remoteHalf({ ...settled, method: settled.method.name, listen: { host: '127.0.0.1', port } });
    await vi.waitFor(
      () => {
        expect(local.seen('remote-back')).toHaveLength(1);
      },
      { timeout: 10_000, interval: 50 },
    );
  });

  it('does not call the remote lost for what the remote itself refused', async () => {
    const tunnel = await startTunnel();
    await ask(tunnel.local.port, { host: '127.0.0.1', port: await deadPort() });
    expect(tunnel.local.seen('remote-lost')).toEqual([]);
  });

  it('resets conversations that a stopped remote did not let finish, and serves again when it is back', async () => {
    const tunnel = await startTunnel();
    const target = await startTarget();
    const client = await connectThrough(tunnel, target);
    const there = await target.next();
    void there.send('half of a file');
    await client.read(14);
    await tunnel.remote.service.stop(0);
    expect([await client.ended(), await there.ended()]).toEqual(['reset', 'reset']);

    const { settings, port } = tunnel.remote;
    await remoteHalf({ ...settings, method: settings.method.name, listen: { host: '127.0.0.1', port } });
    await expectServed(tunnel, await startEcho());
  });
});

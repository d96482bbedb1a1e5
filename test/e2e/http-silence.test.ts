import { expect, it } from 'vitest';
import { connect } from '../support/peer.js';
import { startEcho } from '../support/targets.js';
import { localHalf, remoteHalf } from '../support/tunnel.js';

it('a plain HTTP request to a remote that holds another key ends with the path, and is no sign of life', async () => {
  const [remote, other] = [await remoteHalf(), await remoteHalf()];
  const timeouts = { replyMs: 200 };
  const local = await localHalf(remote, { secret: other.settings.secret, timeouts });
  expect(await local.service.check()).toMatchObject({ ok: false, stage: 'authenticate' });
  expect(local.seen('remote-lost')).toHaveLength(1);
  const { port } = await startEcho();
  const client = await connect(local.port);
  void client.send(`GET http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  expect([String(await client.rest()), client.ending]).toEqual(['', 'reset']);
  expect(local.seen('remote-back')).toEqual([]);
});

it.each([
  ['with ?auth=remote', { credentials: [{ user: 'alice', password: 'wonder' }] }, 'raw'],
  ['on the standard wire', {}, 'shadowsocks'],
] as const)(
  'a remote that holds another key %s is not back because it takes a connection',
  async (_, changes, wire) => {
    const [remote, other] = [await remoteHalf(changes), await remoteHalf()];
    const local = await localHalf(remote, {
      secret: other.settings.secret,
      wire,
      timeouts: { replyMs: 200 },
    });
    expect(await local.service.check()).toMatchObject({ ok: false, stage: 'authenticate' });
    expect(local.seen('remote-lost')).toHaveLength(1);
    const client = await connect(local.port);
    void client.send(Uint8Array.of(5, 1, 0));
    if (wire === 'shadowsocks') {
      await client.read(2);
      void client.send(Uint8Array.of(5, 1, 0, 1, 127, 0, 0, 1, 0, 80));
      await client.read(10);
    } else expect((await client.rest()).toString('hex')).toBe('');
    expect(local.seen('remote-back')).toEqual([]);
  },
);

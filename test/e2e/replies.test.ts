import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { refusalWords } from '../../shared/proxy/refusal.js';
import { deadPort, startEcho, startTarget } from '../support/targets.js';
import { ask, connectThrough, expectServed, startTunnel } from '../support/tunnel.js';

describe('the reply a client reads', () => {
  it('to a granted request names the address of the remote’s own socket', async () => {
    const tunnel = await startTunnel();
    for (const host of ['127.0.0.1', '::1']) {
      const target = await startTarget({ host });
      const { reply } = await ask(tunnel.local.port, target);
      const { socket } = await target.next();
      expect(reply).toEqual({ code: 0, bound: { host, port: socket.remotePort } });
    }
  });

  it('over the standard wire, which answers nothing, names no address', async () => {
    const tunnel = await startTunnel({ local: { wire: 'shadowsocks' } });
    const target = await startTarget();
    const { reply } = await ask(tunnel.local.port, target);
    expect(reply).toEqual({ code: 0, bound: { host: '0.0.0.0', port: 0 } });
  });

  it('is 05 from a port where nobody listens, and ends the conversation', async () => {
    const tunnel = await startTunnel();
    const port = await deadPort();
    for (const host of ['127.0.0.1', '::1', 'localhost']) {
      const { client, reply } = await ask(tunnel.local.port, { host, port });
      expect([host, reply.code]).toEqual([host, 5]);
      expect([(await client.rest()).length, client.ending]).toEqual([0, 'fin']);
    }
    expect(tunnel.remote.seen('refused').map(({ reason }) => reason)).toEqual(
      Array(3).fill('connection-refused'),
    );
  });

  it('is 04 for a name that does not resolve', async () => {
    const tunnel = await startTunnel();
    const { client, reply } = await ask(tunnel.local.port, { host: 'no-such-host.invalid', port: 80 });
    expect(reply.code).toBe(4);
    expect(await client.ended()).toBe('fin');
    expect(tunnel.remote.seen('refused')[0]?.reason).toBe('name-not-resolved');
  });

  it('is 02 for a private target, however it is spelt, and nothing is connected', async () => {
    const tunnel = await startTunnel({ remote: { allowPrivate: false } });
    const targets = await Promise.all([startTarget(), startTarget({ host: '::1' })]);
    const { port } = targets[0];
    const own = Object.values(networkInterfaces()).flatMap((list = []) => list.map((one) => one.address));
    const spellings = [
      { host: '127.0.0.1', port },
      { host: '127.9.9.9', port },
      { host: '0.0.0.0', port },
      { host: '::ffff:127.0.0.1', port },
      { host: '::', port },
      { host: '::1', port: targets[1].port },
      { host: '64:ff9b::7f00:1', port },
      { host: 'localhost', port },
      { host: 'LocalHost.', port },
      { host: 'deep.localhost', port },
      ...own
        .filter((host) => /^(127\.|10\.|172\.(1[6-9]|2\d|3[01])\.|192\.168\.|::1|f[cde])/.test(host))
        .map((host) => ({ host, port })),
    ];
    for (const spelling of spellings) {
      const { client, reply } = await ask(tunnel.local.port, spelling);
      expect([spelling.host, reply.code, await client.ended()]).toEqual([spelling.host, 2, 'fin']);
    }
    expect(targets.map(({ accepted }) => accepted)).toEqual([0, 0]);
    expect(tunnel.remote.seen('refused')).toHaveLength(spellings.length);
  });

  it.each(['2130706433', '0x7f000001', '127.1', '0177.0.0.1', '127.0.0.1 ', 'a..b', 'caf\u00e9.example'])(
    'is 04 for %j, which is no name, even where private targets are allowed',
    async (host) => {
      const tunnel = await startTunnel();
      const echo = await startEcho();
      const { reply } = await ask(tunnel.local.port, { host, port: echo.port });
      expect([reply.code, echo.accepted]).toEqual([4, 0]);
      expect(tunnel.remote.seen('opened')).toEqual([]);
    },
  );

  it('is 02 for port 25, even where private targets are allowed', async () => {
    const tunnel = await startTunnel();
    const { reply } = await ask(tunnel.local.port, { host: '127.0.0.1', port: 25 });
    expect(reply.code).toBe(2);
  });

  it.each(['127.0.0.1', '127.3.2.1', '0.0.0.0', '::ffff:127.0.0.1', 'localhost'])(
    'is 02 for the remote’s own port, asked for as %s',
    async (host) => {
      const tunnel = await startTunnel({ remote: { listen: { host: '0.0.0.0', port: 0 } } });
      const { reply } = await ask(tunnel.local.port, { host, port: tunnel.remote.port });
      expect(reply.code).toBe(2);
      // One conversation: the one that asked.
      expect(tunnel.remote.seen('opened')).toHaveLength(1);
      expect(tunnel.remote.seen('refused')[0]?.reason).toBe('not-allowed');
    },
  );

  it('is 01 when the local holds another key, and the remote says nothing', async () => {
    const other = await startTunnel();
    const tunnel = await startTunnel({
      local: { secret: other.remote.settings.secret, timeouts: { replyMs: 300 } },
    });
    const target = await startTarget();
    const { client, reply } = await ask(tunnel.local.port, target);
    expect([reply.code, await client.ended(), target.accepted]).toEqual([1, 'fin', 0]);
    expect(tunnel.remote.seen('absorbed')).toHaveLength(1);
    expect(await tunnel.local.service.check()).toMatchObject({ ok: false, stage: 'authenticate' });
  });

  it('never keeps the next client from being served', async () => {
    const tunnel = await startTunnel();
    await ask(tunnel.local.port, { host: '127.0.0.1', port: await deadPort() });
    await expectServed(tunnel, await startEcho());
    expect(Object.keys(refusalWords)).toContain(tunnel.remote.seen('refused')[0]?.reason);
  });

  it('lets a client be granted that waits before it speaks', async () => {
    const tunnel = await startTunnel();
    const target = await startTarget();
    const client = await connectThrough(tunnel, target);
    expect([client.waiting, client.ending]).toEqual([0, undefined]);
  });
});

/** What a dial through each real proxy brings: every byte, the end of either direction, TLS to the target, or the reason why not. */
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { dial } from '../../index.js';
import { deadPort, startEcho, startTarget } from '../support/targets.js';
import { authority, page, startWeb } from '../support/web.js';
import { dialerForTest } from '../support/client.js';
import { expectEchoed, pageAt, rejection } from './library.js';
import { realProxies, type RealProxy } from './real-proxies.js';

const rows: readonly (readonly [string, RealProxy])[] = Object.entries(realProxies);

describe.each(rows)('a dial through %s', (_name, { start, refused, halfCloses }) => {
  it('carries 5 MB there and back at the same time, and TLS whose certificate is looked at', async () => {
    const proxy = await start();
    const echo = await startEcho();
    const socket = await dial(proxy, { host: 'localhost', port: echo.port });
    await expectEchoed(socket, 5_000_000);

    const web = await startWeb(page('only for you'));
    const stranger = await startWeb(page('for anybody'), { certificate: 'self-signed' });
    const { httpsAgent: agent } = dialerForTest(proxy);
    expect(await pageAt(web.origin, { agent, ca: authority })).toBe('only for you');
    await expect(pageAt(stranger.origin, { agent, ca: authority })).rejects.toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
    expect(stranger.asked).toEqual([]);
  });

  const ending = halfCloses ? 'of one direction and no more' : 'of one direction as that of both';
  it(`brings the first word of the target, the end ${ending}, and refusals`, async () => {
    const proxy = await start();
    const target = await startTarget();
    const greeting = target.next().then(async (peer) => {
      await peer.send('welcome');
      return peer;
    });
    const socket = await dial(proxy, target);
    const peer = await greeting;
    await once(socket, 'readable');
    expect(String(socket.read())).toBe('welcome');
    const heard = text(socket).catch(() => 'a reset');
    socket.end('all of it');
    expect((await peer.rest()).toString()).toBe('all of it');
    await peer.send('and the answer');
    peer.end();
    expect(await heard).toBe(halfCloses ? 'and the answer' : '');

    const dead = dial(proxy, { host: '127.0.0.1', port: await deadPort() });
    if (refused !== undefined) expect(await rejection(dead)).toEqual(refused);
    else expect(await text(await dead).catch(() => 'a reset')).toMatch(/^(a reset)?$/);
  });
});

import { describe, expect, it } from 'vitest';
import type { EmbeddedLocal } from '../../local/embedded.js';
import { readService } from '../../shared/config/service-address.js';
import type { Target } from '../../shared/codec/address.js';
import { echoThrough, embeddedLocal, embeddedRemote } from '../support/embedded.js';
import { endOf, errorOf } from '../support/forward.js';
import { connect } from '../support/peer.js';
import { deadPort, startEcho, startTarget } from '../support/targets.js';
import { udpEcho, udpPeer } from '../support/udp.js';
import { lineOf } from '../support/way-out.js';
import { remoteHalf } from '../support/tunnel.js';

function places({ forwards }: EmbeddedLocal): readonly Target[] {
  return forwards.map(({ listen }) => readService(listen));
}

async function echoed(port: number | undefined, text: string): Promise<string> {
  const client = await connect(port ?? 0);
  await client.send(text);
  return String(await client.read(text.length));
}

describe('the forwards of a local', () => {
  it.each(['raw', 'shadowsocks'] as const)(
    'go through its remote over the %s wire, or straight',
    async (wire) => {
      const [remote, echo, straight] = await Promise.all([remoteHalf(), startEcho(), startEcho()]);
      const local = await embeddedLocal(lineOf(remote, wire), {
        forwards: [
          { from: 0, to: `localhost:${echo.port}` },
          { from: 0, to: `127.0.0.1:${straight.port}`, via: 'direct' },
        ],
      });
      const [through, direct] = places(local);
      expect(await echoed(through?.port, 'hello')).toBe('hello');
      expect(remote.seen('granted')).toMatchObject([{ target: { host: 'localhost', port: echo.port } }]);
      expect(await echoed(direct?.port, 'hello')).toBe('hello');
      expect(remote.seen('granted')).toHaveLength(1);
      expect(await echoThrough(local, echo, 'as ever')).toBe('as ever');
    },
  );

  it('let each direction end by itself', async () => {
    const [remote, target] = await Promise.all([embeddedRemote(), startTarget()]);
    const local = await embeddedLocal(remote.uri(), { forwards: { '0': `127.0.0.1:${target.port}` } });
    const client = await connect(places(local)[0]?.port ?? 0);
    void client.send('question');
    client.end();
    const far = await target.next();
    expect([String(await far.rest()), await far.ended()]).toEqual(['question', 'fin']);
    await far.send('answer');
    far.end();
    expect([String(await client.rest()), await client.ended()]).toEqual(['answer', 'fin']);
  });

  it('reset their client when the remote says no', async () => {
    const [remote, port] = [await embeddedRemote(), await deadPort()];
    const local = await embeddedLocal(remote.uri(), { forwards: { '0': `127.0.0.1:${port}` } });
    const reasons: string[] = [];
    local.on('refused', ({ reason }) => reasons.push(reason));
    expect(await endOf(places(local)[0])).toBe('reset');
    expect(reasons).toEqual(['connection-refused']);
  });

  it.each([
    ['by packets', 'raw', false],
    ['by packets of the standard wire', 'shadowsocks', false],
    ['in a stream', 'raw', true],
  ] as const)('carry datagrams %s, or straight', async (_how, wire, udpOverTcp) => {
    const [remote, echo] = await Promise.all([remoteHalf(), udpEcho()]);
    const local = await embeddedLocal(lineOf(remote, wire), {
      udpOverTcp,
      forwards: [
        { from: '0/udp', to: `127.0.0.1:${echo.port}` },
        { from: '0/udp', to: `localhost:${echo.port}` },
        { from: '0/udp', to: `127.0.0.1:${echo.port}`, via: 'direct' },
      ],
    });
    for (const place of places(local)) {
      const client = await udpPeer();
      await client.say('hello', place);
      expect(String((await client.next()).payload)).toBe('hello');
    }
    expect(remote.seen('opened')).toHaveLength(2);
  });

  it('of datagrams are refused where it carries none', async () => {
    const remote = await embeddedRemote();
    const local = embeddedLocal(remote.uri(), { udp: false, forwards: { '0/udp': '127.0.0.1:53' } });
    expect(await errorOf(local)).toMatchObject({
      code: 'config',
      message: 'forward 127.0.0.1:0/udp: expected a way that takes UDP, got one on which it is off',
    });
  });

  it('leave nothing open when one of them cannot listen, or the local cannot', async () => {
    const [remote, taken, free] = [await embeddedRemote(), await startTarget(), await deadPort()];
    const to = '127.0.0.1:9';
    const forwards = [
      { from: free, to },
      { from: taken.port, to },
    ];
    const error = await errorOf(embeddedLocal(remote.uri(), { forwards }));
    expect(error).toMatchObject({ code: 'EADDRINUSE' });
    expect(String(error)).toContain(`forward 127.0.0.1:${taken.port}: expected a place that is free`);
    expect(
      await errorOf(embeddedLocal(remote.uri(), { listen: taken.port, forwards: [{ from: free, to }] })),
    ).toMatchObject({
      code: 'EADDRINUSE',
    });
    expect(await errorOf(connect(free))).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('may be listed twice by nobody', async () => {
    const forwards = { '7000': 'a:1', '127.0.0.1:7000': 'b:1' };
    const local = embeddedRemote().then((remote) => embeddedLocal(remote.uri(), { forwards }));
    expect(String(await errorOf(local))).toContain('forward 127.0.0.1:7000: expected another place');
  });
});

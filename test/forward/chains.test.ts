import { describe, expect, it } from 'vitest';
import type { ForwardRule } from '../../shared/config/forward-rule.js';
import { parseHop } from '../../shared/config/proxy-uri.js';
import { embeddedLocal, embeddedRemote } from '../support/embedded.js';
import { endOf, running } from '../support/forward.js';
import { knownKey } from '../support/options.js';
import { deadPort, startEcho, startTarget } from '../support/targets.js';
import { connect } from '../support/peer.js';
import { udpEcho, udpPeer } from '../support/udp.js';
import { proxies, type ProxyName } from '../support/way-out.js';

function hops(...uris: readonly string[]): NonNullable<ForwardRule['via']> {
  return uris.map((uri) => parseHop(uri));
}

describe('a forward through proxies', () => {
  it.each<readonly [string, readonly ProxyName[]]>([
    ['SOCKS4a', ['socks4a']],
    ['HTTP', ['http']],
    ['Shadowsocks', ['ss']],
    ['SOCKS5 and halflight', ['socks5', 'halflight']],
  ])('carries connections through %s', async (_names, kinds) => {
    const [known, echo, target] = await Promise.all([proxies(), startEcho(), startTarget()]);
    const via = hops(...kinds.map((kind) => known[kind]));
    const { at } = await running([
      { to: echo, via },
      { to: { ...target, host: 'localhost' }, via },
    ]);
    const large = await connect(at[0]?.port ?? 0);
    const [sent, heard] = await Promise.all([
      large.pour(2_000_000).finally(() => {
        large.end();
      }),
      large.digest(),
    ]);
    expect(heard).toEqual(sent);
    const client = await connect(at[1]?.port ?? 0);
    void client.send('question');
    client.end();
    const far = await target.next();
    expect([String(await far.rest()), await far.ended()]).toEqual(['question', 'fin']);
    await far.send('answer');
    far.end();
    expect([String(await client.rest()), await client.ended()]).toEqual(['answer', 'fin']);
  });

  it.each<readonly [string, readonly ProxyName[]]>([
    ['SOCKS5', ['socks5']],
    ['halflight', ['halflight']],
    ['SOCKS5 and Shadowsocks, in a stream', ['socks5', 'halflight']],
  ])('carries datagrams through %s, to an address and to a name', async (_names, kinds) => {
    const [known, echo] = await Promise.all([proxies(), udpEcho()]);
    const via = hops(...kinds.map((kind) => known[kind]));
    const rule = { via, transport: 'udp' } as const;
    const { at } = await running([
      { to: echo, ...rule },
      { to: { ...echo, host: 'localhost' }, ...rule },
    ]);
    for (const place of at) {
      const client = await udpPeer();
      for (const text of ['one', 'another']) {
        await client.say(text, place);
        expect(String((await client.next()).payload)).toBe(text);
      }
    }
  });

  it('resets its client, and says who failed, when one of them cannot be reached', async () => {
    const [echo, port] = [await startEcho(), await deadPort()];
    const via = hops(`socks5://me:geheim@127.0.0.1:${port}`);
    const forward = await running([
      { to: echo, via },
      { to: echo, via, transport: 'udp' },
    ]);
    expect(await endOf(forward.at[0])).toBe('reset');
    await (await udpPeer()).say('hello', forward.at[1] ?? echo);
    for (const refused of [await forward.seen('refused'), await forward.seen('refused')]) {
      expect(refused).toMatchObject({ reason: 'connection-refused', at: 'proxy', why: 'unreachable' });
      expect(JSON.stringify(refused)).toContain(
        `socks5://me:***@127.0.0.1:${port}: dial: expected a connection, got ECONNREFUSED`,
      );
    }
  });

  it('says to a proxy what belongs to it alone, though another forward has the same one by another password', async () => {
    const [remote, echo] = [await embeddedRemote(), await startEcho()];
    const local = await embeddedLocal(remote.uri(), { credentials: ['me:geheim'] });
    const { port } = local.address();
    const forward = await running(
      ['geheim', 'another'].map((password) => ({
        to: echo,
        via: hops(`socks5://me:${password}@127.0.0.1:${port}`),
      })),
    );
    const client = await connect(forward.at[0]?.port ?? 0);
    await client.send('hello');
    expect(String(await client.read(5))).toBe('hello');
    expect(await endOf(forward.at[1])).toBe('reset');
    expect(JSON.stringify(await forward.seen('refused'))).toContain('socks5://me:***@');
  });

  it.each(['socks5', 'halflight'])('refuses a proxy that is itself: %s', async (scheme) => {
    const [port, echo, key] = [await deadPort(), await startEcho(), encodeURIComponent(knownKey)];
    const user = scheme === 'socks5' ? '' : `2022-blake3-aes-256-gcm:${key}@`;
    const via = hops(`${scheme}://${user}127.0.0.1:${port}`);
    const from = { host: '127.0.0.1', port };
    const forward = await running([
      { from, to: echo, via },
      { from, to: echo, via, transport: 'udp' },
    ]);
    expect(await endOf(from)).toBe('reset');
    expect(await forward.seen('refused')).toMatchObject({ reason: 'not-allowed' });
    await (await udpPeer()).say('hello', from);
    expect(await forward.seen('refused')).toMatchObject({ reason: 'not-allowed' });
    expect(forward.events.filter(({ event }) => event === 'opened')).toHaveLength(2);
  });

  it('gives up a proxy that says nothing in time', async () => {
    const [silent, echo] = [await startTarget(), await startEcho()];
    const via = hops(`socks5://127.0.0.1:${silent.port}`);
    const forward = await running([{ to: echo, via }], { timeouts: { dialMs: 50 } });
    expect(await endOf(forward.at[0])).toBe('reset');
    expect(await forward.seen('refused')).toMatchObject({ reason: 'timed-out' });
  });
});

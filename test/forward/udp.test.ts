import { describe, expect, it } from 'vitest';
import { errorOf, running } from '../support/forward.js';
import { udpEcho, type UdpPeer, udpPeer } from '../support/udp.js';

async function said(peer: UdpPeer): Promise<string> {
  return String((await peer.next()).payload);
}

describe('a forward of datagrams', () => {
  it.each([
    ['127.0.0.1', '::1'],
    ['::1', '127.0.0.1'],
  ])('listens on %s, and leads many clients to their target on %s', async (host, far) => {
    const echo = await udpEcho(far);
    const forward = await running([{ from: { host, port: 0 }, to: echo, transport: 'udp' }]);
    const [at = echo] = forward.at;
    const clients = await Promise.all(Array.from({ length: 50 }, () => udpPeer({ host })));
    await Promise.all(
      clients.map(async (client, number) => {
        for (const text of [`first of ${number}`, '', `last of ${number}`]) {
          await client.say(text, at);
          expect(await client.next()).toMatchObject({ payload: Buffer.from(text), from: at });
        }
      }),
    );
    expect(forward.forwards[0]?.transport).toBe('udp');
    await forward.stop(0);
    const closed = forward.events.filter(({ event }) => event === 'closed');
    expect(closed).toHaveLength(50);
    expect(closed[0]).toMatchObject({
      datagrams: { up: 3, down: 3, dropped: 0 },
      target: { port: echo.port },
    });
    // The port is free again.
    await udpPeer(at);
  });

  it('listens on all addresses', async () => {
    const echo = await udpEcho();
    const { at } = await running([{ from: { host: '', port: 0 }, to: echo, transport: 'udp' }]);
    for (const host of ['127.0.0.1', '::1']) {
      const client = await udpPeer({ host });
      await client.say('hello', { host, port: at[0]?.port ?? 0 });
      expect(await said(client)).toBe('hello');
    }
  });

  it('carries the largest datagrams there are', async () => {
    const echo = await udpEcho();
    const { at } = await running([{ to: echo, transport: 'udp' }]);
    const client = await udpPeer();
    const large = Buffer.alloc(65_507, 'large');
    await client.say(large, at[0] ?? echo);
    expect((await client.next()).payload.equals(large)).toBe(true);
  });

  it('hears its target alone', async () => {
    const [target, stranger] = await Promise.all([udpPeer(), udpPeer()]);
    const forward = await running([{ to: target, transport: 'udp' }]);
    const client = await udpPeer();
    await client.say('question', forward.at[0] ?? target);
    const { from } = await target.next();
    await stranger.say('forged', from);
    // Behind it, on the same socket.
    await target.say('answer', from);
    expect([await said(client), client.count]).toEqual(['answer', 1]);
    await forward.stop(0);
    expect(forward.events.at(-1)).toMatchObject({ datagrams: { up: 1, down: 1, dropped: 1 } });
  });

  it('leads to a host by its name', async () => {
    const echo = await udpEcho();
    const to = { host: 'localhost', port: echo.port };
    const { at, forwards } = await running([{ to, transport: 'udp' }]);
    const client = await udpPeer();
    await client.say('hello', at[0] ?? echo);
    expect([await said(client), forwards[0]?.to]).toEqual(['hello', `localhost:${echo.port}`]);
  });

  it('tells of a name without an address', async () => {
    const { at, ...forward } = await running([{ to: { host: 'no such name', port: 53 }, transport: 'udp' }]);
    const client = await udpPeer();
    await client.say('hello', at[0] ?? client);
    const target = { host: 'no such name', port: 53 };
    expect(await forward.seen('refused')).toMatchObject({ target, reason: 'name-not-resolved' });
    expect(await forward.seen('closed')).toMatchObject({
      datagrams: { dropped: 1 },
      error: 'name-not-resolved',
    });
  });

  it('ends a session in which nothing moves any more, and begins another with the next datagram', async () => {
    const echo = await udpEcho();
    const forward = await running([{ to: echo, transport: 'udp' }], { timeouts: { sessionIdleMs: 50 } });
    const client = await udpPeer();
    for (const text of ['one', 'another']) {
      await client.say(text, forward.at[0] ?? echo);
      expect(await said(client)).toBe(text);
      expect(await forward.seen('closed')).toMatchObject({ datagrams: { up: 1, down: 1 } });
    }
  });

  it('does not lead to itself', async () => {
    const {
      at: [own],
      ...forward
    } = await running([{ to: { host: '127.0.0.1', port: 9 }, transport: 'udp' }]);
    await forward.stop(0);
    const port = own?.port ?? 0;
    const again = await running([
      { from: { host: '127.0.0.1', port }, to: { host: 'localhost', port }, transport: 'udp' },
    ]);
    const client = await udpPeer();
    await client.say('hello', { host: '127.0.0.1', port });
    expect(await again.seen('refused')).toMatchObject({ reason: 'not-allowed' });
    expect(again.events.filter(({ event }) => event === 'opened')).toHaveLength(1);
  });

  it('needs its port for itself', async () => {
    const taken = await udpPeer();
    const echo = await udpEcho();
    const first = { from: { host: '127.0.0.1', port: 0 }, to: echo };
    const error = await errorOf(
      running([first, { from: { host: '127.0.0.1', port: taken.port }, to: echo, transport: 'udp' }]),
    );
    expect(error).toMatchObject({
      code: 'EADDRINUSE',
      message: `forward 127.0.0.1:${taken.port}/udp: expected a place that is free, got one where somebody listens (EADDRINUSE)`,
    });
  });
});

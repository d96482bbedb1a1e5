import { describe, expect, it } from 'vitest';
import { endOf, errorOf, running } from '../support/forward.js';
import { connect } from '../support/peer.js';
import { deadPort, startEcho, startTarget } from '../support/targets.js';
import { openConnections } from '../../shared/serve/open.js';

describe('a forward', () => {
  it('carries 200 connections at once, each its own bytes', async () => {
    const echo = await startEcho();
    const { at } = await running([{ to: echo }]);
    const ends = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const client = await connect(at[0]?.port ?? 0);
        const sending = client.pour(50_000);
        const [sent, heard] = await Promise.all([
          sending.finally(() => {
            client.end();
          }),
          client.digest(),
        ]);
        expect(heard).toEqual(sent);
        return client.ended();
      }),
    );
    expect(new Set(ends)).toEqual(new Set(['fin']));
  });

  it('lets a target speak first', async () => {
    const target = await startTarget({ serve: (peer) => void peer.send('220 hello') });
    const { at } = await running([{ to: target }]);
    const client = await connect(at[0]?.port ?? 0);
    expect(String(await client.read(9))).toBe('220 hello');
  });

  it('delivers all that came, though its target broke in the middle of the question, and then a reset', async () => {
    const target = await startTarget();
    const { at } = await running([{ to: target }]);
    const client = await connect(at[0]?.port ?? 0);
    const far = await target.next();
    far.socket.pause();
    const asking = client.pour(20_000_000);
    await far.send('an early answer');
    await client.read(3);
    far.reset();
    expect([String(await client.rest()), await client.ended()]).toEqual(['early answer', 'reset']);
    await asking;
  });

  it('tells the target of a client that broke', async () => {
    const target = await startTarget();
    const forward = await running([{ to: target }]);
    const client = await connect(forward.at[0]?.port ?? 0);
    const far = await target.next();
    await client.send('hello');
    expect(String(await far.read(5))).toBe('hello');
    client.reset();
    expect(await far.ended()).toBe('reset');
    expect(await forward.seen('closed')).toMatchObject({ up: 5, down: 0, error: 'ECONNRESET' });
  });

  it('resets a client whose target cannot be reached, and says why', async () => {
    const port = await deadPort();
    const forward = await running([
      { to: { host: '127.0.0.1', port } },
      { to: { host: 'no such name', port } },
    ]);
    for (const [place, reason] of [
      [0, 'connection-refused'],
      [1, 'name-not-resolved'],
    ] as const) {
      expect(await endOf(forward.at[place])).toBe('reset');
      expect(await forward.seen('refused')).toMatchObject({ target: { port }, reason });
    }
  });

  it('reaches a target by its name, on whichever family it listens', async () => {
    const echo = await startEcho('::1');
    const { at } = await running([{ to: { host: 'target.localhost', port: echo.port } }]);
    const client = await connect(at[0]?.port ?? 0);
    await client.send('hello');
    expect(String(await client.read(5))).toBe('hello');
  });

  it('listens on all addresses', async () => {
    const echo = await startEcho();
    const { at, listen } = await running([{ from: { host: '', port: 0 }, to: echo }]);
    expect(listen).toBe(`[::]:${at[0]?.port}`);
    for (const host of ['127.0.0.1', '::1']) await connect(at[0]?.port ?? 0, host);
  });

  it('does not lead to itself, nor to another of its own', async () => {
    const port = await deadPort();
    const forward = await running([
      { from: { host: '127.0.0.1', port }, to: { host: 'localhost', port } },
      { to: { host: '::ffff:127.0.0.1', port } },
    ]);
    for (const at of forward.at) {
      expect(await endOf(at)).toBe('reset');
      expect(await forward.seen('refused')).toMatchObject({ reason: 'not-allowed' });
    }
    expect(forward.events.filter(({ event }) => event === 'opened')).toHaveLength(2);
  });
});

describe('the stop of forwards', () => {
  it('lets connections finish within its grace, and takes no others', async () => {
    const target = await startTarget();
    const forward = await running([{ to: target }]);
    const port = forward.at[0]?.port ?? 0;
    const client = await connect(port);
    const far = await target.next();
    await forward.seen('granted');
    const stopped = forward.stop(Infinity);
    expect(await errorOf(connect(port))).toMatchObject({ code: 'ECONNREFUSED' });
    await client.send('last');
    expect(String(await far.read(4))).toBe('last');
    client.end();
    await far.ended();
    far.end();
    await stopped;
    expect([await client.ended(), [...openConnections()]]).toEqual(['fin', []]);
  });

  it('resets what is left behind its grace', async () => {
    const target = await startTarget();
    const forward = await running([{ to: target }]);
    const client = await connect(forward.at[0]?.port ?? 0);
    const far = await target.next();
    await forward.seen('granted');
    const slow = forward.stop(Infinity);
    await forward.stop(0);
    await slow;
    expect([await client.ended(), await far.ended()]).toEqual(['reset', 'reset']);
    expect(await forward.seen('closed')).toMatchObject({ error: 'stopped' });
  });

  it('leaves nothing when one of several cannot listen', async () => {
    const [echo, taken, free] = [await startEcho(), await startTarget(), await deadPort()];
    const first = { from: { host: '127.0.0.1', port: free }, to: echo };
    const error = await errorOf(
      running([first, { from: { host: '127.0.0.1', port: taken.port }, to: echo }]),
    );
    expect(error).toMatchObject({
      code: 'EADDRINUSE',
      message: `forward 127.0.0.1:${taken.port}: expected a place that is free, got one where somebody listens (EADDRINUSE)`,
    });
    expect(await errorOf(connect(free))).toMatchObject({ code: 'ECONNREFUSED' });
    await running([first]);
  });

  it.each([
    ['192.0.2.7', 'EADDRNOTAVAIL', 'expected an address of this machine, got another one'],
    ['no-such-name.invalid', 'ENOTFOUND', 'expected an address or a name that has one, got another name'],
  ])('names what is wrong with %s', async (host, code, why) => {
    const to = { host: '127.0.0.1', port: 9 };
    const error = await errorOf(running([{ from: { host, port: 7 }, to }]));
    expect(error).toMatchObject({ code, message: `forward ${host}:7: ${why} (${code})` });
  });
});

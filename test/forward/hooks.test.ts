import { describe, expect, it } from 'vitest';
import type { Hook, HookEvent } from '../../shared/hooks/hook.js';
import { endOf, errorOf, running } from '../support/forward.js';
import { connect } from '../support/peer.js';
import { startEcho, startTarget } from '../support/targets.js';
import { udpEcho, udpPeer } from '../support/udp.js';

/** A hook that keeps what it is told. */
function keeping(others: Partial<Hook> = {}): { readonly hook: Hook; readonly told: HookEvent[] } {
  const told: HookEvent[] = [];
  const keep = (event: HookEvent): void => void told.push(event);
  const names = ['started', 'stopped', 'accepted', 'requested', 'dialed', 'closed', 'error'] as const;
  return { hook: { on: Object.fromEntries(names.map((name) => [name, keep])), ...others }, told };
}

describe('the hooks of forwards', () => {
  it('hear where they listen, and each connection from its beginning to the end of all', async () => {
    const { hook, told } = keeping();
    const [echo, datagrams] = [await startEcho(), await udpEcho()];
    const forward = await running([{ to: echo }, { to: datagrams, transport: 'udp' }], {
      hooks: [{ kind: 'given', source: hook }],
    });
    const [tcp, udp = echo] = forward.at;
    const client = await connect(tcp?.port ?? 0);
    await client.send('hello');
    await client.read(5);
    client.end();
    await client.ended();
    const peer = await udpPeer();
    await peer.say('hello', udp);
    await peer.next();
    await forward.stop(0);
    expect(told.map(({ event }) => event)).toEqual([
      'started',
      ...['accepted', 'requested', 'dialed', 'closed'],
      ...['accepted', 'requested', 'dialed', 'closed'],
      'stopped',
    ]);
    expect(told[0]).toMatchObject({
      role: 'forward',
      listen: [`127.0.0.1:${tcp?.port}`, `127.0.0.1:${udp.port}/udp`],
    });
    const flow = { received: 5, sent: 5, unsent: 0 };
    expect(told[4]).toMatchObject({ up: flow, down: flow, why: 'end', connection: { transport: 'tcp' } });
    expect(told[8]).toMatchObject({
      up: flow,
      down: flow,
      by: 'halflight',
      why: 'stopped',
      connection: {
        role: 'forward',
        transport: 'udp',
        target: { host: datagrams.host, port: datagrams.port },
        client: { local: udp, remote: { host: '127.0.0.1', port: peer.port } },
      },
    });
  });

  it('refuse connections and datagrams before their target is dialed', async () => {
    const { hook, told } = keeping({ admit: () => Promise.resolve('deny') });
    const [target, silent] = [await startTarget(), await udpPeer()];
    const forward = await running([{ to: target }, { to: silent, transport: 'udp' }], {
      hooks: [{ kind: 'given', source: hook }],
    });
    expect(await endOf(forward.at[0])).toBe('reset');
    await (await udpPeer()).say('hello', forward.at[1] ?? silent);
    expect(await forward.seen('refused')).toMatchObject({ reason: 'not-allowed' });
    expect(await forward.seen('refused')).toMatchObject({ reason: 'not-allowed' });
    await forward.stop(0);
    expect([target.accepted, silent.count]).toEqual([0, 0]);
    expect(told.filter(({ event }) => event === 'dialed')).toEqual([]);
    expect(told.filter(({ event }) => event === 'closed')).toMatchObject([
      { why: 'not-allowed', by: 'halflight' },
      { why: 'not-allowed', by: 'halflight' },
    ]);
  });

  it('change datagrams, drop them, and end their session', async () => {
    const { hook } = keeping({
      filter: () => ({
        up: {
          received: (bytes) => {
            const text = String(Buffer.from(bytes));
            if (text === 'drop') return 'hold';
            return text === 'end' ? { end: Buffer.from('last') } : Buffer.from(text.toUpperCase());
          },
        },
        down: { sent: (bytes) => Promise.resolve(Buffer.concat([Buffer.from('heard '), bytes])) },
      }),
    });
    const echo = await udpPeer();
    const forward = await running([{ to: echo, transport: 'udp' }], {
      hooks: [{ kind: 'given', source: hook }],
    });
    const client = await udpPeer();
    const at = forward.at[0] ?? echo;
    for (const text of ['drop', 'hello']) await client.say(text, at);
    const { payload, from } = await echo.next();
    await echo.say(payload, from);
    expect([String(payload), String((await client.next()).payload)]).toEqual(['HELLO', 'heard HELLO']);
    await client.say('end', at);
    expect(String((await echo.next()).payload)).toBe('last');
    expect(await forward.seen('closed')).toMatchObject({ datagrams: { up: 2 } });
  });

  it('that cannot be used open no port', async () => {
    const { hook } = keeping();
    const echo = await startEcho();
    const hooks = [
      { kind: 'given', source: hook },
      { kind: 'file', path: '/no/such/hook.js' },
    ] as const;
    expect(await errorOf(running([{ to: echo }], { hooks }))).toMatchObject({ code: 'config' });
  });

  it('hear nothing of forwards that cannot listen', async () => {
    const { hook, told } = keeping();
    const taken = await startEcho();
    const from = { host: '127.0.0.1', port: taken.port };
    const hooks = [{ kind: 'given', source: hook }] as const;
    expect(await errorOf(running([{ from, to: taken }], { hooks }))).toMatchObject({ code: 'EADDRINUSE' });
    expect(told).toEqual([]);
  });
});

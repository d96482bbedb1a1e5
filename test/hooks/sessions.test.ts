/** Hooks of sessions of datagrams: what they are told of them, and that one which fails closed leaves none behind. */
import { expect, it } from 'vitest';
import type { Hook } from '../../shared/hooks/hook.js';
import type { HookSetting } from '../../shared/hooks/setting.js';
import { openDatagramSockets } from '../../shared/net/descriptors.js';
import { openConnections } from '../../shared/serve/open.js';
import { udpClient } from '../support/associate.js';
import { running } from '../support/forward.js';
import { recorder } from '../support/hooked.js';
import { failures } from '../support/misbehaving.js';
import { localHalf, remoteHalf } from '../support/tunnel.js';
import { turnsUntil } from '../support/turns.js';
import { udpEcho, udpPeer } from '../support/udp.js';

function given(...hooks: readonly Hook[]): readonly HookSetting[] {
  return hooks.map((source) => ({ kind: 'given', source }));
}

const nowhere = { host: '127.0.0.1', port: 0 } as const;
const bad: Hook = {
  failClosed: true,
  on: { accepted: ({ connection }) => (connection.transport === 'udp' ? failures.throws() : undefined) },
};

it.each([
  ['drops all', () => 'hold' as const, 0, 1],
  ['makes it longer', (bytes: Uint8Array) => Buffer.concat([bytes, bytes]), 10, 0],
])('what came, and what a filter that %s has made of it, are counted', async (_, received, sent, dropped) => {
  const { hook, events } = recorder();
  const target = await udpPeer({ answer: () => undefined });
  const filter: Hook = { filter: () => ({ up: { received } }) };
  const rule = { from: nowhere, to: target, transport: 'udp' } as const;
  const forward = await running([rule], { hooks: given(filter, hook) });
  const client = await udpPeer();
  for (const at of forward.at) await client.say('hello', at);
  await turnsUntil(() => events.some(({ event }) => event === 'first-byte'));
  await forward.stop(0);
  expect(events.find(({ event }) => event === 'closed')).toMatchObject({ up: { received: 5, sent } });
  expect(await forward.seen('closed')).toMatchObject({ up: sent, datagrams: { dropped } });
});

it('what is said of one is what does not change', async () => {
  const { hook, events } = recorder();
  const rule = { from: nowhere, to: await udpEcho(), transport: 'udp' } as const;
  const forward = await running([rule], { hooks: given(hook) });
  for (const at of forward.at) await (await udpPeer()).say('hello', at);
  await turnsUntil(() => events.some(({ event }) => event === 'dialed'));
  for (const event of events) {
    if ('connection' in event)
      expect(Object.keys(event.connection ?? {}).sort()).toEqual([
        'client',
        'id',
        'openedAt',
        'role',
        'target',
        'transport',
      ]);
  }
});

it('one of a forward that is cut as it begins is closed, once', async () => {
  const { hook, events } = recorder();
  const rule = { from: nowhere, to: await udpEcho(), transport: 'udp' } as const;
  const forward = await running([rule], { hooks: given(hook, bad) });
  const client = await udpPeer();
  for (const at of forward.at) await client.say('hello', at);
  await forward.seen('closed');
  expect(events.map(({ event }) => event)).toEqual(['started', 'accepted', 'error', 'closed']);
  expect(events.at(-1)).toMatchObject({ by: 'halflight', why: 'hook' });
});

it.each([undefined, true] as const)(
  'one of a remote that is cut as it begins is closed once, and carries nothing, in streams: %s',
  async (udpOverTcp) => {
    const { hook, events } = recorder();
    const before = new Set(openConnections());
    const sockets = openDatagramSockets();
    const remote = await remoteHalf({ hooks: given(hook, bad) });
    const local = await localHalf(remote, { ...(udpOverTcp && { udpOverTcp, wire: 'shadowsocks' }) });
    const echo = await udpEcho();
    const client = await udpClient(local.port);
    await client.send(echo, 'hello');
    await turnsUntil(() => events.some(({ event }) => event === 'closed'));
    client.control.end();
    await client.control.ended();
    await turnsUntil(() => [...openConnections()].every((each) => before.has(each)));
    await Promise.all([local, remote].map(({ service }) => service.stop(0)));
    await turnsUntil(() => openDatagramSockets() === sockets);
    const told = events.filter((event) => 'connection' in event && event.connection.transport === 'udp');
    expect(told.map(({ event }) => event)).toEqual(['accepted', 'error', 'closed']);
    expect([remote.seen('opened').length, remote.seen('closed').length]).toEqual([1, 1]);
  },
);

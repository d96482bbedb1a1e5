/** Hooks that fail closed: whatever leads to a client or a target, nothing goes on that they have not let through. */
import { expect, it } from 'vitest';
import type { ByteFilter, Filtered, Hook } from '../../shared/hooks/hook.js';
import type { HookSetting } from '../../shared/hooks/setting.js';
import { recorder } from '../support/hooked.js';
import { failures } from '../support/misbehaving.js';
import { connect } from '../support/peer.js';
import { startTarget } from '../support/targets.js';
import { connectThrough, localHalf, remoteHalf } from '../support/tunnel.js';
import { turnsUntil } from '../support/turns.js';

function given(...hooks: readonly Hook[]): readonly HookSetting[] {
  return hooks.map((source) => ({ kind: 'given', source }));
}

/** Holds back what comes, until there is something to fail at. */
function holding(fail: () => Promise<never>): (bytes: Uint8Array) => Filtered | Promise<Filtered> {
  return (bytes) => (bytes.includes(0x21) ? fail() : 'hold');
}

const up = (filter: ByteFilter): Hook => ({ filter: () => ({ up: filter }) });

const failing: readonly (readonly [string, Hook])[] = [
  ['throws', up({ received: failures.throws })],
  ['rejects', up({ received: failures.rejects })],
  ['throws at last', up({ sent: holding(failures.throws) })],
  ['rejects at last', up({ sent: holding(failures.rejects) })],
  ['throws at the end', up({ received: () => 'hold', ended: failures.throws })],
  ['rejects at the end', up({ received: () => 'hold', ended: failures.rejects })],
  ['throws when it is asked for', { filter: failures.throws }],
  ['throws beside another that passes all', { filter: failures.throws }],
  ['only observes, and throws', { on: { 'first-byte': failures.throws } }],
];

it.each(failing)('no byte comes to the target of a remote whose hook %s', async (name, hook) => {
  const { hook: watch, events } = recorder();
  const target = await startTarget();
  const others = name.includes('beside') ? [up({ received: () => 'pass' })] : [];
  const remote = await remoteHalf({ hooks: given(watch, { ...hook, failClosed: true }, ...others) });
  const client = await connectThrough({ local: await localHalf(remote) }, target);
  const peer = await target.next();
  void client.send('secret words');
  await turnsUntil(() => events.some(({ event }) => event === 'first-byte' || event === 'closed'));
  void client.send('!');
  client.end();
  expect([(await peer.rest()).toString(), peer.ending]).toEqual(['', 'reset']);
  await turnsUntil(() => events.at(-1)?.event === 'closed');
  expect(events.at(-1)).toMatchObject({ by: 'halflight', why: 'hook', up: { sent: 0 } });
});

it.each(['accepted', 'requested'] as const)(
  'nobody is dialed when one of a remote throws in %s',
  async (name) => {
    const { hook: watch, events } = recorder();
    const target = await startTarget();
    const closed: Hook = { failClosed: true, on: { [name]: failures.throws } };
    const local = await localHalf(await remoteHalf({ hooks: given(watch, closed) }));
    await expect(connectThrough({ local }, target)).rejects.toThrow();
    await turnsUntil(() => events.at(-1)?.event === 'closed');
    expect(events.at(-1)).toMatchObject({ by: 'halflight', why: 'hook' });
    expect(target.accepted).toBe(0);
  },
);

it('no word of plain HTTP comes to the target of a local whose hook fails', async () => {
  const { hook: watch, events } = recorder();
  const target = await startTarget();
  const closed: Hook = { failClosed: true, ...up({ received: failures.throws }) };
  const local = await localHalf(await remoteHalf(), { hooks: given(watch, closed) });
  const client = await connect(local.port);
  const authority = `${target.host}:${String(target.port)}`;
  void client.send(`GET http://${authority}/secret HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  const peer = await target.next();
  expect([(await peer.rest()).toString(), await client.ended()]).toEqual(['', 'reset']);
  await turnsUntil(() => events.at(-1)?.event === 'closed');
  expect(events.at(-1)).toMatchObject({ by: 'halflight', why: 'hook', up: { sent: 0 } });
});

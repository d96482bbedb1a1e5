/** Hooks, and the table of what is open, of datagrams. */
import { expect, it } from 'vitest';
import { StoppedError } from '../../shared/errors.js';
import type { Hook } from '../../shared/hooks/hook.js';
import type { HookSetting } from '../../shared/hooks/setting.js';
import { openConnections } from '../../shared/serve/open.js';
import { askAssociation, udpClient } from '../support/associate.js';
import { recorder } from '../support/hooked.js';
import { localHalf, remoteHalf } from '../support/tunnel.js';
import { turnsUntil } from '../support/turns.js';
import { udpEcho } from '../support/udp.js';

function given(...hooks: readonly Hook[]): readonly HookSetting[] {
  return hooks.map((source) => ({ kind: 'given', source }));
}

it.each([undefined, true] as const)(
  'an association is told of by both halves, and is in the table with its bytes, in streams: %s',
  async (udpOverTcp) => {
    const [near, far] = [recorder(), recorder()];
    const remote = await remoteHalf({ hooks: given(far.hook) });
    const local = await localHalf(remote, {
      hooks: given(near.hook),
      ...(udpOverTcp && { udpOverTcp, wire: 'shadowsocks' }),
    });
    const before = new Set(openConnections());
    const echo = await udpEcho();
    const client = await udpClient(local.port);
    await client.send(echo, 'twelve bytes');
    await client.socket.next();
    const rows = [...openConnections()].filter((each) => !before.has(each)).map((each) => each.describe());
    expect(rows.map(({ role, transport, command }) => [role, transport, command])).toEqual([
      ['local', 'udp', 'associate'],
      ['remote', 'udp', 'associate'],
    ]);
    expect(rows[1]).toMatchObject({
      state: 'open',
      up: 12,
      down: 12,
      client: { remote: { host: '127.0.0.1' } },
    });
    client.control.end();
    await client.control.ended();
    const [theirs] = [...openConnections()].filter(
      (each) => !before.has(each) && each.describe().role === 'remote',
    );
    theirs?.cut(new StoppedError('test: expected no association, got one'));
    await turnsUntil(() => [near, far].every(({ events }) => events.at(-1)?.event === 'closed'));
    expect(near.events.map(({ event }) => event)).toEqual(['started', 'accepted', 'requested', 'closed']);
    expect(far.events.map(({ event }) => event)).toEqual(['started', 'accepted', 'closed']);
    for (const { events } of [near, far]) {
      expect(events.at(-1)).toMatchObject({
        up: { received: 12, sent: 12 },
        down: { received: 12, sent: 12 },
      });
    }
    expect([...openConnections()].filter((each) => !before.has(each))).toEqual([]);
  },
);

it('an association that a hook of a local denies is refused in the words of its protocol', async () => {
  const remote = await remoteHalf();
  const deny: Hook = { admit: ({ command }) => (command === 'associate' ? 'deny' : 'allow') };
  const local = await localHalf(remote, { hooks: given(deny) });
  const { reply } = await askAssociation(local.port);
  expect(reply.code).toBe(2);
});

/** The streams of a connection: what is left of them when they are over, and when their half stops. */
import v8 from 'node:v8';
import vm from 'node:vm';
import { expect, it } from 'vitest';
import { createHooks } from '../../shared/hooks/create.js';
import type { Hook, HookEvent } from '../../shared/hooks/hook.js';
import { hooked } from '../support/hooked.js';
import { never } from '../support/misbehaving.js';
import { RecordingSink, ScriptedStream } from '../support/push-stream.js';
import { settle } from '../support/turns.js';

const ends = { local: { host: '127.0.0.1', port: 1 }, remote: { host: '127.0.0.1', port: 2 } };
const facts = { id: 1, role: 'local', transport: 'tcp', openedAt: 0, client: ends } as const;

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc') as () => void;

const ways: readonly (readonly [string, Hook])[] = [
  ['that is observed', {}],
  ['with filters', { filter: () => ({ up: { received: () => 'pass' }, down: { received: () => 'pass' } }) }],
];

it.each(ways)(
  'of a connection %s and has one exchange after the other, bytes alone are kept',
  async (_, hook) => {
    let closed: Extract<HookEvent, { event: 'closed' }> | undefined;
    const watch: Hook = { on: { closed: (event) => (closed = event) } };
    const named = [hook, watch].map((each) => ({ name: 'hook', hook: each }));
    const hooks = createHooks(named, { role: 'local', warn: () => undefined });
    const connection = hooks.accept(
      () => facts,
      () => undefined,
    );
    const targets: WeakRef<ScriptedStream>[] = [];
    const exchange = (): void => {
      const far = new ScriptedStream();
      const stream = connection.through(undefined, far);
      stream.attach(new RecordingSink());
      stream.write([Buffer.from('ask')]);
      far.push('answer');
      far.finish();
      stream.end();
      targets.push(new WeakRef(far));
    };
    for (let times = 0; times < 20; times += 1) exchange();
    await settle(2);
    collect();
    expect(targets.filter((target) => target.deref() !== undefined).length).toBeLessThan(3);
    connection.closed(undefined);
    expect(closed).toMatchObject({
      up: { received: 60, sent: 60, unsent: 0 },
      down: { received: 120, sent: 120, unsent: 0 },
      by: 'target',
    });
  },
);

it('nothing is left open at a stop of a connection whose ends have gone while a filter thinks', async () => {
  const half = await hooked([{ filter: () => ({ up: { received: () => 'hold', ended: () => never() } }) }]);
  const { client, target } = await half.join();
  await client.send('last words');
  client.end();
  target.end();
  expect(await client.ended()).toBe('fin');
  expect(half.events.map(({ event }) => event)).not.toContain('closed');
  await half.hooks.stop();
  expect(await half.heard('closed')).toMatchObject({ by: 'halflight', why: 'stopped', up: { sent: 0 } });
  expect(half.events.at(-1)?.event).toBe('stopped');
  expect(await target.ended()).toBe('reset');
});

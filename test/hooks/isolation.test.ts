/** Hooks that misbehave: the traffic goes on, and it is said once. With failClosed the connection is cut. */
import net from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Hook, Verdict } from '../../shared/hooks/hook.js';
import { fixedTarget } from '../../shared/serve/inbound.js';
import { hooked } from '../support/hooked.js';
import { converse, cutOff, failures, never, wrong } from '../support/misbehaving.js';
import { connect, type Peer } from '../support/peer.js';

const perConnection = ['accepted', 'requested', 'dialed', 'first-byte', 'closed'] as const;
describe.each(Object.entries(failures))('an observer that %s', (_name, fail) => {
  it.each(perConnection)('in %s does not harm the connection, and is reported once', async (name) => {
    const half = await hooked([{ name: 'bad', on: { [name]: fail } }]);
    await converse(half);
    await converse(half);
    const first = await half.heard('closed');
    await half.heard('closed', (event) => event !== first);
    const { warnings, events } = half;
    expect(warnings).toEqual([
      expect.stringMatching(
        new RegExp(`^hook bad: on\\.${name}: expected no error, got: .*; connection \\d+$`),
      ),
    ]);
    expect(events.filter(({ event }) => event === 'error')).toEqual([
      expect.objectContaining({ code: 'hook', message: warnings[0] }),
    ]);
  });

  it('in started, stopped or error is reported without a connection', async () => {
    const half = await hooked([{ name: 'bad', on: { started: fail, stopped: fail, error: fail } }]);
    await half.hooks.stop();
    await Promise.resolve();
    expect(half.warnings.map((line) => line.replace(/: expected.*/, ''))).toEqual([
      'hook bad: on.started',
      'hook bad: on.stopped',
    ]);
    expect(half.warnings.join()).not.toMatch(/connection/);
  });
});

it.each(perConnection.filter((name) => name !== 'closed'))(
  'an observer that is to fail closed and throws in %s has its connection cut',
  async (name) => {
    const half = await hooked([{ failClosed: true, on: { [name]: failures.throws } }]);
    const told = half.heard('closed');
    const socket = net.connect({ port: half.port, host: '127.0.0.1' }).on('error', () => undefined);
    socket.write('hello');
    expect(await told).toMatchObject({ by: 'halflight', why: 'hook' });
    socket.destroy();
  },
);

it('what is read of a hook and of its filters is read once', async () => {
  const reads: Record<string, number> = {};
  const counted = <Part extends object>(place: string, part: Part): Part =>
    new Proxy(part, {
      get: (target, name, receiver): unknown => {
        const read = `${place} ${String(name)}`;
        reads[read] = (reads[read] ?? 0) + 1;
        return Reflect.get(target, name, receiver);
      },
    });
  const up = counted('up', { received: () => 'pass' as const, ended: () => new Uint8Array() });
  const on = counted('on', { closed: () => undefined });
  const half = await hooked([counted('hook', { on, admit: () => 'allow', filter: () => ({ up }) })]);
  const before = { ...reads };
  await converse(half, 1);
  const once = { ...reads };
  await converse(half, 500_000);
  for (const [read, times] of Object.entries(reads)) {
    const already = before[read] ?? 0;
    const each = read.startsWith('up ') ? (once[read] ?? 0) : 0;
    expect([read, times]).toEqual([read, already + 2 * each]);
  }
});

describe('an admission', () => {
  it('allows now or later, one hook after the other, before the target is dialed', async () => {
    const asked: string[] = [];
    const half = await hooked([
      {
        admit: ({ target }) => {
          asked.push(`first ${String(target?.port)}`);
          return 'allow';
        },
      },
      {
        admit: async (): Promise<Verdict> => {
          await Promise.resolve();
          asked.push('second');
          return 'allow';
        },
        on: { dialed: () => asked.push('dialed') },
      },
    ]);
    await converse(half);
    expect(asked).toEqual([`first ${String(half.targetPort)}`, 'second', 'dialed']);
  });

  it('that is denied is no dial, and nobody behind it is asked', async () => {
    let asked = 0;
    const half = await hooked([
      { admit: () => Promise.resolve('deny' as const) },
      {
        admit: () => {
          asked += 1;
          return 'allow';
        },
      },
    ]);
    expect(await cutOff(half.port)).toBe('ECONNRESET');
    const message = 'hook h1: expected it to allow the connection, got deny';
    expect(await half.heard('error')).toMatchObject({ code: 'not-allowed', message });
    expect(await half.heard('closed')).toMatchObject({ by: 'halflight', why: 'not-allowed' });
    expect(half.events.map(({ event }) => event)).not.toContain('dialed');
    expect(half.observed).toContainEqual(
      expect.objectContaining({ event: 'refused', reason: 'not-allowed' }),
    );
    expect(asked).toBe(0);
  });

  it('is waited for no longer than its client is there', async () => {
    const half = await hooked([{ admit: () => never() }]);
    const client = await connect(half.port);
    await half.heard('requested');
    client.reset();
    expect(await half.heard('closed')).toMatchObject({ by: 'client', why: 'ECONNRESET' });
    expect(half.warnings).toEqual([]);
  });

  const wrongs: readonly (readonly [string, Hook['admit'], string])[] = [
    ['throws', failures.throws, 'expected no error, got: boom'],
    ['rejects', failures.rejects, 'expected no error, got: boom'],
    ['answers a number', () => wrong(7), 'expected allow or deny, got a number'],
    ['answers nothing', () => wrong(undefined), 'expected allow or deny, got nothing'],
    ['answers true later', () => Promise.resolve(wrong(true)), 'expected allow or deny, got a boolean'],
    ['answers another word', () => wrong('yes'), "expected allow or deny, got 'yes'"],
    ['never answers', () => never(), 'expected an answer within 0.02 s, got none'],
    [
      'answers later what throws when it is looked at',
      () => Promise.resolve(wrong(new Proxy({}, { has: failures.throws, get: () => undefined }))),
      'expected allow or deny, got an object that throws when it is looked at',
    ],
    [
      'answers what throws when it is awaited',
      () =>
        wrong({
          get then() {
            throw new Error('boom');
          },
        }),
      'expected no error, got: boom',
    ],
  ];

  it.each(wrongs)('that %s is reported once, and allowed', async (_name, admit, detail) => {
    const half = await hooked([{ name: 'bad', ...(admit && { admit }) }], { limits: { admitMs: 20 } });
    await converse(half);
    await converse(half);
    expect(half.warnings).toEqual([expect.stringContaining(`hook bad: admit: ${detail}; connection `)]);
  });

  it.each(wrongs)('that %s and is to fail closed is denied', async (_name, admit) => {
    const half = await hooked([{ name: 'bad', failClosed: true, ...(admit && { admit }) }], {
      limits: { admitMs: 20 },
    });
    expect(await cutOff(half.port)).toBe('ECONNRESET');
    expect(await half.heard('closed')).toMatchObject({ by: 'halflight', why: 'not-allowed' });
  });

  it('of an inbound that asks is refused in its own words', async () => {
    const inbound =
      (port: number): ReturnType<typeof fixedTarget> =>
      async (...asked) => {
        const request = await fixedTarget({ host: '127.0.0.1', port })(...asked);
        return request && { ...request, refused: (reason) => Buffer.from(`refused: ${reason}`) };
      };
    const half = await hooked([{ admit: () => 'deny' }], { inbound });
    const client: Peer = await connect(half.port);
    expect((await client.rest()).toString()).toBe('refused: not-allowed');
    expect(client.ending).toBe('fin');
    client.end();
  });
});

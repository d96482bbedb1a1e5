/** Filters that misbehave: they are taken out, every byte arrives, and it is said once. */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ByteFilter, Hook, HookEvent } from '../../shared/hooks/hook.js';
import { hooked } from '../support/hooked.js';
import { converse, failures, never, wrong } from '../support/misbehaving.js';

/** Filters that fail, by what is said of it. */
const filters: readonly (readonly [string, Hook['filter'], RegExp])[] = [
  ['throw when asked for', failures.throws, /^hook bad: filter: expected no error, got: boom/],
  [
    'are a promise',
    () => wrong(Promise.reject(new Error('late'))),
    /: filter: expected \{ up, down \} or undefined, got a promise/,
  ],
  ['are a word', () => wrong('pass'), /: filter: expected \{ up, down \} or undefined, got 'pass'/],
  [
    'have a direction that is none',
    () => wrong({ up: 7 }),
    /: filter: up: expected \{ received, sent, ended \}, got a number/,
  ],
  [
    'have a part that is none',
    () => wrong({ down: { sent: 'pass' } }),
    /: filter: down\.sent: expected a function, got 'pass'/,
  ],
  [
    'throw when looked at',
    () =>
      wrong({
        get up() {
          throw new Error('boom');
        },
      }),
    /: filter: expected no error, got: boom/,
  ],
  ['throw', () => ({ up: { received: failures.throws } }), /: up\.received: expected no error, got: boom/],
  ['reject', () => ({ down: { sent: failures.rejects } }), /: down\.sent: expected no error, got: boom/],
  [
    'answer nothing',
    () => ({ up: { sent: () => wrong(undefined) } }),
    /: up\.sent: expected pass, hold, a Uint8Array or \{ end \}, got nothing/,
  ],
  [
    'answer a string of bytes',
    () => ({ up: { received: () => wrong('bytes') } }),
    /: up\.received: .*got 'bytes'/,
  ],
  [
    'answer an array later',
    () => ({ down: { received: () => Promise.resolve(wrong([1, 2])) } }),
    /: down\.received: .*got an array/,
  ],
  [
    'answer a wrong end',
    () => ({ up: { received: () => wrong({ end: 'words' }) } }),
    /: up\.received: .*got an object/,
  ],
  [
    'never answer',
    () => ({ up: { received: () => never() } }),
    /: up\.received: expected an answer within 0\.02 s, got none/,
  ],
  [
    'answer bytes that they have given away',
    () => ({
      up: {
        received: (bytes) => {
          structuredClone(bytes.buffer, { transfer: [bytes.buffer as ArrayBuffer] });
          return bytes;
        },
      },
    }),
    /: up\.received: expected no error, got: .*detached/,
  ],
  [
    'throw at the end',
    () => ({ up: { ended: failures.throws } }),
    /: up\.ended: expected no error, got: boom/,
  ],
  [
    'answer a word at the end',
    () => ({ down: { received: () => 'hold', ended: () => wrong('pass') } }),
    /: down\.ended: expected a Uint8Array, got 'pass'/,
  ],
  [
    'never answer at the end',
    () => ({ down: { received: () => 'hold', ended: () => never() } }),
    /: down\.ended: expected an answer within/,
  ],
  [
    'hold without bound',
    () => ({ up: { sent: () => 'hold' } }),
    /: up\.sent: expected at most 300000 bytes held back, got \d+/,
  ],
];

describe('filters', () => {
  const limits = { answerMs: 20, heldBytes: 300_000 };

  it.each(filters)(
    'that %s are taken out: every byte arrives as it came, and it is said once',
    async (_name, filter, said) => {
      const half = await hooked([{ name: 'bad', ...(filter && { filter }) }], { limits });
      await converse(half, said.source.includes('held back') ? 500_000 : 200_000);
      await converse(half, said.source.includes('held back') ? 500_000 : 200_000);
      expect(half.warnings).toEqual([expect.stringMatching(said)]);
      expect(half.warnings[0]).toMatch(/; connection \d+$/);
      const errors = half.events.filter(
        (event): event is Extract<HookEvent, { event: 'error' }> => event.event === 'error',
      );
      expect(errors.map(({ message }) => message)).toEqual(half.warnings);
    },
  );

  it.each(filters)('that %s and are to fail closed have the connection cut', async (_name, filter) => {
    const half = await hooked([{ name: 'bad', failClosed: true, ...(filter && { filter }) }], { limits });
    const { client, target } = await half.join();
    void client.send(randomBytes(400_000));
    void target.send(randomBytes(20_000));
    client.end();
    target.end();
    expect(await half.heard('closed')).toMatchObject({ by: 'halflight', why: 'hook' });
    await target.ended();
  });

  it('of others go on when one fails, and what it held in both directions goes on as it came', async () => {
    const holding: ByteFilter = {
      received: (bytes) => {
        if (Buffer.from(bytes).includes('!')) throw new Error('boom');
        return 'hold';
      },
    };
    const loud: ByteFilter = { sent: (bytes) => Buffer.from(String(Buffer.from(bytes)).toUpperCase()) };
    const half = await hooked([
      { filter: () => ({ up: holding, down: holding }) },
      { filter: () => ({ up: loud, down: loud }) },
    ]);
    const { client, target } = await half.join();
    await target.send('down');
    await half.heard('first-byte', ({ direction }) => direction === 'down');
    await client.send('up');
    await half.heard('first-byte', ({ direction }) => direction === 'up');
    await client.send('!');
    expect((await target.read(3)).toString()).toBe('UP!');
    expect((await client.read(4)).toString()).toBe('DOWN');
  });
});

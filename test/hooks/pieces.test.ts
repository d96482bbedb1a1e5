/** Filters of streams in memory, whose pieces and pauses a test holds in its hands. */
import { expect, it } from 'vitest';
import type { ByteFilter, Filtered } from '../../shared/hooks/hook.js';
import type { HookLimits } from '../../shared/hooks/limits.js';
import { join, type Joined } from '../support/joined.js';
import { failures } from '../support/misbehaving.js';
import { settle } from '../support/turns.js';

/** A client and a target with a filter of what comes down between them. */
function joined(down: ByteFilter, limits: Partial<HookLimits> = {}): Joined {
  return join([{ filter: () => ({ down }) }], { limits });
}

it('pieces that come together may all be answered in the same memory', () => {
  const scratch = new Uint8Array(8);
  const { client, far } = joined({
    received: (bytes) => {
      scratch.set(bytes);
      return scratch.subarray(0, bytes.length);
    },
  });
  far.push('one ', 'two ', 'three');
  expect(client.said).toBe('one two three');
});

it('whatever is written on an answer, its bytes go on', () => {
  const evil = Object.defineProperty(Buffer.from('words'), 'length', { get: failures.throws });
  const { client, far, warnings } = joined({ received: () => Object.assign(evil, { wrong: 'not at all' }) });
  far.push('anything');
  expect([client.said, warnings]).toEqual(['words', []]);
});

it('all that was held back goes on as it came, in however many pieces it came', () => {
  const failing: ByteFilter = {
    received: (bytes) => {
      if (bytes.includes(0x21)) throw new Error('boom');
      return 'hold';
    },
  };
  const { client, far } = joined(failing, { heldBytes: 1e9 });
  const sizes = [1, 1, 1000, 5000, 70_000, 3, 40_000, 30_000, 0, 1, 65_536];
  const long = sizes.map((size, at) => String(at % 10).repeat(size));
  const short = Array.from({ length: 150_000 }, (_, at) => String(at % 10));
  for (const piece of [...long, ...short, '!']) far.push(piece);
  expect(client.said === [...long, ...short, '!'].join('')).toBe(true);
});

it('many small pieces held back are more than their bytes', () => {
  const { client, far, warnings } = joined({ received: () => 'hold' }, { heldBytes: 1_300 });
  for (let at = 0; at < 10; at += 1) far.push('x');
  expect(client.said).toBe('');
  far.push('y', 'z');
  expect(client.said).toBe('xxxxxxxxxxyz');
  const got = 'expected at most 1300 bytes held back, got 1419 with 128 for each piece';
  expect(warnings).toEqual([`hook h1: down.received: ${got}; connection 1`]);
});

it('a client that can take more again does not wake a target whose filter has not answered', async () => {
  const answers: ((filtered: Filtered) => void)[] = [];
  const { client, far } = joined({
    received: () => new Promise((resolve) => answers.push(resolve)),
  });
  client.room = false;
  far.push('first');
  expect(far.paused).toBe(true);
  client.drain();
  expect(far.paused).toBe(true);
  client.room = true;
  answers[0]?.('pass');
  await settle(3);
  expect([client.said, far.paused]).toEqual(['first', false]);
});

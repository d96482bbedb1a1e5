/** What filters hold, change and end, piece by piece. */
import { expect, it } from 'vitest';
import type { ByteFilter, Filtered, Hook } from '../../shared/hooks/hook.js';
import { join } from '../support/joined.js';
import { ScriptedStream } from '../support/push-stream.js';

const down = (filter: ByteFilter): Hook => ({ filter: () => ({ down: filter }) });

/** Answers by the piece. */
function scripted(answers: Readonly<Record<string, Filtered>>): ByteFilter {
  return {
    received: (bytes) => {
      const answer = answers[Buffer.from(bytes).toString()];
      if (answer === undefined) throw new Error('boom');
      return answer;
    },
  };
}

it('what was held back and let go on in other words does not come again when its filter fails', () => {
  const { client, far } = join([down(scripted({ a: 'hold', b: Buffer.from('AB'), c: 'hold' }))]);
  far.push('a', 'b', 'c', 'd');
  expect(client.said).toBe('ABcd');
});

it('what is let go on is held back no longer, however much that is in the end', () => {
  const filter = down(scripted({ ['a'.repeat(500)]: 'hold', b: 'pass' }));
  const { client, far, warnings } = join([filter], { limits: { heldBytes: 1_000 } });
  for (let times = 0; times < 10; times += 1) far.push('a'.repeat(500), 'b');
  expect([client.said, warnings]).toEqual(['bbbbbbbbbb', []]);
});

it('what was lent and finds no room is not what is lent next', () => {
  const { client, far } = join([down({ received: () => 'pass' })], {
    far: new ScriptedStream({ lends: true }),
  });
  client.room = false;
  const much = 'x'.repeat(600_000);
  far.push(much);
  expect(client.said.length).toBeLessThan(much.length);
  for (let times = 0; times < 3; times += 1) client.drain();
  expect(client.said === much).toBe(true);
});

it('what a source says behind the end that a filter has made of its direction is not kept', () => {
  const { client, far, events } = join([down({ received: () => ({ end: Buffer.from('bye') }) })]);
  far.push('hello');
  far.push('more');
  client.break(new Error('gone'));
  expect(client.said).toBe('bye');
  expect(events.at(-1)).toMatchObject({ event: 'closed', down: { received: 9, sent: 3, unsent: 0 } });
});

it('what was held back on its way out goes out at the end, and past nobody who has seen it', () => {
  const seen: string[] = [];
  const late: ByteFilter = { received: () => 'pass', sent: () => 'hold', ended: () => Buffer.from('kept') };
  const loud: ByteFilter = {
    received: (bytes) => {
      seen.push(Buffer.from(bytes).toString());
      return Buffer.from(Buffer.from(bytes).toString().toUpperCase());
    },
  };
  const { client, far } = join([down(late), down(loud)]);
  far.push('words');
  far.finish();
  expect([client.said, seen]).toEqual(['kept', ['words']]);
});

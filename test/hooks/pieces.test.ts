/** Filters of streams in memory, whose pieces and pauses a test holds in its hands. */
import { expect, it } from 'vitest';
import { createHooks } from '../../shared/hooks/create.js';
import type { ByteFilter, Filtered } from '../../shared/hooks/hook.js';
import { relay } from '../../shared/net/relay.js';
import { ScriptedStream } from '../support/push-stream.js';
import { settle } from '../support/turns.js';

const ends = { local: { host: '127.0.0.1', port: 1 }, remote: { host: '127.0.0.1', port: 2 } };
const facts = { id: 1, role: 'forward', transport: 'tcp', openedAt: 0, client: ends } as const;

/** A client and a target with a filter of what comes down between them. */
function joined(down: ByteFilter): { readonly client: ScriptedStream; readonly far: ScriptedStream } {
  const [client, far] = [new ScriptedStream(), new ScriptedStream()];
  const hooks = createHooks([{ name: 'hook', hook: { filter: () => ({ down }) } }], {
    role: 'forward',
    warn: () => undefined,
  });
  const connection = hooks.accept(
    () => facts,
    () => undefined,
  );
  relay(client, connection.through(client, far), () => undefined);
  return { client, far };
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

import { expect, it } from 'vitest';
import type { Inbound } from '../../shared/serve/serve.js';
import { bound, served, target, told } from '../support/machine.js';
import { tcpPair } from '../support/tcp.js';

it('a conversation of several exchanges counts the bytes of all of them, ended or not', async () => {
  const [first, second] = [await tcpPair('dialled'), await tcpPair('dialled')];
  const pairs = [first, second];
  const inbound: Inbound = async (_driver, caller) => {
    const { signal } = new AbortController();
    for (const [at, { peer }] of [first, second].entries()) {
      const { stream } = await caller.dial(target, signal);
      stream.write([Buffer.from('12345')]);
      await peer.read(5);
      const heard = new Promise<void>((resolve) => {
        stream.attach({
          receive: () => {
            resolve();
          },
          ended: () => undefined,
          failed: () => undefined,
          writable: () => undefined,
        });
      });
      await peer.send('1234567');
      await heard;
      if (at === 0) stream.abort();
    }
    return undefined;
  };
  const { events, done } = served(inbound, () => {
    const pair = pairs.shift();
    if (pair === undefined) throw new Error('dial: expected two, got more');
    return Promise.resolve({ stream: pair.stream, bound });
  });
  await done;
  expect(told(events).at(-1)).toEqual({ event: 'closed', id: 0, target, up: 10, down: 14, ms: 0 });
  second.stream.abort();
});

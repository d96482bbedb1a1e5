import { describe, expect, it, vi } from 'vitest';
import { DialError } from '../../shared/errors.js';
import type { Passed } from '../../shared/outbound/outbound.js';
import type { Inbound } from '../../shared/serve/serve.js';
import { asking, bound, closed, opened, served, target, told } from '../support/machine.js';
import { ScriptedStream } from '../support/push-stream.js';

describe('a request that is passed on', () => {
  const passing = (passed: Partial<Passed>, far: ScriptedStream): Inbound => {
    const reply = Buffer.from('the far reply;');
    return () =>
      Promise.resolve({
        command: 'pass',
        asks: 'connect',
        protocol: 'SOCKS5',
        target,
        passOn: () => Promise.resolve({ stream: far, bound, reply, refusal: undefined, ...passed }),
        refused: (reason) => Buffer.from(`refused ${reason};`),
      });
  };

  it('is answered with the far end’s own words, and relayed', async () => {
    const far = new ScriptedStream();
    const { client, events, done } = served(passing({}, far));
    await done;
    far.push('answer');
    expect(client.said).toBe('the far reply;answer');
    expect(told(events)).toEqual([opened, { event: 'granted', id: 0, target, bound }]);
  });

  it('and refused hears the rest of the refusal from the far end, and is told of as refused', async () => {
    const far = new ScriptedStream();
    const { client, events, done } = served(passing({ refusal: 'timed-out' }, far));
    await done;
    far.push('why it was');
    far.finish();
    client.finish();
    expect(client.said).toBe('the far reply;why it was');
    expect(told(events)).toEqual([
      opened,
      {
        event: 'refused',
        id: 0,
        target,
        reason: 'timed-out',
        at: 'target',
        detail: 'remote: expected to reach the target, got: connection timed out',
      },
      { ...closed, target },
    ]);
  });
});

describe('a binding', () => {
  it('is answered twice, and then relayed', async () => {
    let come: (connected: { stream: ScriptedStream; bound: typeof bound }) => void = () => undefined;
    const accepted = new Promise<{ stream: ScriptedStream; bound: typeof bound }>((resolve) => {
      come = resolve;
    });
    const bind = { bind: () => Promise.resolve({ bound, accepted, close: () => undefined }) };
    const { client, far, events, done } = served(asking('bind'), undefined, bind);
    client.push('ask!');
    await vi.waitUntil(() => client.said === 'granted 5000;');
    come({ stream: far, bound: { host: '192.0.2.1', port: 6000 } });
    await done;
    far.push('hello');
    expect(client.said).toBe('granted 5000;granted 6000;hello');
    expect(told(events).slice(1)).toEqual([
      { event: 'bound', id: 0, target, bound },
      { event: 'granted', id: 0, target, bound: { host: '192.0.2.1', port: 6000 } },
    ]);
  });

  it('for which nobody came is answered so the second time', async () => {
    const late = Promise.reject(new DialError('timed-out', 'binding: nobody'));
    late.catch(() => undefined);
    const bind = { bind: () => Promise.resolve({ bound, accepted: late, close: () => undefined }) };
    const { client, done } = served(asking('bind'), undefined, bind);
    client.push('ask!');
    await done;
    expect([client.said, client.calls.includes('end')]).toEqual(['granted 5000;refused timed-out;', true]);
  });

  it.each(['bind', 'associate'] as const)(
    'or a %s that no way out can carry is refused so',
    async (command) => {
      const { client, done } = served(asking(command));
      client.push('ask!');
      await done;
      expect(client.said).toBe('refused command-not-supported;');
    },
  );
});

import { describe, expect, it, vi } from 'vitest';
import { StoppedError } from '../../shared/errors.js';
import type { ObservedEvent } from '../../shared/observe/events.js';
import type { Dialer } from '../../shared/outbound/outbound.js';
import { Attempts } from '../../shared/serve/attempts.js';
import { serveStream, type Inbound } from '../../shared/serve/serve.js';
import { ScriptedStream } from '../support/push-stream.js';
import { settle } from '../support/turns.js';

const target = { host: '192.0.2.1', port: 80 };
const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });

/** An inbound that needs no asking. */
const asked: Inbound = () =>
  Promise.resolve({
    command: 'connect',
    target,
    granted: () => Buffer.from('granted'),
    refused: (reason) => Buffer.from(reason),
  });

interface Dialling {
  readonly client: ScriptedStream;
  readonly attempts: Attempts;
  readonly events: ObservedEvent[];
  readonly signals: AbortSignal[];
  readonly done: Promise<void>;
}

/** A conversation whose target says nothing until it is given up. */
function dialling(inbound: (client: ScriptedStream) => Inbound = () => asked): Dialling {
  const client = new ScriptedStream();
  const attempts = new Attempts();
  const events: ObservedEvent[] = [];
  const signals: AbortSignal[] = [];
  const dial: Dialer = (_target, { signal }) =>
    new Promise((_resolve, reject) => {
      signals.push(signal);
      const giveUp = (): void => {
        reject(signal.reason as Error);
      };
      if (signal.aborted) giveUp();
      else signal.addEventListener('abort', giveUp);
    });
  const observer = (event: ObservedEvent): void => void events.push(event);
  const machine = { role: 'remote', outbound: { dial }, observer, idleMs: 1000, attempts } as const;
  return { client, attempts, events, signals, done: serveStream(client, inbound(client), machine) };
}

/** Name and code word of each event. */
function told(events: readonly ObservedEvent[]): string[] {
  return events.map((event) => ('error' in event ? `${event.event} ${event.error}` : event.event));
}

describe('a dial under way', () => {
  it('is given up when its client breaks, and nothing is refused: nobody asks any more', async () => {
    const { client, attempts, events, signals, done } = dialling();
    await settle();
    client.break(reset);
    await done;
    expect([signals[0]?.reason, client.said]).toEqual([reset, '']);
    expect(told(events)).toEqual(['opened', 'closed ECONNRESET']);
    await attempts.settled();
  });

  it('is given up when its client broke before it began', async () => {
    const { events, done } = dialling((client) => (driver, caller, signal) => {
      client.break(reset);
      return asked(driver, caller, signal);
    });
    await done;
    expect(told(events)).toEqual(['opened', 'closed ECONNRESET']);
  });

  it('goes on when its client merely ends its direction, and is given up when that breaks later', async () => {
    const { client, signals, events, done } = dialling();
    await settle();
    client.finish();
    await settle();
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    client.break(reset);
    await done;
    expect(told(events)).toEqual(['opened', 'closed ECONNRESET']);
  });

  it('is given up when the service stops: the client is answered, and all is told before it has', async () => {
    const { client, attempts, events, signals } = dialling();
    await settle();
    attempts.stop();
    await attempts.settled();
    expect([signals[0]?.reason, client.said]).toEqual([expect.any(StoppedError), 'general-failure']);
    expect(told(events)).toEqual(['opened', 'refused', 'closed stopped']);
  });

  it('is not begun by a service that has been stopped', async () => {
    let proceed: () => void = () => undefined;
    const { attempts, events, signals, done } = dialling(() => async (driver, caller, signal) => {
      await new Promise<void>((resolve) => {
        proceed = resolve;
      });
      return asked(driver, caller, signal);
    });
    attempts.stop();
    await settle();
    expect(signals).toEqual([]);
    proceed();
    await done;
    expect([signals[0]?.aborted, ...told(events)]).toEqual([true, 'opened', 'refused', 'closed stopped']);
  });
});

it('a conversation that is relayed is nobody’s attempt any more: its signal stays quiet', async () => {
  const [client, far] = [new ScriptedStream(), new ScriptedStream()];
  const attempts = new Attempts();
  const aborted = vi.fn();
  const dial: Dialer = (_target, { signal }) => {
    signal.addEventListener('abort', aborted);
    return Promise.resolve({ stream: far, bound: target });
  };
  await serveStream(client, asked, {
    role: 'remote',
    outbound: { dial },
    observer: vi.fn(),
    idleMs: 1000,
    attempts,
  });
  attempts.stop();
  await attempts.settled();
  client.break(reset);
  expect([aborted.mock.calls, far.calls.at(-1)]).toEqual([[], 'abort']);
});

import { expect, it, onTestFinished, vi } from 'vitest';
import { PathWatch } from '../../local/path.js';
import { DialError } from '../../shared/errors.js';
import { dialErrorOf } from '../../shared/net/dial-errors.js';
import type { ObservedEvent } from '../../shared/observe/events.js';

/** What a dial through the remote rejects with when the system says `code`. */
function behindTheTunnel(code: string): DialError {
  const cause = dialErrorOf(Object.assign(new Error(`connect ${code}`), { code }));
  return new DialError('general-failure', `remote 192.0.2.1:8388: ${cause.message}`, { cause });
}

/** What a watch says to one failure. */
function saidTo(failure: unknown): ObservedEvent['event'][] {
  vi.useFakeTimers();
  const events: ObservedEvent['event'][] = [];
  const watch = new PathWatch(
    () => new Promise(() => undefined),
    ({ event }) => events.push(event),
  );
  onTestFinished(() => {
    watch.stop();
    vi.useRealTimers();
  });
  watch.fails(failure);
  expect(vi.getTimerCount()).toBe(events.length);
  return events;
}

it.each(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM'])(
  'a watch does not call the remote lost for want of our own means (%s)',
  (code) => {
    expect(saidTo(behindTheTunnel(code))).toEqual([]);
  },
);

it.each(['ECONNREFUSED', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EINVAL'])(
  'a watch calls the remote lost when the network says so (%s)',
  (code) => {
    expect(saidTo(behindTheTunnel(code))).toEqual(['remote-lost']);
  },
);

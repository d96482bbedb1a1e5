/** How streams with hooks around them end: by either side, by a filter, and when nobody does. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DialError, HookError } from '../../shared/errors.js';
import type { ByteFilter, Hook } from '../../shared/hooks/hook.js';
import { join, meet } from '../support/joined.js';
import { failures, never } from '../support/misbehaving.js';
import { RecordingSink, ScriptedStream } from '../support/push-stream.js';
import { settle } from '../support/turns.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const bye: ByteFilter = { received: () => ({ end: Buffer.from('bye') }) };
const pass: ByteFilter = { received: () => 'pass' };
const gone = new Error('gone');

it('a target that never ends is let go of when filters have ended both directions', () => {
  const { client, far } = join([{ filter: () => ({ up: bye, down: bye }) }]);
  client.push('hello');
  far.push('hello');
  expect([client.said, far.said, client.calls.includes('end')]).toEqual(['bye', 'bye', true]);
  vi.advanceTimersByTime(30_000);
  expect(far.calls.slice(-1)).toEqual(['abort']);
});

describe('a client whose direction a filter has ended, when the other one ends, too,', () => {
  it('has half a minute to end', () => {
    const { client, far, done } = join([{ filter: () => ({ up: bye }) }]);
    client.push('hello');
    far.finish();
    vi.advanceTimersByTime(29_000);
    expect(done).toEqual([]);
    client.finish();
    expect([done, vi.getTimerCount()]).toEqual([[undefined], 0]);
  });

  it('is waited for no longer when the target breaks', () => {
    const { client, far, done } = join([{ filter: () => ({ up: bye }) }]);
    client.push('hello');
    far.finish();
    far.break(gone);
    expect([done, vi.getTimerCount()]).toEqual([[gone], 0]);
  });

  it('is truncated when it does not', () => {
    const { client, far, done } = join([{ filter: () => ({ up: bye }) }]);
    client.push('hello');
    far.finish();
    vi.advanceTimersByTime(30_000);
    expect([client.calls.at(-1), done]).toMatchObject(['truncate', [{ code: 'silence' }]]);
  });
});

it('a target that breaks behind the end that a filter made of its words truncates the client', () => {
  const { client, far, done } = join([{ filter: () => ({ down: bye }) }]);
  far.push('hello');
  far.break(gone);
  expect([client.said, client.calls.at(-1), done]).toEqual(['bye', 'truncate', [gone]]);
});

describe.each<[string, Hook]>([
  ['observed', {}],
  ['with filters', { filter: () => ({ up: pass, down: pass }) }],
])('of a stream that is %s', (_, hook) => {
  it('what is given back comes first to whoever is next, and counts once', () => {
    const { connection, events } = meet([hook]);
    const far = new ScriptedStream();
    const stream = connection.through(undefined, far);
    const [first, next] = [new RecordingSink(), new RecordingSink()];
    first.onReceive = () => {
      stream.pause();
      stream.giveBack(Buffer.from('AHEAD'));
      stream.attach(next);
    };
    stream.attach(first);
    far.push('head AHEAD');
    far.push(' and more');
    expect(next.text).toBe('AHEAD and more');
    stream.abort();
    connection.closed(undefined);
    expect(events.at(-1)).toMatchObject({ down: { received: 19, sent: 19, unsent: 0 } });
  });

  it('whoever pauses it at what was given back is not told more', () => {
    const far = new ScriptedStream();
    const stream = meet([hook]).connection.through(undefined, far);
    const sink = new RecordingSink();
    sink.onReceive = () => {
      stream.pause();
    };
    stream.giveBack(Buffer.from('first'));
    stream.attach(sink);
    far.push('later');
    expect([sink.text, far.paused]).toEqual(['first', true]);
  });

  it.each([
    ['the client ends and the target breaks', 'target', 'gone'],
    ['the target ends and the client breaks', 'client', 'gone'],
    ['the client ends and then the target', 'client', 'end'],
    ['the target ends and then the client', 'target', 'end'],
  ])('when %s, it is by the %s', (how, by, why) => {
    const { client, far, events } = join([hook]);
    const [first, second] = how.startsWith('the client') ? [client, far] : [far, client];
    first.finish();
    if (why === 'end') second.finish();
    else second.break(Object.assign(new Error('gone'), { code: 'gone' }));
    expect(events.at(-1)).toMatchObject({ event: 'closed', by, why });
  });
});

it('what waits for a filter when the target breaks was not sent', () => {
  const { client, far, events } = join([{ filter: () => ({ up: { received: () => never() } }) }]);
  client.push('words');
  far.break(gone);
  expect(events.at(-1)).toMatchObject({ event: 'closed', up: { received: 5, sent: 0, unsent: 5 } });
});

it('a connection whose target refuses it is closed by the target', () => {
  const { connection, events } = meet([]);
  connection.failed(new DialError('connection-refused', 'dial: expected a connection, got none'));
  connection.closed(undefined);
  expect(events.at(-1)).toMatchObject({ event: 'closed', by: 'target', why: 'connection-refused' });
});

describe('of a hook that fails closed', () => {
  it.each<[string, Hook]>([
    ['is asked for filters', { filter: failures.throws }],
    ['hears of the first byte', { on: { 'first-byte': failures.throws } }],
  ])('and throws when it %s, not even the first byte goes on', (_, hook) => {
    for (const send of ['write', 'spend', 'push'] as const) {
      const { connection, cuts } = meet([{ ...hook, failClosed: true }]);
      const far = new ScriptedStream();
      const stream = connection.through(undefined, far);
      const sink = new RecordingSink();
      stream.attach(sink);
      if (send === 'push') far.push('y');
      else stream[send]([Buffer.from('x')]);
      expect([far.said, sink.text, sink.error?.name]).toEqual(['', '', 'HookError']);
      expect(cuts).toEqual([expect.stringMatching(/expected no error, got: boom/)]);
    }
  });

  it('which has failed nobody is asked any more whether its connection may go on', async () => {
    const admit = vi.fn(() => 'allow' as const);
    const { connection } = meet([{ failClosed: true, on: { requested: failures.throws } }, { admit }]);
    connection.requested();
    await expect(connection.admit(new AbortController().signal)).rejects.toThrow(HookError);
    expect(admit).not.toHaveBeenCalled();
  });
});

describe('no timer is left', () => {
  it('of a client that leaves while it is admitted, or has left', async () => {
    const { connection, warnings } = meet([{ admit: () => never() }]);
    const leaving = new AbortController();
    const admission = connection.admit(leaving.signal);
    expect(vi.getTimerCount()).toBe(1);
    leaving.abort(gone);
    await expect(admission).rejects.toBe(gone);
    await expect(connection.admit(AbortSignal.abort(gone))).rejects.toBe(gone);
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(60_000);
    expect(warnings).toEqual([]);
  });

  it('of an answer that has come', async () => {
    const { client, far } = join([{ filter: () => ({ down: { received: () => Promise.resolve('pass') } }) }]);
    far.push('words');
    expect(vi.getTimerCount()).toBe(1);
    await settle();
    expect([client.said, vi.getTimerCount()]).toEqual(['words', 0]);
  });

  it('of hooks that have stopped', async () => {
    const tick = vi.fn();
    const { hooks } = meet([{ on: { tick } }]);
    hooks.started([]);
    vi.advanceTimersByTime(2_500);
    await hooks.stop();
    vi.advanceTimersByTime(2_500);
    expect([tick.mock.calls.length, vi.getTimerCount()]).toEqual([2, 0]);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkPath } from '../../local/check.js';
import { PathWatch } from '../../local/path.js';
import { methods } from '../../shared/codec/methods.js';
import { DialError } from '../../shared/errors.js';
import type { CheckResult, ObservedEvent } from '../../shared/observe/events.js';
import type { Tunnel } from '../../shared/outbound/reach.js';
import { defaultTimeouts } from '../../shared/serve/timeouts.js';
import { cipherFor } from '../support/codec.js';
import { stillEnvironment } from '../support/gate.js';
import { deadPort, startTarget } from '../support/targets.js';
import type { Peer } from '../support/peer.js';

/** Of checks that nobody gives up. */
const never = new AbortController().signal;

/** A tunnel to a port of this host. */
function tunnelTo(port: number, timeouts: Partial<Tunnel['timeouts']> = {}): Tunnel {
  return {
    remote: { host: '127.0.0.1', port },
    cipher: cipherFor(methods['2022-blake3-aes-256-gcm']),
    environment: stillEnvironment,
    pathWorks: () => Promise.resolve(true),
    resolver: { resolve: (host) => Promise.resolve([host]), close: () => undefined },
    timeouts: { ...defaultTimeouts, ...timeouts },
  };
}

/** Something on the remote's port that is no halflight. */
async function something(serve: (peer: Peer) => void): Promise<number> {
  return (await startTarget({ serve })).port;
}

describe('a check of the path', () => {
  it('fails at the name when that does not resolve', async () => {
    const failure = new DialError('name-not-resolved', 'name remote.example: expected an address, got none');
    const resolver = { resolve: () => Promise.reject(failure), close: () => undefined };
    const tunnel = { ...tunnelTo(1), remote: { host: 'remote.example', port: 8388 }, resolver };
    expect(await checkPath(tunnel, 'raw', never)).toEqual({
      ok: false,
      stage: 'resolve',
      detail: expect.stringContaining('remote remote.example:8388: ') as string,
      advice: expect.stringContaining('check the host name') as string,
    });
  });

  it('fails at TCP when nobody listens', async () => {
    const result = await checkPath(tunnelTo(await deadPort()), 'raw', never);
    expect(result).toMatchObject({
      ok: false,
      stage: 'tcp',
      advice: expect.stringContaining('check that the remote runs') as string,
    });
  });

  describe.each([
    ['raw', { ok: false, stage: 'authenticate' }],
    ['shadowsocks', { ok: true, verified: false }],
  ] as const)('over the %s wire', (wire, ofAClosed) => {
    it.each([
      [
        'ends',
        (peer: Peer): void => {
          peer.end();
        },
      ],
      [
        'resets',
        (peer: Peer): void => {
          peer.reset();
        },
      ],
    ])('judges a server that %s without a word by what that wire allows', async (_how, close) => {
      const port = await something((peer) => {
        void peer.read(1).then(() => {
          close(peer);
        });
      });
      expect(await checkPath(tunnelTo(port), wire, never)).toMatchObject(ofAClosed);
    });

    it('fails at the authentication when the server says nothing', async () => {
      const port = await something(() => undefined);
      expect(await checkPath(tunnelTo(port, { replyMs: 50 }), wire, never)).toMatchObject({
        ok: false,
        stage: 'authenticate',
        detail: expect.stringContaining('got silence') as string,
        advice: expect.stringContaining('check key and method') as string,
      });
    });

    it('fails at the authentication when the server speaks under another key', async () => {
      const port = await something((peer) => void peer.send(Buffer.alloc(500, 1)));
      expect(await checkPath(tunnelTo(port), wire, never)).toMatchObject({
        ok: false,
        stage: 'authenticate',
      });
    });
  });

  it('waits 5 s at most, and less where less is set', async () => {
    const timers = vi.spyOn(globalThis, 'setTimeout');
    for (const replyMs of [defaultTimeouts.replyMs, 30]) {
      const port = await something(() => undefined);
      timers.mockClear();
      const checking = checkPath(tunnelTo(port, { replyMs }), 'raw', never);
      await vi.waitUntil(() => timers.mock.calls.some(([, ms]) => ms === Math.min(5_000, replyMs)));
      expect(timers.mock.calls.some(([, ms]) => ms === 20_000)).toBe(false);
      if (replyMs < 5_000) expect((await checking).ok).toBe(false);
    }
    timers.mockRestore();
  });
});

const found: CheckResult = { ok: true, ms: 1, verified: true };
const missing: CheckResult = { ok: false, stage: 'tcp', detail: 'refused', advice: 'look' };

interface Watched {
  readonly watch: PathWatch;
  readonly events: ObservedEvent[];
  /** Answers the oldest check that is under way. */
  readonly answer: (result: CheckResult) => Promise<void>;
  readonly checks: () => number;
}

function watched(): Watched {
  const events: ObservedEvent[] = [];
  const asking: ((result: CheckResult) => void)[] = [];
  let checks = 0;
  const check = (): Promise<CheckResult> => {
    checks += 1;
    return new Promise((resolve) => asking.push(resolve));
  };
  return {
    watch: new PathWatch(check, (event) => events.push(event)),
    events,
    answer: async (result) => {
      asking.shift()?.(result);
      await Promise.resolve();
    },
    checks: () => checks,
  };
}

describe('a watch over the path', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('says nothing as long as everything works', () => {
    const { watch, events } = watched();
    watch.begin()();
    watch.begin()();
    expect([events, vi.getTimerCount()]).toEqual([[], 0]);
  });

  it('says once that the remote is lost, and why, and once that it is back', () => {
    const { watch, events } = watched();
    watch.fails(new Error('first reason'));
    watch.fails(new Error('second reason'));
    watch.begin()();
    watch.begin()();
    watch.fails('third reason');
    expect(events).toEqual([
      { event: 'remote-lost', detail: 'first reason' },
      { event: 'remote-back' },
      { event: 'remote-lost', detail: 'third reason' },
    ]);
    watch.stop();
  });

  it('looks again after 1, 2, 4, 8, 15 and then every 30 s, until it finds it', async () => {
    const { watch, events, answer, checks } = watched();
    watch.fails('lost');
    const pauses = [1, 2, 4, 8, 15, 30, 30, 30];
    for (const [looked, seconds] of pauses.entries()) {
      await vi.advanceTimersByTimeAsync(seconds * 1000 - 1);
      expect([seconds, checks()]).toEqual([seconds, looked]);
      await vi.advanceTimersByTimeAsync(1);
      expect([seconds, checks()]).toEqual([seconds, looked + 1]);
      await answer(looked < pauses.length - 1 ? missing : found);
    }
    expect(events).toEqual([{ event: 'remote-lost', detail: 'lost' }, { event: 'remote-back' }]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is not fooled by a late answer to a dial from before the loss', async () => {
    const { watch, events, answer } = watched();
    const old = watch.begin();
    watch.fails('lost');
    await vi.advanceTimersByTimeAsync(1000);
    old();
    expect(events).toHaveLength(1);
    watch.begin()();
    expect(events.at(-1)).toEqual({ event: 'remote-back' });
    watch.fails('again');
    await answer(found);
    expect(events.at(-1)).toEqual({ event: 'remote-lost', detail: 'again' });
    watch.stop();
  });

  it('begins with short pauses again when it is lost again', async () => {
    const { watch, answer, checks } = watched();
    watch.fails('lost');
    await vi.advanceTimersByTimeAsync(1000);
    await answer(missing);
    watch.begin()();
    watch.fails('again');
    await vi.advanceTimersByTimeAsync(1000);
    expect(checks()).toBe(2);
    watch.stop();
  });

  it('looks no more when a conversation has found it in the meantime', async () => {
    const { watch, events, answer, checks } = watched();
    watch.fails('lost');
    await vi.advanceTimersByTimeAsync(1000);
    watch.begin()();
    await answer(missing);
    await vi.advanceTimersByTimeAsync(120_000);
    expect([checks(), events.length]).toEqual([1, 2]);
  });

  it('looks once at a time, though a check of before comes late', async () => {
    const { watch, answer, checks } = watched();
    watch.fails('lost');
    await vi.advanceTimersByTimeAsync(1000);
    watch.begin()();
    watch.fails('again');
    await answer(missing);
    expect(vi.getTimerCount()).toBe(1);
    watch.stop();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(checks()).toBe(1);
  });

  it('that is stopped looks no more, and says nothing more', async () => {
    for (const when of ['pausing', 'looking'] as const) {
      const { watch, events, answer, checks } = watched();
      watch.fails('lost');
      if (when === 'looking') await vi.advanceTimersByTimeAsync(1000);
      watch.stop();
      const before = checks();
      await answer(missing);
      await vi.advanceTimersByTimeAsync(120_000);
      watch.fails('afterwards');
      expect([when, checks(), events.length, vi.getTimerCount()]).toEqual([when, before, 1, 0]);
    }
  });
});

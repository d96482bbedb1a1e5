import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { failOver, type Beginning, type Way } from '../../local/fail-over.js';
import { DialError, RefusedError } from '../../shared/errors.js';
import { dialErrorOf } from '../../shared/net/dial-errors.js';
import { FarFailure, FarRefusal } from '../../shared/outbound/outbound.js';

/** What a server does with a conversation: it takes it, or fails so, or never says anything. */
type Deed = 'takes' | 'hangs' | Error;

interface Served extends Way<string> {
  readonly failures: unknown[];
}

const refusedDial = (code = 'ECONNREFUSED'): FarFailure =>
  new FarFailure({ host: 'h', port: 1 }, dialErrorOf(Object.assign(new Error(code), { code })));

/** `works`: what it is found to do when it is asked about. */
function server(name: string, works = true): Served {
  const failures: unknown[] = [];
  return {
    name,
    ways: name,
    hurried: `${name}, hurried`,
    failures,
    works: () => Promise.resolve(works),
    fails: (why) => failures.push(why),
  };
}

interface Trial {
  readonly tried: string[];
  readonly outcome: Promise<string>;
  readonly through: string[];
}

function attempt(
  servers: readonly Served[],
  deeds: readonly Deed[],
  changes: Partial<Beginning<string, string>> & { readonly signal?: AbortSignal } = {},
): Trial {
  const { signal = new AbortController().signal, ...others } = changes;
  const tried: string[] = [];
  const through: string[] = [];
  const beginning: Beginning<string, string> = {
    attempt: (ways, options) => {
      const deed = deeds[tried.length] ?? 'takes';
      tried.push(ways);
      if (deed === 'takes') return Promise.resolve(ways);
      if (deed !== 'hangs') return Promise.reject(deed);
      return new Promise((_, reject) => {
        options.signal.addEventListener('abort', () => {
          reject(new FarFailure({ host: 'h', port: 1 }, options.signal.reason));
        });
      });
    },
    repeatable: () => true,
    attemptMs: 3_000,
    patienceMs: 10_000,
    ...others,
  };
  const outcome = failOver(servers, beginning, { signal, through: (name) => through.push(name) });
  outcome.catch(() => undefined);
  return { tried, outcome, through };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a conversation that fails over', () => {
  it('goes through the first server that takes it, and marks those before as lost', async () => {
    const servers = [server('a'), server('b'), server('c'), server('d')];
    const [one, other] = [refusedDial(), refusedDial('ETIMEDOUT')];
    const { tried, outcome, through } = attempt(servers, [one, other]);
    expect(await outcome).toBe('c, hurried');
    expect(tried).toEqual(['a, hurried', 'b, hurried', 'c, hurried']);
    expect(through).toEqual(['c']);
    expect(servers.map(({ failures }) => failures)).toEqual([[one], [other], [], []]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('gives the last server all its time, and has its failure when all fail', async () => {
    const servers = [server('a'), server('b')];
    const last = refusedDial('EHOSTUNREACH');
    const { tried, outcome } = attempt(servers, [refusedDial(), last]);
    await expect(outcome).rejects.toBe(last);
    expect(tried).toEqual(['a, hurried', 'b']);
    // Who watches the last way hears of it there.
    expect(servers[1]?.failures).toEqual([]);
  });

  it('names the server that refused it in words of its own', async () => {
    const { outcome, through } = attempt(
      [server('a'), server('b')],
      [refusedDial(), new FarRefusal('timed-out')],
    );
    await expect(outcome).rejects.toThrow(FarRefusal);
    expect(through).toEqual(['b']);
  });

  it('through the only server is not hurried, not doubted, and names nobody', async () => {
    const { tried, through } = attempt([server('a')], ['hangs']);
    await vi.advanceTimersByTimeAsync(60_000);
    expect([tried, through, vi.getTimerCount()]).toEqual([['a'], [], 0]);
    const { outcome, through: none } = attempt([server('a')], ['takes']);
    expect([await outcome, none]).toEqual(['a', []]);
  });

  it.each([
    ['the far end says itself that it did not reach the target', new FarRefusal('connection-refused')],
    ['the far end knows no such command', new DialError('command-not-supported', 'BIND')],
    ['a rule says no', new RefusedError('no')],
    ['this computer has no means for it', refusedDial('EMFILE')],
    ['it is nothing that anybody foresaw', new TypeError('undefined is not a function')],
  ])('is not tried again when %s', async (_why, error) => {
    const servers = [server('a'), server('b')];
    const { tried, outcome } = attempt(servers, [error]);
    await expect(outcome).rejects.toBe(error);
    expect([tried, servers[0]?.failures]).toEqual([['a, hurried'], []]);
  });

  it('is not tried again once what must not be said twice has been said', async () => {
    let sent = false;
    const error = refusedDial();
    const servers = [server('a'), server('b'), server('c')];
    const { tried, outcome } = attempt(servers, [refusedDial(), error], { repeatable: () => !sent });
    sent = true;
    await expect(outcome).rejects.toThrow('ECONNREFUSED');
    expect(tried.length).toBe(1);
  });

  it('is given up with its client', async () => {
    const client = new AbortController();
    const servers = [server('a'), server('b')];
    const { tried, outcome } = attempt(servers, ['hangs'], { signal: client.signal });
    client.abort(new Error('left'));
    await expect(outcome).rejects.toThrow('left');
    expect([tried, servers[0]?.failures, vi.getTimerCount()]).toEqual([['a, hurried'], [], 0]);
  });

  it('leaves a server that is silent, when it answers nobody else either', async () => {
    const servers = [server('a', false), server('b')];
    const { tried, outcome } = attempt(servers, ['hangs']);
    await vi.advanceTimersByTimeAsync(2_999);
    expect(tried).toEqual(['a, hurried']);
    await vi.advanceTimersByTimeAsync(100);
    expect(await outcome).toBe('b');
    expect(String(servers[0]?.failures[0])).toContain('expected a sign of life, got silence');
  });

  it('waits for a server that only has a slow target', async () => {
    const servers = [server('a', true), server('b')];
    const { tried } = attempt(servers, ['hangs']);
    await vi.advanceTimersByTimeAsync(60_000);
    expect([tried, servers[0]?.failures]).toEqual([['a, hurried'], []]);
  });

  it('ends with the server that is asked when the time is up', async () => {
    const servers = Array.from({ length: 10 }, (_, at) => server(String(at), false));
    const { tried } = attempt(servers, Array<Deed>(10).fill('hangs'));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(tried).toEqual(['0, hurried', '1, hurried', '2, hurried', '3']);
  });

  it('without any server is refused', async () => {
    await expect(attempt([], []).outcome).rejects.toThrow('servers: expected at least one, got none');
  });
});

import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Carrier } from '../../shared/net/carrier.js';
import { systemEnvironment as environment } from '../../shared/net/system.js';
import { type CarrierCounts, type CarrierNews, Carriers, noCounts } from '../../shared/outbound/carriers.js';
import { chunkEnds } from '../support/sealed.js';
import { type Pair, tcpPair } from '../support/tcp.js';

const timeouts = { carrierIdleMs: 60_000, carrierWarmMs: 60_000, warmForMs: 0 };

interface Opened {
  readonly carrier: Carrier;
  readonly pair: Pair;
}

interface Watched {
  readonly carriers: Carriers;
  readonly news: CarrierNews[];
  /** What was opened ahead. */
  readonly ahead: Opened[];
  readonly counts: () => CarrierCounts;
}

/** A carrier that has not had a conversation, or has. */
async function opened(used = true): Promise<Opened> {
  const pair = await tcpPair('accepted');
  const carrier = new Carrier(pair.stream, () => chunkEnds('raw').near, { environment, ageMs: 60_000 });
  if (used) carrier.converse(() => undefined);
  return { carrier, pair };
}

function watched(
  changes: Partial<typeof timeouts> = {},
  outside: { addresses?: () => readonly string[]; now?: () => number; fails?: boolean } = {},
): Watched {
  const news: CarrierNews[] = [];
  const ahead: Opened[] = [];
  let counts = noCounts;
  const open = async (): Promise<Carrier> => {
    if (outside.fails === true) throw new Error('no way');
    const one = await opened(false);
    ahead.push(one);
    return one.carrier;
  };
  const carriers = new Carriers(open, {
    environment: { ...environment, ...(outside.now && { now: outside.now }) },
    timeouts: { ...timeouts, ...changes },
    count: (what, times = 1) => (counts = { ...counts, [what]: counts[what] + times }),
    tell: (one) => news.push(one),
    addresses: outside.addresses ?? (() => []),
  });
  return { carriers, news, ahead, counts: () => counts };
}

describe('the carriers that wait', () => {
  it('hold no process, until they are taken', async () => {
    const { carriers } = watched();
    const { carrier, pair } = await opened();
    const { _handle: handle } = pair.socket as unknown as { _handle: { hasRef(): boolean } };
    carriers.keep(carrier);
    expect(handle.hasRef()).toBe(false);
    carriers.take();
    expect(handle.hasRef()).toBe(true);
  });

  it('are taken in the order of their last conversation, the last one first', async () => {
    const { carriers } = watched();
    const all = await Promise.all([opened(), opened(), opened()]);
    for (const { carrier } of all) carriers.keep(carrier);
    expect([carriers.take(), carriers.take(), carriers.take(), carriers.take()]).toEqual([
      ...all.map(({ carrier }) => carrier).reverse(),
      undefined,
    ]);
  });

  it('are 64 at most', async () => {
    const { carriers, news } = watched();
    for (let each = 0; each < 65; each++) carriers.keep((await opened()).carrier);
    expect(news.filter(({ what }) => what === 'kept').map(({ idle }) => idle)).toEqual(
      Array.from({ length: 64 }, (_, at) => at + 1),
    );
  });

  it('are reset when they speak out of turn', async () => {
    const { carriers, news } = watched();
    const { carrier, pair } = await opened();
    carriers.keep(carrier);
    await pair.peer.send('surprise');
    expect(await pair.peer.ended()).toBe('reset');
    expect(news.at(-1)).toMatchObject({ what: 'closed', idle: 0, why: 'it spoke out of turn' });
    expect(carriers.take()).toBeUndefined();
  });

  it('are given up with the addresses of the computer, and only then', async () => {
    let addresses = ['192.0.2.1'];
    const { carriers, news, counts } = watched({}, { addresses: () => addresses });
    const { carrier, pair } = await opened();
    carriers.keep(carrier);
    carriers.look();
    expect(news).toHaveLength(1);
    addresses = ['198.51.100.1', '192.0.2.1'];
    carriers.look();
    expect(await pair.peer.ended()).toBe('fin');
    expect(news.at(-1)?.why).toBe('this computer has other addresses now');
    expect(counts().dropped).toBe(1);
  });

  it('are not taken for older than they are: a conversation may last for hours', async () => {
    let now = 0;
    const { carriers, news } = watched({}, { now: () => now });
    carriers.take();
    now = 3_600_000;
    carriers.keep((await opened()).carrier);
    carriers.look();
    expect(news.map(({ what }) => what)).toEqual(['kept']);
    now += 20_000;
    carriers.look();
    expect(news.at(-1)?.why).toBe('this computer has slept');
  });

  it('are given up when one that was opened later is dead, and stay when it is an earlier one', async () => {
    const { carriers, counts } = watched();
    const older = await opened();
    const dead = await opened();
    const newer = await opened();
    for (const { carrier } of [older, newer]) carriers.keep(carrier);
    carriers.drop('silent', dead.carrier);
    expect(counts().dropped).toBe(1);
    expect([carriers.take(), carriers.take()]).toEqual([newer.carrier, undefined]);
    carriers.drop('nothing waits');
    expect(counts().dropped).toBe(1);
  });

  it('notice by themselves that the addresses are other ones', async () => {
    let addresses = ['192.0.2.1'];
    const { carriers, news } = watched({ carrierIdleMs: 400 }, { addresses: () => addresses });
    carriers.keep((await opened()).carrier);
    addresses = ['192.0.2.2'];
    await vi.waitUntil(() => news.length === 2);
    expect(news.at(-1)?.why).toBe('this computer has other addresses now');
  });

  it('are not lent to a conversation that begins with other addresses', async () => {
    let addresses = ['192.0.2.1'];
    const clock = vi.spyOn(performance, 'now');
    onTestFinished(() => {
      clock.mockRestore();
    });
    clock.mockReturnValue(1_000);
    const { carriers, news } = watched({}, { addresses: () => addresses });
    carriers.keep((await opened()).carrier);
    addresses = ['192.0.2.2'];
    clock.mockReturnValue(1_300);
    expect(carriers.take()).toBeUndefined();
    expect(news.at(-1)?.why).toBe('this computer has other addresses now');
  });

  it('outlive a change of addresses that was over when the first of them began to wait', async () => {
    let addresses = ['192.0.2.1'];
    const clock = vi.spyOn(performance, 'now');
    onTestFinished(() => {
      clock.mockRestore();
    });
    clock.mockReturnValue(1_000);
    const { carriers } = watched({}, { addresses: () => addresses });
    addresses = ['192.0.2.2'];
    clock.mockReturnValue(2_000);
    const { carrier } = await opened();
    carriers.keep(carrier);
    carriers.look();
    expect(carriers.take()).toBe(carrier);
  });

  it('are none while the remote is lost, and none when it is not needed any more', async () => {
    const { carriers } = watched();
    const { carrier, pair } = await opened();
    carriers.keep(carrier);
    carriers.lost = true;
    expect(await pair.peer.ended()).toBe('fin');
    const late = await opened();
    carriers.keep(late.carrier);
    expect(await late.pair.peer.ended()).toBe('fin');

    carriers.lost = false;
    const [next, last] = await Promise.all([opened(), opened()]);
    carriers.keep(next.carrier);
    carriers.close();
    carriers.keep(last.carrier);
    expect([await next.pair.peer.ended(), await last.pair.peer.ended()]).toEqual(['fin', 'fin']);
    expect(carriers.take()).toBeUndefined();
  });
});

describe('the carriers that are opened ahead', () => {
  it('are as many as are missing to two, once a conversation has begun', async () => {
    const { carriers, ahead, counts } = watched({ warmForMs: 60_000 });
    const own = await opened();
    expect(carriers.take()).toBeUndefined();
    carriers.opened(own.carrier);
    await vi.waitUntil(() => counts().warmed === 2);
    carriers.keep(own.carrier);
    expect(carriers.take()).toBe(own.carrier);
    expect(ahead.map(({ carrier }) => carrier)).toContain(carriers.take());
    await vi.waitUntil(() => counts().warmed === 3);
    expect(counts()).toMatchObject({ opened: 1, reused: 1, usedWarm: 1 });
    for (const { pair } of ahead) expect(pair.peer.waiting).toBe(0);
  });

  it('are two for a burst of conversations, which begin before those are there', async () => {
    const { carriers, ahead, counts } = watched({ warmForMs: 60_000 });
    const own = await Promise.all([opened(), opened(), opened()]);
    for (const { carrier } of own) {
      expect(carriers.take()).toBeUndefined();
      carriers.opened(carrier);
    }
    await vi.waitUntil(() => counts().warmed === 2);
    expect(ahead).toHaveLength(2);
  });

  it('cost nobody anything when they cannot be had', async () => {
    const { carriers, news } = watched({ warmForMs: 60_000 }, { fails: true });
    carriers.take();
    carriers.opened((await opened()).carrier);
    await Promise.resolve();
    expect(news.map(({ what }) => what)).toEqual(['opened']);
  });
});

import type fs from 'node:fs';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { openDatagrams } from '../../shared/net/datagrams.js';
import { Crowd, listen } from '../../shared/net/listen.js';
import type { TcpStream } from '../../shared/net/tcp.js';
import { connect, type Peer } from '../support/peer.js';
import { turnsUntil } from '../support/turns.js';

// What the system allows this process is whatever the test says.
vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  return { ...real, readFileSync: vi.fn(real.readFileSync) };
});

const silent = { received: () => undefined, failed: () => undefined };
const header = 'Limit                     Soft Limit           Hard Limit           Units     \n';

interface Crowded {
  readonly warnings: readonly number[];
  readonly accepted: readonly TcpStream[];
  /** So many more come. Those that are kept stay open until the test is over. */
  readonly arrive: (count: number) => Promise<Peer[]>;
  readonly close: () => void;
  /** How often it said that it was filling. */
  readonly filled: () => number;
}

async function crowd(limits: string | Error, together?: Crowd): Promise<Crowded> {
  vi.mocked(readFileSync).mockImplementationOnce(() => {
    if (typeof limits === 'string') return `${header}${limits}\n`;
    throw limits;
  });
  const warnings: number[] = [];
  const accepted: TcpStream[] = [];
  let filled = 0;
  const listener = await listen(
    { host: '127.0.0.1', port: 0 },
    {
      accept: (stream) => accepted.push(stream),
      crowded: (limit) => warnings.push(limit),
      filling: () => (filled += 1),
      ...(together && { crowd: together }),
    },
  );
  onTestFinished(() => {
    listener.close();
    for (const stream of accepted) stream.abort();
  });
  const arrive = async (count: number): Promise<Peer[]> =>
    Promise.all(Array.from({ length: count }, () => connect(listener.address.port)));
  const close = (): void => {
    listener.close();
  };
  return { warnings, accepted, arrive, close, filled: () => filled };
}

afterEach(() => {
  vi.restoreAllMocks();
});

const files = (soft: number): string =>
  `Max open files            ${soft}                 1048576              files     `;

describe('a crowded listener', () => {
  it('takes as many as there are two descriptors for, and says so once a minute', async () => {
    const clock = vi.spyOn(performance, 'now').mockReturnValue(1_000_000);
    const { warnings, accepted, arrive } = await crowd(files(128 + 2 * 20));
    await arrive(20);
    await turnsUntil(() => accepted.length === 20);
    expect(warnings).toEqual([]);
    for (const peer of await arrive(3)) await peer.ended();
    expect([accepted.length, warnings]).toEqual([20, [20]]);
    clock.mockReturnValue(1_059_999);
    for (const peer of await arrive(1)) await peer.ended();
    expect(warnings).toEqual([20]);
    clock.mockReturnValue(1_060_000);
    for (const peer of await arrive(2)) await peer.ended();
    expect(warnings).toEqual([20, 20]);
  });

  it('sees off whoever comes then with the same FIN, whatever has been sent', async () => {
    const { accepted, arrive } = await crowd(files(0));
    await arrive(16);
    await turnsUntil(() => accepted.length === 16);
    for (const length of [0, 1, 50, 5_000, 100_000]) {
      const [peer] = await arrive(1);
      void peer?.send(Buffer.alloc(length));
      expect([length, await peer?.ended()]).toEqual([length, 'fin']);
      // All of it was read, so our end brings no reset either.
      const closed = peer && once(peer.socket, 'close');
      peer?.end();
      expect(await closed).toEqual([false]);
    }
  });

  it('waits a second for those it sees off, and for 64 of them at most', async () => {
    const { accepted, arrive } = await crowd(files(0));
    await arrive(16);
    await turnsUntil(() => accepted.length === 16);
    const destroyed = vi.spyOn(net.Socket.prototype, 'destroy');
    const seenOff = (): number => new Set(destroyed.mock.contexts).size;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    for (const peer of await arrive(64)) expect(await peer.ended()).toBe('fin');
    expect(seenOff()).toBe(0);
    for (const peer of await arrive(3)) expect(await peer.ended()).toBe('fin');
    expect([seenOff(), vi.getTimerCount()]).toEqual([3, 64]);
    vi.advanceTimersByTime(999);
    expect(seenOff()).toBe(3);
    vi.advanceTimersByTime(1);
    expect(seenOff()).toBe(67);
    await turnsUntil(() => vi.getTimerCount() === 0);
  });

  it('says so to whoever can make room once more than three quarters are taken', async () => {
    const { filled, accepted, arrive } = await crowd(files(0));
    await arrive(13);
    await turnsUntil(() => accepted.length === 13);
    expect(filled()).toBe(0);
    await arrive(3);
    await turnsUntil(() => accepted.length === 16);
    expect(filled()).toBe(3);
    for (const peer of await arrive(1)) await peer.ended();
    expect(filled()).toBe(4);
  });

  it('takes its share when there are two, and all when the other has closed', async () => {
    const [one, other] = [await crowd(files(128 + 2 * 45)), await crowd(files(128 + 2 * 45))];
    await other.arrive(22);
    await turnsUntil(() => other.accepted.length === 22);
    for (const peer of await other.arrive(1)) await peer.ended();
    expect([other.accepted.length, other.warnings]).toEqual([22, [22]]);
    one.close();
    one.close();
    await other.arrive(23);
    await turnsUntil(() => other.accepted.length === 45);
    for (const peer of await other.arrive(1)) await peer.ended();
    expect(other.accepted.length).toBe(45);
  });

  it('takes whoever there is room for in all, when it belongs together with others', async () => {
    const together = new Crowd();
    const limits = files(128 + 2 * 40);
    const [one, other, alone] = [
      await crowd(limits, together),
      await crowd(limits, together),
      await crowd(limits),
    ];
    await one.arrive(15);
    await other.arrive(5);
    await turnsUntil(() => one.accepted.length + other.accepted.length === 20);
    for (const peer of await one.arrive(1)) await peer.ended();
    for (const peer of await other.arrive(1)) await peer.ended();
    expect([one.accepted.length, other.accepted.length]).toEqual([15, 5]);
    await alone.arrive(20);
    await turnsUntil(() => alone.accepted.length === 20);
    one.close();
    for (const peer of await alone.arrive(1)) await peer.ended();
    other.close();
    await alone.arrive(20);
    await turnsUntil(() => alone.accepted.length === 40);
  });

  it('takes fewer for as long as there are sockets for datagrams', async () => {
    const { warnings, accepted, arrive } = await crowd(files(128 + 2 * 20));
    const sockets = [openDatagrams(4, silent), openDatagrams(6, silent), openDatagrams(4, silent)];
    await arrive(18);
    await turnsUntil(() => accepted.length === 18);
    for (const peer of await arrive(1)) await peer.ended();
    expect([accepted.length, warnings]).toEqual([18, [18]]);
    for (const socket of sockets) socket.close();
    await arrive(2);
    await turnsUntil(() => accepted.length === 20);
    for (const peer of await arrive(1)) await peer.ended();
    expect(accepted.length).toBe(20);
  });

  it('takes the next one when somebody has gone', async () => {
    const { accepted, arrive } = await crowd(files(0));
    const [first] = await arrive(16);
    await turnsUntil(() => accepted.length === 16);
    const gone = new Promise<void>((resolve) => {
      accepted[0]?.onClosed(resolve);
    });
    accepted[0]?.abort();
    await gone;
    await first?.ended();
    await arrive(1);
    await turnsUntil(() => accepted.length === 17);
  });

  it.each([
    ['does not say', new Error('ENOENT')],
    ['says something else', 'Max processes  10  10  processes'],
    ['has no limit', 'Max open files            unlimited            unlimited            files'],
  ])('takes everybody where the system %s', async (_what, limits) => {
    const { warnings, accepted, arrive } = await crowd(limits);
    await arrive(100);
    await turnsUntil(() => accepted.length === 100);
    expect(warnings).toEqual([]);
  });
});

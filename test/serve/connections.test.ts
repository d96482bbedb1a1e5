import { afterEach, describe, expect, it, vi } from 'vitest';
import { Connections, warnCrowded } from '../../shared/serve/connections.js';
import { RecordingSink } from '../support/push-stream.js';
import { tcpPair, type Pair } from '../support/tcp.js';
import { settle } from '../support/turns.js';

type Open = Pair & { readonly sink: RecordingSink };

async function opened(connections: Connections, count: number): Promise<Open[]> {
  const pairs: Open[] = [];
  for (let n = 0; n < count; n++) {
    const pair = await tcpPair('accepted');
    const sink = new RecordingSink();
    pair.stream.attach(sink);
    connections.add(pair.stream);
    pairs.push({ ...pair, sink });
  }
  return pairs;
}

/** Whether a promise has settled by now. */
async function settled(promise: Promise<void>): Promise<boolean> {
  let done = false;
  void promise.then(() => (done = true));
  await settle();
  return done;
}

afterEach(() => {
  vi.useRealTimers();
});

describe('the connections of a service', () => {
  it('are drained at once when there are none', async () => {
    await new Connections().drain(60_000);
    const connections = new Connections();
    const [one] = await opened(connections, 1);
    one?.peer.reset();
    await one?.sink.over();
    await settle();
    await connections.drain(60_000);
  });

  it('are drained when the last one has closed by itself, and none is reset', async () => {
    const connections = new Connections();
    const [one, other] = await opened(connections, 2);
    if (one === undefined || other === undefined) throw new Error('connections: expected two');
    const draining = connections.drain(60_000);
    for (const { stream, peer } of [one, other]) {
      expect(await settled(draining)).toBe(false);
      peer.end();
      stream.end();
      expect(await peer.ended()).toBe('fin');
    }
    await draining;
    expect([one.sink.log, other.sink.log]).toEqual([['ended'], ['ended']]);
  });

  it('are reset after the grace, and whoever uses them is told', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const connections = new Connections();
    const [one] = await opened(connections, 1);
    const draining = connections.drain(10_000);
    vi.advanceTimersByTime(9_999);
    expect(await settled(draining)).toBe(false);
    vi.advanceTimersByTime(1);
    await draining;
    expect([await one?.peer.ended(), one?.sink.log]).toEqual(['reset', ['failed']]);
    expect(one?.sink.error?.message).toContain('stop: expected an end within the grace');
  });

  it('are drained for everybody who waits, by the shortest grace', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const connections = new Connections();
    await opened(connections, 3);
    const waits = [connections.drain(10_000), connections.drain(1_000)];
    vi.advanceTimersByTime(1_000);
    await Promise.all(waits);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('may come while they are drained, and are waited for', async () => {
    const connections = new Connections();
    const [one] = await opened(connections, 1);
    const draining = connections.drain(60_000);
    const [late] = await opened(connections, 1);
    one?.stream.abort();
    await one?.peer.ended();
    expect(await settled(draining)).toBe(false);
    late?.stream.abort();
    await draining;
  });

  it('that were closed before they came are not counted', async () => {
    const connections = new Connections();
    const { stream } = await tcpPair('accepted');
    stream.abort();
    connections.add(stream);
    await connections.drain(60_000);
  });
});

it('a crowd is a warning that says what to raise', () => {
  const seen: unknown[] = [];
  warnCrowded((event) => seen.push(event))(448);
  expect(seen).toEqual([
    { event: 'warning', detail: expect.stringMatching(/at most 448, got more; .*nofile/) as string },
  ]);
});

import { describe, expect, it, vi } from 'vitest';
import type { Connected } from '../../shared/outbound/outbound.js';
import { type CarrierCounts, Carriers, noCounts } from '../../shared/outbound/carriers.js';
import { openCarrier } from '../../shared/outbound/conversation.js';
import { DeadCarrier, FarFailure } from '../../shared/outbound/outbound.js';
import type { Tunnel } from '../../shared/outbound/reach.js';
import { earlyDialer, rawDialer, rawPasser } from '../../shared/outbound/tunnel.js';
import { defaultTimeouts } from '../../shared/serve/timeouts.js';
import { systemEnvironment as environment } from '../../shared/net/system.js';
import { RecordingSink } from '../support/push-stream.js';
import { type Carry, startTap } from '../support/tap.js';
import { startEcho, type TestTarget } from '../support/targets.js';
import { remoteHalf, socksWords } from '../support/tunnel.js';

const { signal } = new AbortController();

interface Kept {
  readonly tunnel: Tunnel;
  readonly echo: TestTarget;
  /** The computer has these addresses from now on. */
  readonly move: (...addresses: readonly string[]) => void;
  readonly counts: () => CarrierCounts;
  readonly connections: () => number;
}

/** A tunnel with one carrier that waits, on which the remote hears nothing any more. */
async function deaf(replyMs: number): Promise<Kept> {
  let [deafened, connections, addresses] = [false, 0, ['127.0.0.1'] as readonly string[]];
  let counts = noCounts;
  const up: Carry = async (from, to) => {
    connections += 1;
    const first = connections === 1;
    for await (const piece of from) if (!first || !deafened) to.write(piece);
  };
  const remote = await remoteHalf();
  const { port } = await startTap(remote.port, { up });
  const timeouts = { ...defaultTimeouts, replyMs, warmForMs: 0 };
  const carriers = new Carriers((options) => openCarrier(tunnel, options), {
    environment,
    timeouts,
    count: (what) => (counts = { ...counts, [what]: counts[what] + 1 }),
    tell: () => undefined,
    addresses: () => addresses,
  });
  const tunnel: Tunnel = {
    remote: { host: '127.0.0.1', port },
    cipher: remote.cipher,
    environment,
    resolver: { resolve: (host) => Promise.resolve([host]), close: () => undefined },
    timeouts,
    pathWorks: () => Promise.resolve(true),
    carriers,
  };
  const echo = await startEcho();
  await finish(await rawDialer(tunnel)(echo, { signal }));
  deafened = true;
  return {
    tunnel,
    echo,
    move: (...others) => (addresses = others),
    counts: () => counts,
    connections: () => connections,
  };
}

/** Ends a conversation cleanly, so that its carrier is kept. */
async function finish({ stream }: Connected): Promise<void> {
  const sink = new RecordingSink();
  stream.attach(sink);
  stream.end();
  await vi.waitUntil(() => sink.log.includes('ended'));
}

describe('a carrier that is silent', () => {
  it('is not tried again: the remote may have heard it all', async () => {
    const { tunnel, echo, counts, connections } = await deaf(100);
    await expect(rawDialer(tunnel)(echo, { signal })).rejects.toBeInstanceOf(FarFailure);
    expect([counts().replayed, connections()]).toEqual([0, 1]);
  });

  it('speaks against no remote that has answered on a later one meanwhile', async () => {
    const { tunnel, echo, counts } = await deaf(300);
    const silent = rawDialer(tunnel)(echo, { signal });
    const outcome = expect(silent).rejects.toBeInstanceOf(DeadCarrier);
    await finish(await rawDialer(tunnel)(echo, { signal }));
    await outcome;
    // It is kept: what has become of the silent one may have become of older ones only.
    expect(counts()).toMatchObject({ replayed: 0, dropped: 0 });
    expect(tunnel.carriers?.take()).toBeDefined();
  });

  it('speaks against the remote when the later one was answered before', async () => {
    const { tunnel, echo, connections } = await deaf(300);
    const older = tunnel.carriers?.take();
    await finish(await rawDialer(tunnel)(echo, { signal }));
    tunnel.carriers?.take()?.tcp.close();
    if (older !== undefined) tunnel.carriers?.keep(older);
    await expect(rawDialer(tunnel)(echo, { signal })).rejects.toBeInstanceOf(FarFailure);
    expect(connections()).toBe(2);
  });
});

describe('a client that was answered early by a remote that is silent', () => {
  it('does not wait for its whole time where another server could take the next ones', async () => {
    const { tunnel, echo } = await deaf(60_000);
    const asked: string[] = [];
    const doubted: Tunnel = {
      ...tunnel,
      pathWorks: () => Promise.resolve(asked.push('path') > 1),
      doubting: { afterMs: 50, others: () => true, unanswered: () => asked.push('unanswered') },
    };
    const { stream } = await earlyDialer(doubted)(echo, { signal, heard: () => asked.push('heard') });
    const sink = new RecordingSink();
    stream.attach(sink);
    await vi.waitUntil(() => sink.log.includes('failed'));
    expect(asked).toEqual(['path', 'heard']);
  });
});

describe('a conversation on a carrier whose address is gone', () => {
  it('begins once more, long before its time is over', async () => {
    const { tunnel, echo, move, counts } = await deaf(60_000);
    const dialled = rawDialer(tunnel)(echo, { signal });
    move('192.0.2.1');
    await finish(await dialled);
    expect(counts()).toMatchObject({ replayed: 1, opened: 2 });
  });

  it('goes on when the computer has merely got another one', async () => {
    const { tunnel, echo, move, counts } = await deaf(700);
    const dialled = rawDialer(tunnel)(echo, { signal });
    move('127.0.0.1', '192.0.2.1');
    await expect(dialled).rejects.toBeInstanceOf(FarFailure);
    expect(counts().replayed).toBe(0);
  });

  it('breaks soon where nothing may be said twice', async () => {
    const { tunnel, echo, move, counts } = await deaf(60_000);
    const heard = new Promise<unknown>((resolve) => {
      void earlyDialer(tunnel)(echo, { signal, heard: resolve });
    });
    move('192.0.2.1');
    expect(await heard).toBeInstanceOf(DeadCarrier);

    const other = await deaf(60_000);
    const { greeting, request } = socksWords(other.echo);
    const spoken = { target: other.echo, words: Buffer.concat([greeting, request]), reply: undefined };
    const passed = await rawPasser(other.tunnel)(
      { ...spoken, takeAhead: () => new Uint8Array(0) },
      { signal },
    );
    const sink = new RecordingSink();
    passed.stream.attach(sink);
    other.move('192.0.2.1');
    await vi.waitUntil(() => sink.log.includes('failed'));
    expect([counts().replayed, other.counts().replayed]).toEqual([0, 0]);
  });
});

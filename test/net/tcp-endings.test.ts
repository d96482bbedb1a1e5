import { afterEach, describe, expect, it, vi } from 'vitest';
import { RecordingSink } from '../support/push-stream.js';
import { kinds, tcpPair, type Pair } from '../support/tcp.js';
import { settle, turnsUntil } from '../support/turns.js';

const MiB = 1024 * 1024;

afterEach(() => {
  vi.useRealTimers();
});

/** Our own timers stand still; those inside Node's sockets do not. */
function holdTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
}

describe.each(kinds)('the end of a TCP stream over a socket that was %s', (kind) => {
  const attached = async (): Promise<Pair & { readonly sink: RecordingSink }> => {
    const pair = await tcpPair(kind);
    const sink = new RecordingSink();
    pair.stream.attach(sink);
    return { ...pair, sink };
  };

  describe('heard from the peer', () => {
    it('is a failure when a reset comes together with the last bytes', async () => {
      for (let run = 0; run < 20; run++) {
        const { sink, peer } = await attached();
        peer.socket.write('last words');
        peer.reset();
        await sink.over();
        expect([sink.text, sink.log]).toEqual(['last words', ['bytes', 'failed']]);
      }
    });

    it('is a failure when such a reset comes while bytes wait to be sent', async () => {
      const { stream, socket, sink, peer } = await attached();
      peer.socket.pause();
      while (socket.writableLength < MiB) stream.write([Buffer.alloc(256 * 1024)]);
      peer.socket.write('last words');
      peer.reset();
      expect([await sink.over(), sink.text, sink.log.includes('ended')]).toEqual([
        'failed',
        'last words',
        false,
      ]);
    });

    it('is clean when bytes still wait to be sent, and they arrive', async () => {
      const { stream, socket, sink, peer } = await attached();
      peer.socket.pause();
      let sent = 0;
      for (; socket.writableLength < MiB; sent += 256 * 1024) stream.write([Buffer.alloc(256 * 1024)]);
      peer.end();
      expect([await sink.over(), socket.writableLength > 0]).toEqual(['ended', true]);
      stream.end();
      peer.socket.resume();
      expect([(await peer.rest()).length, peer.ending]).toEqual([sent, 'fin']);
    });

    it('is clean, said once, when we have ended our own direction before', async () => {
      const { stream, sink, peer } = await attached();
      stream.end();
      await peer.ended();
      await peer.send('bye');
      peer.end();
      await sink.over();
      await settle();
      expect([sink.text, sink.log]).toEqual(['bye', ['bytes', 'ended']]);
    });

    it('is ended, then failed, when the peer closes behind its FIN and we go on writing', async () => {
      const { stream, sink, peer } = await attached();
      await peer.send('the answer');
      peer.end();
      peer.socket.destroySoon();
      await sink.over();
      while (!sink.log.includes('failed')) {
        stream.write([Buffer.from('nobody reads this')]);
        await settle(1);
      }
      expect([sink.text, sink.log]).toEqual(['the answer', ['bytes', 'ended', 'failed']]);
    });

    it('is ended, then failed, though it had not been read when a write met the reset', async () => {
      const { stream, sink, peer } = await attached();
      stream.pause();
      peer.socket.destroy();
      await peer.ended();
      for (let writes = 0; writes < 3; writes++) {
        stream.write([Buffer.from('nobody reads this')]);
        await settle(5);
      }
      stream.resume();
      await sink.until(() => sink.log.includes('failed'));
      expect(sink.log).toEqual(['ended', 'failed']);
    });

    it('is said to have failed once, whatever is written afterwards', async () => {
      const { stream, sink, peer } = await attached();
      peer.reset();
      await sink.over();
      stream.write([Buffer.from('into the void')]);
      stream.end();
      stream.truncate();
      stream.close();
      stream.abort();
      await settle();
      expect(sink.log).toEqual(['failed']);
    });
  });

  describe('that truncates', () => {
    it('delivers all that was written, then resets', async () => {
      const { stream, peer } = await attached();
      stream.write([Buffer.alloc(1000, 1)]);
      stream.truncate();
      expect([(await peer.rest()).length, peer.ending]).toEqual([1000, 'reset']);
    });

    it('does so for a peer that reads slowly', async () => {
      const { stream, socket, peer } = await attached();
      peer.socket.pause();
      let sent = 0;
      for (; socket.writableLength < 4 * MiB; sent += MiB) stream.write([Buffer.alloc(MiB, 1)]);
      stream.truncate();
      await settle();
      expect(socket.destroyed).toBe(false);
      peer.socket.resume();
      expect([(await peer.rest()).length, peer.ending]).toEqual([sent, 'reset']);
    });

    it('does so for a peer that is busy sending', async () => {
      const { stream, peer } = await attached();
      const pouring = peer.pour(Infinity);
      stream.write([Buffer.alloc(100_000, 1)]);
      stream.truncate();
      expect([(await peer.rest()).length, peer.ending]).toEqual([100_000, 'reset']);
      await pouring;
    });

    it('tells its sink nothing more, and does it once', async () => {
      const { stream, socket, sink, peer } = await attached();
      holdTimers();
      const resets = vi.spyOn(socket, 'resetAndDestroy');
      stream.truncate();
      stream.truncate();
      await peer.send('too late');
      await turnsUntil(() => socket.bytesRead === 8);
      for (let step = 0; step < 3; step++) {
        await settle();
        vi.advanceTimersByTime(2_000);
      }
      expect([sink.log, resets.mock.calls.length, await peer.ended()]).toEqual([[], 1, 'reset']);
    });

    it('waits 50 ms more for a peer that has read everything, and 16 times what a slow one took', async () => {
      for (const [waiting, tookMs, graceMs] of [
        [0, 3, 50],
        [4 * MiB, 100, 1_600],
        [4 * MiB, 100_000, 60_000],
      ] as const) {
        const { stream, socket, peer } = await attached();
        holdTimers();
        peer.socket.pause();
        while (socket.writableLength < waiting) stream.write([Buffer.alloc(MiB)]);
        vi.spyOn(performance, 'now').mockReturnValueOnce(0).mockReturnValue(tookMs);
        stream.truncate();
        peer.socket.resume();
        await turnsUntil(() => socket.writableLength === 0 && vi.getTimerCount() > 0);
        vi.advanceTimersByTime(graceMs - 1);
        expect([socket.destroyed, vi.getTimerCount()]).toEqual([false, 1]);
        vi.runAllTimers();
        expect(socket.destroyed).toBe(true);
        vi.restoreAllMocks();
        vi.useRealTimers();
      }
    });

    it('resets a peer that goes on sending behind our FIN', async () => {
      const { stream, peer } = await attached();
      stream.end();
      stream.truncate();
      void peer.send('on and on');
      expect(await peer.ended()).toBe('fin');
      await vi.waitUntil(() => peer.socket.destroyed || !peer.socket.write('more'), { timeout: 5_000 });
      await new Promise<void>((resolve) => {
        stream.onClosed(resolve);
      });
    });
  });

  // libuv refuses a reset while a FIN is under way; Node then left the descriptor open for ever.
  describe('whose FIN is under way', () => {
    it.each(['abort', 'interrupt'] as const)('is gone after %s', async (how) => {
      const { stream, socket, peer } = await attached();
      stream.end();
      if (how === 'abort') stream.abort();
      else stream.interrupt(new Error('stopped'));
      await new Promise<void>((resolve) => {
        stream.onClosed(resolve);
      });
      expect(socket.destroyed).toBe(true);
      expect(['fin', 'reset']).toContain(await peer.ended());
    });
  });

  describe('that aborts', () => {
    it('resets at once and tells its sink nothing more', async () => {
      const { stream, sink, peer } = await attached();
      stream.abort();
      stream.abort();
      expect(await peer.ended()).toBe('reset');
      await settle();
      expect(sink.log).toEqual([]);
    });

    it('loses what was not sent', async () => {
      const { stream, peer } = await attached();
      peer.socket.pause();
      let sent = 0;
      while (sent < 64 * MiB && stream.write([Buffer.alloc(MiB)])) sent += MiB;
      stream.abort();
      peer.socket.resume();
      expect((await peer.rest()).length).toBeLessThan(sent + MiB);
      expect(peer.ending).toBe('reset');
    });
  });

  it('that is dropped shows a FIN, and nobody is told', async () => {
    const { stream, sink, peer } = await attached();
    await peer.send('half an opening');
    await sink.heard(15);
    stream.drop();
    expect(await peer.ended()).toBe('fin');
    expect(sink.log).toEqual(['bytes']);
  });

  it('that is dropped sends what waits before the FIN', async () => {
    const { stream, socket, peer } = await attached();
    peer.socket.pause();
    let sent = 0;
    for (; socket.writableLength < MiB; sent += MiB) stream.write([Buffer.alloc(MiB)]);
    stream.drop();
    peer.socket.resume();
    expect([(await peer.rest()).length, peer.ending]).toEqual([sent, 'fin']);
  });

  describe('that closes', () => {
    it('sends everything and a FIN, discards what comes, and is gone when the peer ends too', async () => {
      const { stream, sink, peer } = await attached();
      const gone = new Promise<void>((resolve) => {
        stream.onClosed(resolve);
      });
      stream.write([Buffer.alloc(MiB)]);
      stream.close();
      stream.close();
      expect([(await peer.rest()).length, peer.ending]).toEqual([MiB, 'fin']);
      // More than all kernel buffers hold: somebody reads it.
      expect((await peer.pour(16 * MiB)).length).toBe(16 * MiB);
      peer.end();
      await gone;
      expect(sink.log).toEqual([]);
    });

    it('is gone 5 s after the last byte was sent when the peer does not end', async () => {
      const { stream, socket, peer } = await attached();
      holdTimers();
      stream.close();
      await peer.ended();
      await turnsUntil(() => vi.getTimerCount() > 0);
      vi.advanceTimersByTime(4_999);
      expect(socket.destroyed).toBe(false);
      vi.advanceTimersByTime(1);
      expect(socket.destroyed).toBe(true);
    });

    it('waits for a peer that is still reading', async () => {
      const { stream, socket, peer } = await attached();
      holdTimers();
      peer.socket.pause();
      let sent = 0;
      for (; socket.writableLength < MiB; sent += MiB) stream.write([Buffer.alloc(MiB)]);
      stream.close();
      vi.advanceTimersByTime(60_000);
      expect(socket.destroyed).toBe(false);
      peer.socket.resume();
      expect([(await peer.rest()).length, peer.ending]).toEqual([sent, 'fin']);
    });
  });
});

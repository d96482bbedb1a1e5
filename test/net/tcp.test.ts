import { describe, expect, it, vi } from 'vitest';
import { RecordingSink } from '../support/push-stream.js';
import { kinds, tcpPair } from '../support/tcp.js';

const MiB = 1024 * 1024;

describe.each(kinds)('a TCP stream over a socket that was %s', (kind) => {
  it('says whether its pieces are lent, and keeps what it is given', async () => {
    const { stream } = await tcpPair(kind);
    expect([stream.lends, stream.keeps]).toEqual([kind !== 'accepted', true]);
  });

  it('loses nothing of what came before it was attached', async () => {
    const { stream, peer } = await tcpPair(kind);
    const sink = new RecordingSink();
    await peer.send('first words');
    peer.end();
    stream.attach(sink);
    expect(await sink.over()).toBe('ended');
    expect([sink.text, sink.log]).toEqual(['first words', ['bytes', 'ended']]);
  });

  it('brings what was given back first, then what comes', async () => {
    const { stream, peer } = await tcpPair(kind);
    const [first, second] = [new RecordingSink(), new RecordingSink()];
    stream.attach(first);
    await peer.send('one');
    await first.heard(3);
    stream.pause();
    await peer.send('three');
    stream.giveBack(Buffer.from('two'));
    stream.attach(second);
    expect(second.text).toBe('two');
    await second.heard(8);
    expect([first.text, second.text]).toEqual(['one', 'twothree']);
  });

  it('brings no piece for nothing given back', async () => {
    const { stream } = await tcpPair(kind);
    const sink = new RecordingSink();
    stream.giveBack(new Uint8Array(0));
    stream.attach(sink);
    expect(sink.log).toEqual([]);
  });

  it('tells a new sink of an end or a failure that came before it, behind what was given back', async () => {
    for (const how of ['ended', 'failed'] as const) {
      const { stream, peer } = await tcpPair(kind);
      const [first, second] = [new RecordingSink(), new RecordingSink()];
      stream.attach(first);
      if (how === 'ended') peer.end();
      else peer.reset();
      expect(await first.over()).toBe(how);
      stream.giveBack(Buffer.from('left over'));
      stream.attach(second);
      expect([second.text, second.log]).toEqual(['left over', ['bytes', how]]);
    }
  });

  it('tells nothing more to a sink that hands it on while it takes the first bytes', async () => {
    const { stream, peer } = await tcpPair(kind);
    const [waiting, first, second] = [new RecordingSink(), new RecordingSink(), new RecordingSink()];
    stream.attach(waiting);
    peer.end();
    await waiting.over();
    stream.giveBack(Buffer.from('mine'));
    first.onReceive = () => {
      stream.attach(second);
    };
    stream.attach(first);
    expect([first.log, second.log]).toEqual([['bytes'], ['ended']]);
  });

  it('stays paused for a sink that pauses it while it takes the first bytes', async () => {
    const { stream, socket, peer } = await tcpPair(kind);
    const sink = new RecordingSink();
    sink.onReceive = () => {
      stream.pause();
    };
    stream.giveBack(Buffer.from('front'));
    stream.attach(sink);
    await peer.send('behind');
    expect([socket.isPaused(), sink.text]).toEqual([true, 'front']);
    stream.resume();
    await sink.heard(11);
    expect(sink.text).toBe('frontbehind');
  });

  it('stops its writer while it is paused, and gets everything afterwards', async () => {
    const { stream, socket, peer } = await tcpPair(kind);
    const sink = new RecordingSink();
    sink.onReceive = () => {
      stream.pause();
    };
    stream.attach(sink);
    const total = 24 * MiB;
    const pouring = peer.pour(total);
    await sink.heard(1);
    await vi.waitUntil(() => peer.socket.writableNeedDrain);
    // One read may be under way when it is paused; all else stays in the kernel.
    const bound = sink.length + MiB;
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(socket.bytesRead).toBeLessThan(bound);
    sink.onReceive = () => undefined;
    stream.resume();
    await pouring;
    await sink.heard(total);
    expect(sink.length).toBe(total);
  });

  it('says when enough is waiting, and when it has been sent', async () => {
    const { stream, socket, peer } = await tcpPair(kind);
    const sink = new RecordingSink();
    stream.attach(sink);
    peer.socket.pause();
    expect(stream.write([Buffer.alloc(1000)])).toBe(true);
    let sent = 1000;
    while (sent < 64 * MiB && stream.write([Buffer.alloc(100_000)])) sent += 100_000;
    sent += 100_000;
    expect(socket.writableLength).toBeGreaterThan(128 * 1024);
    expect(socket.writableLength).toBeLessThanOrEqual(128 * 1024 + 100_000);
    expect(sink.log).toEqual([]);
    peer.socket.resume();
    await sink.until(() => sink.log.includes('writable'));
    await peer.read(sent);
  });

  it('sends pieces in order', async () => {
    const { stream, peer } = await tcpPair(kind);
    stream.write([Buffer.from('a'), Buffer.from('b'), Buffer.from('c')]);
    stream.write([Buffer.from('d')]);
    expect((await peer.read(4)).toString()).toBe('abcd');
  });

  it('ends its own direction behind all that was written, and still hears the other', async () => {
    const { stream, peer } = await tcpPair(kind);
    const sink = new RecordingSink();
    stream.attach(sink);
    stream.write([Buffer.alloc(3 * MiB, 7)]);
    stream.end();
    expect((await peer.rest()).length).toBe(3 * MiB);
    expect([peer.ending, sink.log]).toEqual(['fin', []]);
    await peer.send('go on');
    peer.end();
    expect([await sink.over(), sink.text]).toEqual(['ended', 'go on']);
  });

  it('knows its addresses and counts its bytes', async () => {
    const { stream, peer } = await tcpPair(kind);
    const sink = new RecordingSink();
    stream.attach(sink);
    const { remotePort } = peer.socket;
    expect([stream.bound, stream.peer]).toEqual([{ host: '127.0.0.1', port: remotePort }, '127.0.0.1']);
    stream.write([Buffer.alloc(5)]);
    await peer.read(5);
    await peer.send('1234567');
    await sink.heard(7);
    expect([stream.sent, stream.received]).toEqual([5, 7]);
  });

  it('knows no addresses when it is first asked after the connection is gone', async () => {
    const { stream, peer } = await tcpPair(kind);
    const sink = new RecordingSink();
    stream.attach(sink);
    peer.reset();
    await sink.over();
    expect([stream.bound, stream.peer]).toEqual([{ host: '0.0.0.0', port: 0 }, '']);
  });

  it('calls back once when it is gone, or at once when it is gone already', async () => {
    const { stream, peer } = await tcpPair(kind);
    const closed = vi.fn();
    stream.onClosed(closed);
    stream.attach(new RecordingSink());
    peer.reset();
    await vi.waitUntil(() => closed.mock.calls.length > 0);
    const late = vi.fn();
    stream.onClosed(late);
    expect([closed.mock.calls.length, late.mock.calls.length]).toEqual([1, 1]);
  });

  it('breaks when no byte has moved for the idle time, and says the time that counted last', async () => {
    const { stream, peer } = await tcpPair(kind);
    const sink = new RecordingSink();
    stream.attach(sink);
    stream.limitIdle(3_600_000);
    stream.limitIdle(40);
    expect(await sink.over()).toBe('failed');
    expect(sink.error?.message).toBe('idle: expected a byte within 0.04 s, got none');
    expect(await peer.ended()).toBe('reset');
    expect(sink.log).toEqual(['failed']);
  });
});

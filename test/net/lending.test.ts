import net from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { adoptSocket, connectSocket, LendingSocket } from '../../shared/net/lending.js';
import { RecordingSink } from '../support/push-stream.js';
import { deadPort } from '../support/targets.js';
import { tcpPair, type Pair } from '../support/tcp.js';
import { settle, turnsUntil } from '../support/turns.js';

describe('an adopted socket', () => {
  it.skipIf(process.platform === 'win32')('lends what it reads, and knows both addresses', async () => {
    const { stream, socket, peer } = await tcpPair('adopted');
    expect([socket instanceof LendingSocket, stream.lends]).toEqual([true, true]);
    expect([stream.peer, stream.bound.host, stream.bound.port]).toEqual([
      '127.0.0.1',
      '127.0.0.1',
      socket.localPort,
    ]);
    const sink = new RecordingSink();
    stream.attach(sink);
    await peer.send('word');
    await sink.heard(4);
    expect(sink.text).toBe('word');
  });

  it('stays as it was when it has no handle to take', () => {
    const socket = new net.Socket();
    expect(adoptSocket(socket)).toBe(socket);
    expect(socket.destroyed).toBe(false);
    socket.destroy();
  });
});

describe('a dialled socket', () => {
  it('reads nothing before somebody takes it', async () => {
    const { socket, stream, peer } = await tcpPair('dialled');
    await peer.send('early');
    await settle();
    expect([socket instanceof LendingSocket, socket.bytesRead]).toEqual([true, 0]);
    const sink = new RecordingSink();
    stream.attach(sink);
    await sink.heard(5);
    expect(sink.text).toBe('early');
  });

  it.skipIf(process.platform === 'win32')('reads into the one buffer that all of them share', async () => {
    const sinks: RecordingSink[] = [];
    for (const word of ['first', 'other']) {
      const { stream, peer } = await tcpPair('dialled');
      const sink = new RecordingSink();
      stream.attach(sink);
      await peer.send(word);
      await sink.heard(5);
      sinks.push(sink);
    }
    const [first, other] = sinks.map(({ pieces }) => pieces[0]);
    expect(first?.buffer).toBe(other?.buffer);
    // The piece was lent: it holds what was read last. What was copied in time is unharmed.
    expect(Buffer.from(first ?? []).toString()).toBe('other');
    expect(sinks.map(({ text }) => text)).toEqual(['first', 'other']);
  });

  it('raises the error of a connection that is refused', async () => {
    const socket = connectSocket('127.0.0.1', await deadPort());
    const error = await new Promise<Error>((resolve) => socket.once('error', resolve));
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
    await turnsUntil(() => socket.closed);
  });

  it('connects over IPv6 as well', async () => {
    const { stream } = await tcpPair('dialled', '::1');
    expect([stream.bound.host, stream.peer]).toEqual(['::1', '::1']);
  });
});

/** A peer that has answered and gone, with a reset for whoever still writes; the answer is unread. */
async function answeredEarly(answer: Buffer): Promise<Pair & { readonly sink: RecordingSink }> {
  const pair = await tcpPair('dialled');
  const sink = new RecordingSink();
  await pair.peer.send(answer);
  pair.peer.reset();
  return { ...pair, sink };
}

describe('a dialled socket that can no longer be written to', () => {
  const answer = Buffer.alloc(100_000, 'the answer ');

  it('is read to the last byte before it fails', async () => {
    for (let run = 0; run < 10; run++) {
      const { stream, socket, sink } = await answeredEarly(answer);
      const destroy = vi.spyOn(socket, 'destroy');
      stream.write([Buffer.from('more of the request')]);
      await turnsUntil(() => destroy.mock.calls.length > 0);
      expect(socket.destroyed).toBe(false);
      stream.attach(sink);
      expect(await sink.over()).toBe('failed');
      expect(sink.bytes.length).toBe(answer.length);
      expect(sink.error).toMatchObject({ syscall: expect.any(String) as string });
    }
  });

  it('waits with it while it is paused', async () => {
    const { stream, socket, sink } = await answeredEarly(answer);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    stream.write([Buffer.from('more of the request')]);
    await turnsUntil(() => vi.getTimerCount() > 0);
    vi.advanceTimersByTime(60_000);
    expect(socket.destroyed).toBe(false);
    vi.useRealTimers();
    stream.attach(sink);
    // The held timer is gone with its clock; the read itself meets the reset behind the last byte.
    await sink.heard(answer.length);
    expect(Buffer.from(sink.bytes).equals(answer)).toBe(true);
    socket.destroy();
  });

  it('fails with the error of its write when nothing is left to read', async () => {
    const { stream, socket, sink } = await answeredEarly(Buffer.from('short'));
    stream.attach(sink);
    await sink.heard(5);
    const failure = Object.assign(new Error('write EPIPE'), { syscall: 'write', code: 'EPIPE' });
    socket.destroy(failure);
    await sink.over();
    expect(sink.log.at(-1)).toBe('failed');
  });

  it('goes at once for any other reason', async () => {
    const { socket } = await tcpPair('dialled');
    socket.destroy(Object.assign(new Error('read ECONNRESET'), { syscall: 'read' }));
    expect(socket.destroyed).toBe(true);
    const { socket: plain } = await tcpPair('dialled');
    plain.destroy();
    expect(plain.destroyed).toBe(true);
  });

  it('goes at once when its peer had ended, for then all has been read', async () => {
    const { stream, socket, sink, peer } = { ...(await tcpPair('dialled')), sink: new RecordingSink() };
    stream.attach(sink);
    peer.end();
    await sink.over();
    socket.destroy(Object.assign(new Error('write EPIPE'), { syscall: 'write', code: 'EPIPE' }));
    expect(socket.destroyed).toBe(true);
  });
});

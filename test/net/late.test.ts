import { once } from 'node:events';
import net from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { LateStream } from '../../shared/net/late.js';
import { connectSocket } from '../../shared/net/lending.js';
import { StreamSocket } from '../../shared/net/stream-socket.js';
import { TcpStream } from '../../shared/net/tcp.js';
import { ScriptedStream } from '../support/push-stream.js';
import { deadPort, startTarget } from '../support/targets.js';
import { settle } from '../support/turns.js';

/** A socket of ours on its way to a port of this host. */
function lateSocket(port: number): StreamSocket {
  const late = new LateStream();
  const socket = new StreamSocket(late);
  const below = connectSocket('127.0.0.1', port);
  const failed = (error: Error): void => {
    late.failed(error);
  };
  below.once('error', failed);
  below.once('connect', () => {
    below.off('error', failed);
    late.opened(new TcpStream(below));
  });
  return socket;
}

/** What it emits, in order. */
function logOf(socket: net.Socket | StreamSocket): string[] {
  const log: string[] = [];
  for (const event of ['connect', 'finish', 'end', 'close'] as const) socket.on(event, () => log.push(event));
  socket.on('error', (error: NodeJS.ErrnoException) => log.push(`error ${error.code}`));
  return log;
}

describe.each<[string, (port: number) => net.Socket | StreamSocket]>([
  ["Node's own", (port) => net.connect(port, '127.0.0.1')],
  ['a late stream', lateSocket],
])('a socket on its way: %s', (_whose, connect) => {
  it.each(['words', ''])('says that "%s" has been written, and all, when it is there', async (words) => {
    const target = await startTarget();
    const socket = connect(target.port);
    const log = logOf(socket);
    socket.write(words, () => log.push('written'));
    socket.end();
    await once(socket, 'finish');
    expect(log).toEqual(['connect', 'written', 'finish']);
    expect((await (await target.next()).rest()).toString()).toBe(words);
    socket.destroy();
  });

  it('is told to end before it is there, and does so then', async () => {
    const target = await startTarget();
    const socket = connect(target.port);
    const log = logOf(socket);
    socket.end();
    await once(socket, 'finish');
    expect(log).toEqual(['connect', 'finish']);
    expect(await (await target.next()).ended()).toBe('fin');
    socket.destroy();
  });

  it('delivers what was written before it is destroyed soon', async () => {
    const target = await startTarget();
    const socket = connect(target.port);
    socket.write('words');
    socket.destroySoon();
    expect((await (await target.next()).rest()).toString()).toBe('words');
  });

  it('leaves what was written to its writer again', async () => {
    const target = await startTarget();
    const socket = connect(target.port);
    const words = Buffer.from('first');
    socket.write(words, () => {
      words.fill('X');
      socket.end();
    });
    expect((await (await target.next()).rest()).toString()).toBe('first');
    socket.destroy();
  });

  it('that gets nowhere says so to whoever pipes into it, and to nobody else', async () => {
    const socket = connect(await deadPort());
    const piped = pipeline(Readable.from(['words']), socket);
    await expect(piped).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await settle();
  });

  it('that gets nowhere has neither written nor finished', async () => {
    const socket = connect(await deadPort());
    const log = logOf(socket);
    const written: unknown[] = [];
    socket.write('words', (error) => written.push((error as NodeJS.ErrnoException | null)?.code));
    socket.end();
    await new Promise((resolve) => socket.once('close', resolve));
    await settle();
    expect(log).toEqual(['error ECONNREFUSED', 'close']);
    expect(written).toEqual(['ERR_SOCKET_CLOSED_BEFORE_CONNECTION']);
  });

  it('that is given up has not written, and says so', async () => {
    const target = await startTarget();
    const socket = connect(target.port);
    const log = logOf(socket);
    socket.write('words', (error) => log.push(String((error as NodeJS.ErrnoException | null)?.code)));
    socket.destroy();
    await settle();
    expect(log).toEqual(['close', 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION']);
  });

  it('closes when both sides have ended, though nobody reads', async () => {
    const target = await startTarget();
    const socket = connect(target.port);
    const log = logOf(socket);
    socket.end('bye');
    (await target.next()).end();
    await once(socket, 'close');
    expect(log).toEqual(['connect', 'finish', 'end', 'close']);
  });
});

describe('a stream that is not there yet', () => {
  it('says nothing of what waited once it is destroyed, as soon as it is there', async () => {
    const late = new LateStream();
    const socket = new StreamSocket(late);
    const written: unknown[] = [];
    socket.write('words', (error) => written.push(error));
    socket.on('connect', () => socket.destroy());
    const stream = new ScriptedStream();
    late.opened(stream);
    await settle();
    expect([written, stream.said, stream.calls]).toEqual([[expect.any(Error)], '', ['abort']]);
  });

  it('says of later words what became of them, not of the connection', async () => {
    const late = new LateStream();
    const socket = new StreamSocket(late);
    const told: unknown[] = [];
    socket.write('early', (error) => told.push(error));
    const stream = new ScriptedStream();
    late.opened(stream);
    stream.room = false;
    socket.write('late', (error) => told.push((error as NodeJS.ErrnoException | null)?.code));
    socket.destroy();
    await settle();
    expect([stream.said, told.at(-1)]).toEqual(['earlylate', 'ERR_STREAM_DESTROYED']);
  });

  it('is read by nobody before its new owner hears it', async () => {
    const late = new LateStream();
    const socket = new StreamSocket(late);
    socket.on('connect', () => socket.read());
    const stream = new ScriptedStream();
    late.opened(stream);
    expect(stream.calls).toEqual(['attach']);
    stream.push('words');
    await settle();
    expect(String(socket.read())).toBe('words');
    socket.destroy();
  });

  it('cannot be written to', () => {
    const late = new LateStream();
    expect(() => late.write([Buffer.from('words')])).toThrow(
      'stream: expected one that is open, got one that opens',
    );
  });

  it('says what kept it from being there to whoever comes later, too', () => {
    const late = new LateStream();
    const failure = new Error('no way');
    late.failed(failure);
    const told: Error[] = [];
    new StreamSocket(late).on('error', (error) => told.push(error));
    const stream = new ScriptedStream();
    late.opened(stream);
    return settle().then(() => {
      expect([told, stream.calls]).toEqual([[failure], ['abort']]);
    });
  });
});

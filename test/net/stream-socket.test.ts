import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { AuthError, DialError, ProtocolError } from '../../shared/errors.js';
import { LateStream } from '../../shared/net/late.js';
import { connectSocket } from '../../shared/net/lending.js';
import { StreamSocket } from '../../shared/net/stream-socket.js';
import { TcpStream } from '../../shared/net/tcp.js';
import { ScriptedStream } from '../support/push-stream.js';
import { tcpPair } from '../support/tcp.js';
import { settle } from '../support/turns.js';

/** A listening server, gone after the test. */
async function serving<Server extends net.Server>(server: Server): Promise<{ server: Server; port: number }> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return { server, port: (server.address() as net.AddressInfo).port };
}

async function connected(port: number): Promise<TcpStream> {
  const socket = connectSocket('127.0.0.1', port);
  await once(socket, 'connect');
  return new TcpStream(socket);
}

/** A late socket, what it emitted so far, and its stream. */
function lateSocket(): { late: LateStream; socket: StreamSocket; log: string[] } {
  const late = new LateStream();
  const socket = new StreamSocket(late);
  const log: string[] = [];
  for (const event of ['connect', 'ready', 'end', 'close'] as const) socket.on(event, () => log.push(event));
  socket.on('error', (error) => log.push(`error ${error.message}`));
  return { late, socket, log };
}

describe('a stream as a socket', () => {
  it('knows where the socket below it leads, and what passed', async () => {
    const { stream, peer, socket: below } = await tcpPair('dialled');
    const socket = new StreamSocket(stream);
    expect(socket.address()).toEqual(below.address());
    expect([socket.remoteAddress, socket.remotePort]).toEqual([below.remoteAddress, below.remotePort]);
    expect([socket.connecting, socket.readyState]).toEqual([false, 'open']);
    socket.write('caf\u00e9');
    peer.socket.write('answer');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toBe('answer');
    expect([socket.bytesWritten, socket.bytesRead]).toEqual([5, 6]);
  });

  it('counts what waits as written, once', async () => {
    const stream = new ScriptedStream();
    const socket = new StreamSocket(stream);
    stream.room = false;
    socket.write('first');
    socket.write('second');
    expect(socket.bytesWritten).toBe(11);
    stream.drain();
    await settle();
    expect(socket.bytesWritten).toBe(11);
  });

  it('ends with its peer, unless each direction ends by itself', async () => {
    const whole = new ScriptedStream();
    new StreamSocket(whole).resume();
    whole.finish();
    const halved = new ScriptedStream();
    new StreamSocket(halved, { allowHalfOpen: true }).resume();
    halved.finish();
    await settle();
    expect([whole.calls.includes('end'), halved.calls.includes('end')]).toEqual([true, false]);
  });

  it('lets its peer hear a clean end when it is destroyed, and a reset from then on', async () => {
    const { stream, peer } = await tcpPair('dialled');
    const socket = new StreamSocket(stream);
    socket.write('last words');
    socket.destroy();
    expect([await peer.ended(), (await peer.rest()).toString()]).toEqual(['fin', 'last words']);
    peer.socket.write('too late');
    await settle();
    // Who has read an end looks at the connection again only when it writes.
    peer.socket.write('still');
    const [error] = (await once(peer.socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toMatch(/ECONNRESET|EPIPE/);
  });

  it.each([true, false])(
    'leaves what was written to its writer again, whether the stream keeps it: %s',
    async (keeps) => {
      const stream = new ScriptedStream({ keeps });
      const socket = new StreamSocket(stream);
      const words = Buffer.from('first');
      socket.write(words, () => words.fill('X'));
      await settle();
      expect([stream.said, words.toString()]).toEqual(['first', 'XXXXX']);
    },
  );

  it('says all that was written before it is destroyed soon', async () => {
    const { stream, peer } = await tcpPair('dialled');
    const body = randomBytes(1_000_000);
    const late = new LateStream();
    const socket = new StreamSocket(late);
    late.opened(stream);
    peer.socket.pause();
    socket.write(body);
    socket.destroySoon();
    await once(socket, 'finish');
    peer.socket.resume();
    expect([await peer.ended(), (await peer.rest()).equals(body)]).toEqual(['fin', true]);
  });

  it.each<[string, (socket: StreamSocket) => void]>([
    ['destroyed with an error', (socket) => socket.destroy(new Error('no'))],
    ['reset', (socket) => socket.resetAndDestroy()],
  ])('resets its peer when it is %s', async (_how, leave) => {
    const { stream, peer } = await tcpPair('dialled');
    const socket = new StreamSocket(stream).on('error', () => undefined);
    leave(socket);
    expect(await peer.ended()).toBe('reset');
  });

  it('breaks with the error of the peer', async () => {
    const { stream, peer } = await tcpPair('dialled');
    const socket = new StreamSocket(stream).resume();
    peer.socket.resetAndDestroy();
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
  });

  it.each<[string, Error, string]>([
    ['that was cut off', new ProtocolError('stream: expected more', 'truncated'), 'ECONNRESET'],
    ['that was tampered with', new AuthError('chunk: not authentic'), 'ECONNRESET'],
    ['that is silent', new DialError('timed-out', 'expected a sign of life'), 'ETIMEDOUT'],
    ['with an error of its own', Object.assign(new Error('x'), { code: 'EHOSTUNREACH' }), 'EHOSTUNREACH'],
  ])('says of a stream %s what sockets say', async (_what, failure, code) => {
    const stream = new ScriptedStream();
    const socket = new StreamSocket(stream);
    const broken = once(socket, 'error') as Promise<[NodeJS.ErrnoException]>;
    stream.break(failure);
    const [error] = await broken;
    expect([error.code, error.message, error.cause ?? error]).toEqual([code, failure.message, failure]);
  });

  it('is timed out once for each silence, and calls back for the first alone', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const stream = new ScriptedStream();
    const log: string[] = [];
    const socket = new StreamSocket(stream).on('timeout', () => log.push('timeout')).resume();
    expect(socket.setTimeout(1000, () => log.push('told')).timeout).toBe(1000);
    vi.advanceTimersByTime(900);
    stream.push('a word');
    vi.advanceTimersByTime(900);
    expect(log).toEqual([]);
    vi.advanceTimersByTime(5000);
    socket.write('another');
    vi.advanceTimersByTime(5000);
    expect(log).toEqual(['timeout', 'told', 'timeout']);
    socket.setTimeout(0);
    socket.write('a third');
    vi.advanceTimersByTime(5000);
    expect(log).toHaveLength(3);
    await settle();
  });

  it('serves requests of node:http, kept alive or not', async () => {
    const body = Buffer.alloc(5_000_000, 'body');
    const { port } = await serving(
      http.createServer((request, response) => {
        request.pipe(response);
      }),
    );
    const stream = await connected(port);
    const socket = new StreamSocket(stream);
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    Object.assign(agent, { createConnection: () => socket });
    for (const headers of [{}, {}, { connection: 'close' }]) {
      const request = http.request({ agent, method: 'POST', host: 'x', headers });
      request.end(body);
      const [response] = (await once(request, 'response')) as [http.IncomingMessage];
      const echoed = await response.toArray();
      expect(Buffer.concat(echoed as Buffer[]).equals(body)).toBe(true);
    }
    if (!socket.closed) await once(socket, 'close');
  });
});

describe('a late stream as a socket', () => {
  it('says what was written meanwhile when it is there, and that it is', async () => {
    const { late, socket, log } = lateSocket();
    const written: string[] = [];
    socket.write('early', () => written.push('early'));
    expect([socket.connecting, socket.pending, socket.readyState]).toEqual([true, true, 'opening']);
    const stream = new ScriptedStream();
    socket.on('connect', () => socket.write(' late'));
    socket.on('data', (piece: Buffer) => log.push(piece.toString()));
    stream.push('word');
    late.opened(stream);
    await settle();
    expect(stream.said).toBe('early late');
    expect(log).toEqual(['connect', 'ready', 'word']);
    expect([socket.connecting, socket.readyState]).toEqual([false, 'open']);
  });

  it('holds a writer back until it is there', async () => {
    const { late, socket } = lateSocket();
    const written: number[] = [];
    for (let each = 0; each < 3; each += 1) socket.write(Buffer.alloc(40 * 1024), () => written.push(each));
    await settle();
    expect([written, socket.writableNeedDrain]).toEqual([[], true]);
    const stream = new ScriptedStream();
    late.opened(stream);
    await settle();
    expect([written, stream.said.length]).toEqual([[0, 1, 2], 120 * 1024]);
  });

  it('ends when it is there, if it was told to before', async () => {
    const { late, socket } = lateSocket();
    socket.end('all');
    await settle();
    const stream = new ScriptedStream();
    late.opened(stream);
    expect([stream.said, stream.calls.slice(0, 1)]).toEqual(['all', ['end']]);
  });

  it('breaks with what kept it from being there, once', async () => {
    const { late, socket, log } = lateSocket();
    socket.write('early');
    late.failed(new Error('no way'));
    late.failed(new Error('still none'));
    await settle();
    expect(log).toEqual(['error no way', 'close']);
    expect([socket.connecting, late.signal.aborted]).toEqual([false, false]);
  });

  it('is let go of by whoever destroys it as soon as it is there', async () => {
    const { late, socket, log } = lateSocket();
    socket.on('connect', () => socket.destroy());
    const stream = new ScriptedStream();
    late.opened(stream);
    await settle();
    expect([log, stream.calls]).toEqual([
      ['connect', 'ready', 'close'],
      ['end', 'attach'],
    ]);
    stream.push('still talking');
    expect(stream.calls.at(-1)).toBe('abort');
  });

  it('ends the opening when it is destroyed, and resets what comes of it all the same', async () => {
    const { late, socket, log } = lateSocket();
    socket.write('early');
    socket.destroy();
    expect(late.signal.aborted).toBe(true);
    const stream = new ScriptedStream();
    late.opened(stream);
    late.failed(new Error('given up'));
    await settle();
    expect([log, stream.calls, stream.said]).toEqual([['close'], ['abort'], '']);
  });

  it('has what older libraries look at', async () => {
    const { socket } = lateSocket();
    socket.write('early');
    expect([socket.bufferSize, socket.autoSelectFamilyAttemptedAddresses]).toEqual([
      socket.writableLength,
      [],
    ]);
    socket.destroy();
    await settle();
  });

  it('stays paused, and unreferenced, as it was told to be before', async () => {
    const { late, socket } = lateSocket();
    const { stream, socket: below, peer } = await tcpPair('dialled');
    socket.unref().ref().unref();
    late.opened(stream);
    expect((below as net.Socket & { _handle: { hasRef(): boolean } })._handle.hasRef()).toBe(false);
    peer.socket.write('x');
    const [piece] = (await once(socket.ref(), 'data')) as [Buffer];
    expect(piece.toString()).toBe('x');
    expect((below as net.Socket & { _handle: { hasRef(): boolean } })._handle.hasRef()).toBe(true);
  });
});

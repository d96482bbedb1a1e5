import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import https from 'node:https';
import type net from 'node:net';
import tls from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LateStream } from '../../shared/net/late.js';
import { connectSocket } from '../../shared/net/lending.js';
import { type SecureOptions, secureSocket } from '../../shared/net/secure-socket.js';
import { StreamSocket } from '../../shared/net/stream-socket.js';
import { TcpStream } from '../../shared/net/tcp.js';
import { Peer } from '../support/peer.js';
import { RecordingSink, ScriptedStream } from '../support/push-stream.js';
import { settle } from '../support/turns.js';
import { authority as ca, keyAndCertificate } from '../support/web.js';

const trusted: SecureOptions = { host: 'localhost', servername: 'localhost', ca };

async function listening(server: net.Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as net.AddressInfo).port;
}

interface Secured {
  readonly secured: tls.TLSSocket;
  /** The socket of the system below. */
  readonly below: net.Socket;
  readonly peer: Peer;
  /** The socket of the system below that. */
  readonly farBelow: net.Socket;
}

/** TLS over a stream, both ends of it, as soon as they agree. */
async function pair(): Promise<Secured> {
  const server = tls.createServer({ ...keyAndCertificate('server'), allowHalfOpen: true });
  const port = await listening(server);
  const accepted = once(server, 'secureConnection') as Promise<[tls.TLSSocket]>;
  const connection = once(server, 'connection') as Promise<[net.Socket]>;
  const below = connectSocket('127.0.0.1', port);
  await once(below, 'connect');
  const socket = new StreamSocket(new TcpStream(below), { allowHalfOpen: true });
  const secured = secureSocket(socket, trusted);
  await once(secured, 'secureConnect');
  const [far] = await accepted;
  const [farBelow] = await connection;
  onTestFinished(() => {
    secured.destroy();
  });
  return { secured, below, peer: new Peer(far), farBelow };
}

const isHeld = (socket: net.Socket): boolean =>
  (socket as unknown as { _handle: { hasRef(): boolean } })._handle.hasRef();

describe('TLS over a stream', () => {
  it('holds the process as it is told, and knows where it leads', async () => {
    const { secured, below } = await pair();
    expect([secured.localPort, secured.remotePort]).toEqual([below.localPort, below.remotePort]);
    expect(secured.unref()).toBe(secured);
    expect(isHeld(below)).toBe(false);
    expect(secured.ref()).toBe(secured);
    expect(isHeld(below)).toBe(true);
  });

  it('carries large bodies both ways at once, and each end by itself', async () => {
    const { secured, peer } = await pair();
    const [up, down] = [randomBytes(5_000_000), randomBytes(5_000_000)];
    secured.end(up);
    expect((await peer.rest()).equals(up)).toBe(true);
    void peer.send(down);
    peer.end();
    const heard = Buffer.concat((await secured.toArray()) as Buffer[]);
    expect(heard.equals(down)).toBe(true);
  });

  it('is a push stream like any socket', async () => {
    const { secured, peer } = await pair();
    const stream = new TcpStream(secured);
    const sink = new RecordingSink();
    stream.attach(sink);
    const [up, down] = [randomBytes(3_000_000), randomBytes(3_000_000)];
    // Twice as much at once as is freed when it has left: it must still be there when it does.
    for (let at = 0; at < up.length; at += 100_000)
      stream.spend([new Uint8Array(up.subarray(at, at + 100_000))]);
    stream.end();
    expect((await peer.rest()).equals(up)).toBe(true);
    void peer.send(down);
    peer.end();
    expect(await sink.over()).toBe('ended');
    expect(Buffer.from(sink.bytes).equals(down)).toBe(true);
  });

  it.each<['destroy' | 'resetAndDestroy', string]>([
    ['destroy', 'end'],
    ['resetAndDestroy', 'abort'],
  ])('takes the stream with it at %s, which it tells to %s', async (how, told) => {
    const stream = new ScriptedStream();
    const secured = secureSocket(new StreamSocket(stream), trusted);
    await settle();
    secured[how]();
    await settle();
    expect(['end', 'abort'].filter((call) => stream.calls.includes(call))).toEqual([told]);
  });

  it('passes on what broke the stream, once', async () => {
    const { secured, farBelow } = await pair();
    const log: unknown[] = [];
    secured.on('error', (error: NodeJS.ErrnoException) => log.push(error.code)).resume();
    farBelow.resetAndDestroy();
    await new Promise((resolve) => secured.once('close', resolve));
    await settle();
    expect(log).toEqual(['ECONNRESET']);
  });

  it('passes on what kept a late stream from being there, once', async () => {
    const late = new LateStream();
    const secured = secureSocket(new StreamSocket(late), trusted);
    const log: unknown[] = [];
    secured.on('error', (error) => log.push(error)).on('close', () => log.push('close'));
    const failure = new Error('no way');
    await settle();
    late.failed(failure);
    await settle();
    expect(log).toEqual([failure, 'close']);
  });

  it('ends the opening of a late stream when it is destroyed', async () => {
    const late = new LateStream();
    secureSocket(new StreamSocket(late), trusted).destroy();
    await settle();
    expect(late.signal.aborted).toBe(true);
  });

  it('says hello to a stream that is late when that comes', async () => {
    const late = new LateStream();
    secureSocket(new StreamSocket(late), trusted).on('error', () => undefined);
    await settle();
    const stream = new ScriptedStream();
    late.opened(stream);
    // A handshake record of TLS (RFC 8446 §5.1).
    expect(stream.written[0]?.[0]).toBe(22);
  });

  it('does not take a certificate for another name', async () => {
    const server = tls.createServer(keyAndCertificate('other-host'));
    const port = await listening(server);
    const below = connectSocket('127.0.0.1', port);
    await once(below, 'connect');
    const secured = secureSocket(new StreamSocket(new TcpStream(below)), trusted);
    const [error] = (await once(secured, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    await once(below, 'close');
  });

  it('serves node:https, kept alive', async () => {
    const body = randomBytes(2_000_000);
    const server = https.createServer(keyAndCertificate('server'), (request, response) => {
      request.pipe(response);
    });
    const port = await listening(server);
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
    let opened = 0;
    Object.assign(agent, {
      createConnection: () => {
        opened += 1;
        const late = new LateStream();
        const below = connectSocket('127.0.0.1', port).once('connect', () => {
          late.opened(new TcpStream(below));
        });
        return secureSocket(new StreamSocket(late), trusted);
      },
    });
    for (let each = 0; each < 3; each += 1) {
      const request = https.request({ agent, method: 'POST', host: 'localhost' });
      request.end(body);
      const [response] = (await once(request, 'response')) as [NodeJS.ReadableStream & AsyncIterable<Buffer>];
      const echoed: Buffer[] = [];
      for await (const piece of response) echoed.push(piece);
      expect(Buffer.concat(echoed).equals(body)).toBe(true);
    }
    expect(opened).toBe(1);
    agent.destroy();
  });
});

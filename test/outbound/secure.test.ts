import { randomBytes } from 'node:crypto';
import { getEventListeners } from 'node:events';
import type net from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { StreamSocket } from '../../shared/net/stream-socket.js';
import { httpConnectDialer } from '../../shared/outbound/http-connect.js';
import { secureDialer } from '../../shared/outbound/secure.js';
import { RecordingSink } from '../support/push-stream.js';
import { hopErrorOf, never, straight } from '../support/scripted-proxy.js';
import { startEcho, startTarget } from '../support/targets.js';
import { startTunnel } from '../support/tunnel.js';
import { secured } from '../support/tls-door.js';
import { authority as ca, type Certificate } from '../support/web.js';

const hop = { protocol: 'HTTP', name: 'https://proxy.example' } as const;
const dial = secureDialer(straight, hop, { ca });

describe('a dialer with TLS', () => {
  it('goes on talking to a target that has ended', async () => {
    const [{ local }, target] = await Promise.all([startTunnel(), startTarget()]);
    const at = await secured(local.port);
    const { stream } = await httpConnectDialer(dial, { ...hop, at })(target, { signal: never });
    const there = await target.next();
    const sink = new RecordingSink();
    stream.attach(sink);
    there.end();
    expect(await sink.over()).toBe('ended');
    stream.write([Buffer.from('last words')]);
    stream.end();
    expect([(await there.rest()).toString(), there.ending]).toEqual(['last words', 'fin']);
  });

  it('says the name of a host aloud, and never an address', async () => {
    const echo = await startEcho();
    const asked: unknown[] = [];
    const { port } = await secured(echo.port, { asked: (name) => asked.push(name) });
    for (const host of ['localhost', '127.0.0.1']) {
      const { stream } = await dial({ host, port }, { signal: never });
      await vi.waitUntil(() => asked.length === (host === 'localhost' ? 1 : 2));
      stream.abort();
    }
    expect(asked).toEqual(['localhost', false]);
  });

  it('leaves nothing with a signal that lives on', async () => {
    const echo = await startEcho();
    const at = await secured(echo.port);
    const { signal } = new AbortController();
    const { stream } = await dial(at, { signal });
    stream.abort();
    await hopErrorOf(dial(await secured(echo.port, { certificate: 'expired' }), { signal }));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('does not begin once it is given up', async () => {
    const target = await startTarget();
    const signal = AbortSignal.abort(new Error('too late'));
    const reaching = secureDialer((at) => straight(at, { signal: never }), hop, { ca });
    const error = await hopErrorOf(reaching({ ...target, host: 'localhost' }, { signal }));
    expect([error.fault, error.cause]).toEqual(['given-up', signal.reason]);
    await (await target.next()).ended();
  });

  it('carries every byte of a proxy, and both ends', async () => {
    const [{ local }, echo] = await Promise.all([startTunnel(), startEcho()]);
    const at = await secured(local.port);
    const { stream } = await httpConnectDialer(dial, { ...hop, at })(echo, { signal: never });
    const socket = new StreamSocket(stream, { allowHalfOpen: true });
    const body = randomBytes(5_000_000);
    socket.end(body);
    expect(Buffer.concat((await socket.toArray()) as Buffer[]).equals(body)).toBe(true);
  });

  it('speaks TLS inside TLS', async () => {
    const echo = await startEcho();
    const outer = await secured((await secured(echo.port)).port);
    const inner = secureDialer((_target, options) => dial(outer, options), hop, { ca });
    const { stream } = await inner({ ...echo, host: 'localhost' }, { signal: never });
    const socket = new StreamSocket(stream, { allowHalfOpen: true });
    socket.end('inside');
    expect(Buffer.concat((await socket.toArray()) as Buffer[]).toString()).toBe('inside');
  });

  it('takes an address for its own name, if the certificate has it', async () => {
    const echo = await startEcho();
    const { port } = await secured(echo.port);
    const { stream } = await dial({ host: '127.0.0.1', port }, { signal: never });
    stream.abort();
  });

  it.each<[Certificate, RegExp]>([
    ['other-host', /altnames/],
    ['expired', /expired/],
    ['self-signed', /self-signed/],
  ])('does not take a certificate that is %s', async (certificate, message) => {
    const target = await startTarget();
    const at = await secured(target.port, { certificate });
    const error = await hopErrorOf(dial(at, { signal: never }));
    expect([error.phase, error.fault]).toEqual(['handshake', 'invalid']);
    expect(error.message).toMatch(message);
  });

  it.each<[string, (socket: net.Socket) => void, string]>([
    ['speaks no TLS', (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'), 'invalid'],
    ['ends', (socket) => socket.end(), 'ended'],
    ['resets', (socket) => socket.resetAndDestroy(), 'ended'],
  ])('says of a peer that it %s', async (_what, reacts, fault) => {
    const target = await startTarget({
      serve: ({ socket }) => {
        socket.once('data', () => {
          reacts(socket);
        });
      },
    });
    const error = await hopErrorOf(dial({ ...target, host: 'localhost' }, { signal: never }));
    expect([error.phase, error.fault, error.hop]).toEqual(['handshake', fault, hop]);
  });

  it('is given up at once, and takes the connection with it', async () => {
    const target = await startTarget();
    const giving = new AbortController();
    const dialling = hopErrorOf(dial({ ...target, host: 'localhost' }, { signal: giving.signal }));
    const peer = await target.next();
    await peer.read(1);
    giving.abort(new Error('changed my mind'));
    const { fault, cause } = await dialling;
    expect([fault, cause]).toEqual(['given-up', giving.signal.reason]);
    await peer.ended();
  });
});

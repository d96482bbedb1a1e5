import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Target } from '../../shared/codec/address.js';
import { StreamSocket } from '../../shared/net/stream-socket.js';
import { httpConnectDialer } from '../../shared/outbound/http-connect.js';
import { secureDialer } from '../../shared/outbound/secure.js';
import { hopErrorOf, never, straight } from '../support/scripted-proxy.js';
import { startEcho, startTarget } from '../support/targets.js';
import { startTunnel } from '../support/tunnel.js';
import { authority as ca, type Certificate, keyAndCertificate } from '../support/web.js';

const hop = { protocol: 'HTTP', name: 'https://proxy.example' } as const;
const dial = secureDialer(straight, hop, { ca });

/** A port of this host that speaks TLS, and leads to another one. */
async function secured(port: number, certificate: Certificate = 'server'): Promise<Target> {
  const door = tls.createServer({ ...keyAndCertificate(certificate), allowHalfOpen: true }, (near) => {
    const far = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    near.pipe(far).pipe(near);
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
  });
  door.on('tlsClientError', () => undefined);
  door.listen(0, '127.0.0.1');
  await once(door, 'listening');
  onTestFinished(() => {
    door.close();
  });
  return { host: 'localhost', port: (door.address() as net.AddressInfo).port };
}

describe('a dialer with TLS', () => {
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
    const at = await secured(target.port, certificate);
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

import { getEventListeners } from 'node:events';
import net from 'node:net';
import { describe, expect, it } from 'vitest';
import { dial } from '../../client/dial.js';
import type { ProxyPhase } from '../../client/proxy-error.js';
import { blackHole } from '../support/black-hole.js';
import { expectNothingLeft, failureOfDial, remains } from '../support/client.js';
import { scriptedProxy, type Turn } from '../support/scripted-proxy.js';

const target = { host: 'target.example', port: 80 };
const key = Buffer.alloc(32, 7).toString('base64');
const halflight = `halflight://2022-blake3-aes-256-gcm:${encodeURIComponent(key)}@`;
const greeted: Turn = { hears: '05 01 00', says: '05 00' };

interface Stage {
  readonly what: string;
  readonly scheme: string;
  /** What the proxy does before it says nothing any more. */
  readonly turns: readonly Turn[];
  readonly phase: ProxyPhase;
}

const stages: readonly Stage[] = [
  { what: 'the SOCKS5 greeting', scheme: 'socks5://', turns: [], phase: 'handshake' },
  {
    what: 'half an answer to the SOCKS5 greeting',
    scheme: 'socks5://',
    turns: [{ hears: '05 01 00', says: '05' }],
    phase: 'handshake',
  },
  {
    what: 'the SOCKS5 authentication',
    scheme: 'socks5://a:b@',
    turns: [{ hears: '05 02 00 02', says: '05 02' }],
    phase: 'auth',
  },
  { what: 'the SOCKS5 request', scheme: 'socks5://', turns: [greeted], phase: 'request' },
  {
    what: 'half a SOCKS5 reply',
    scheme: 'socks5://',
    turns: [greeted, { hears: '05 01 00 03 0e', says: '05 00 00 01 7f' }],
    phase: 'request',
  },
  { what: 'the SOCKS4 request', scheme: 'socks4a://', turns: [], phase: 'request' },
  { what: 'the CONNECT', scheme: 'http://', turns: [], phase: 'request' },
  {
    what: 'the head of an answer to the CONNECT',
    scheme: 'http://',
    turns: [{ hears: Buffer.from('CONNECT'), says: Buffer.from('HTTP/1.1 200 OK\r\nServer: slow\r\n') }],
    phase: 'request',
  },
  { what: 'TLS to a proxy', scheme: 'https://', turns: [], phase: 'handshake' },
  { what: 'a halflight remote that absorbs', scheme: halflight, turns: [], phase: 'handshake' },
];

/** Longer than anything on loopback takes, and nobody waits long. */
const soon = { timeout: '250ms' };

describe('a proxy that hangs', () => {
  it.each(stages)(
    'at $what: ends at the timeout, with the socket closed',
    async ({ scheme, turns, phase }) => {
      const before = remains();
      const proxy = await scriptedProxy(turns);
      const error = await failureOfDial(dial(`${scheme}127.0.0.1:${proxy.at.port}`, target, soon));
      expect(error).toMatchObject({ name: 'GeneralProxyError', code: 'ERR_PROXY_TIMEOUT', phase });
      expect(error.message).toContain('250 ms');
      const peer = await proxy.played();
      await peer.ended();
      peer.socket.destroy();
      await expectNothingLeft(before);
    },
  );

  it.each(stages)(
    'at $what: an aborted signal ends it at once, with its own reason',
    async ({ scheme, turns }) => {
      const before = remains();
      const proxy = await scriptedProxy(turns);
      const giving = new AbortController();
      const dialled = dial(`${scheme}127.0.0.1:${proxy.at.port}`, target, { signal: giving.signal });
      const reason = new Error('the user has closed the window');
      const outcome = expect(dialled).rejects.toBe(reason);
      const peer = await proxy.played();
      giving.abort(reason);
      await outcome;
      await peer.ended();
      peer.socket.destroy();
      expect(getEventListeners(giving.signal, 'abort')).toEqual([]);
      await expectNothingLeft(before);
    },
  );

  it('before it can be connected to', async () => {
    const port = await blackHole();
    const before = remains();
    const error = await failureOfDial(dial(`socks5://127.0.0.1:${port}`, target, soon));
    expect(error).toMatchObject({ code: 'ERR_PROXY_TIMEOUT', phase: 'connect', name: 'GeneralProxyError' });
    const direct = await failureOfDial(dial('direct:', { host: '127.0.0.1', port }, soon));
    expect(direct).toMatchObject({ code: 'ERR_PROXY_TIMEOUT', phase: 'connect', proxy: undefined });
    await expectNothingLeft(before);
  });

  it('as the second of three: it is the one that the error names', async () => {
    const silent = await scriptedProxy([{ hears: '' }]);
    const second = `0401 ${silent.at.port.toString(16).padStart(4, '0')} 7f000001 00`;
    const hops = net.createServer({ allowHalfOpen: true }, (client) => {
      client.once('data', (request) => {
        expect(request.toString('hex')).toBe(second.replaceAll(' ', ''));
        const onward = net.connect(silent.at.port, '127.0.0.1');
        client.write(Buffer.from('005a000000000000', 'hex'));
        client.pipe(onward).pipe(client);
        for (const socket of [client, onward]) socket.on('error', () => undefined);
        client.on('close', () => onward.destroy());
      });
    });
    await new Promise<void>((resolve) => hops.listen(0, '127.0.0.1', resolve));
    const { port } = hops.address() as net.AddressInfo;
    const chain = [
      `socks4a://127.0.0.1:${port}`,
      `socks5://127.0.0.1:${silent.at.port}`,
      'http://127.0.0.1:9',
    ];
    const error = await failureOfDial(dial(chain, target, soon));
    expect(error).toMatchObject({ code: 'ERR_PROXY_TIMEOUT', phase: 'handshake', proxy: chain[1] });
    await (await silent.played()).ended();
    hops.close();
  });

  it('for longer than its own time limit: the rest of the chain has its own', async () => {
    const proxy = await scriptedProxy([]);
    const error = await failureOfDial(dial(`socks5://127.0.0.1:${proxy.at.port}?timeout=200ms`, target));
    expect(error).toMatchObject({ code: 'ERR_PROXY_TIMEOUT', phase: 'handshake' });
    await (await proxy.played()).ended();
  });
});

it.each([[null], [0], [''], ['enough']])('a signal may be aborted with %j', async (reason) => {
  const proxy = await scriptedProxy([{ hears: '05 01 00' }]);
  const giving = new AbortController();
  const dialled = dial(`socks5://127.0.0.1:${proxy.at.port}`, target, { signal: giving.signal });
  const outcome = dialled.then(
    () => 'dialled',
    (thrown: unknown) => ({ thrown }),
  );
  const peer = await proxy.played();
  giving.abort(reason);
  expect(await outcome).toEqual({ thrown: reason });
  await peer.ended();
});

it('a signal that has fired already lets nothing begin', async () => {
  const proxy = await scriptedProxy([]);
  const reason = new Error('too late');
  const uri = `socks5://127.0.0.1:${proxy.at.port}`;
  await expect(dial(uri, target, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(proxy.accepted).toBe(0);
});

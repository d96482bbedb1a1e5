/** Datagrams of the client library through real proxies. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { RemoteInfo } from 'node:dgram';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ProxyDatagrams } from '../../index.js';
import { udpEcho } from '../support/udp.js';
import { dialerForTest } from '../support/client.js';
import { realProxies, type RealProxyName } from './real-proxies.js';

const ways: readonly (readonly RealProxyName[])[] = [
  ['dante, SOCKS5'],
  ['dante, SOCKS5 with a password'],
  ['our local, SOCKS5 with a password'],
  ['our remote'],
  ['our remote, as a Shadowsocks server'],
  ['ss-server'],
  // In a stream, which any proxy carries.
  ['tinyproxy', 'dante, SOCKS4', 'our remote'],
];
const sizes = [1, 2, 512, 1232, 1400];

async function openThrough(way: readonly RealProxyName[]): Promise<ProxyDatagrams> {
  const uris = await Promise.all(way.map((name) => realProxies[name].start()));
  const datagrams = await dialerForTest(uris).udp();
  onTestFinished(() => {
    datagrams.close();
  });
  return datagrams;
}

/** What comes back of a payload; sent again until something does, for some begin to listen later than they say. */
async function echoed(
  datagrams: ProxyDatagrams,
  payload: Buffer,
  target: { readonly host: string; readonly port: number },
): Promise<readonly [payload: Buffer, from: RemoteInfo]> {
  const answer = once(datagrams, 'message') as Promise<[Buffer, RemoteInfo]>;
  const send = (): void => {
    datagrams.send(payload, target);
  };
  const again = setInterval(send, 100);
  send();
  try {
    return await answer;
  } finally {
    clearInterval(again);
  }
}

describe.each(ways.map((way) => ({ way })))('datagrams through $way', ({ way }) => {
  it('come back as they were sent, with the address of who answered', async () => {
    const echo = await udpEcho();
    const datagrams = await openThrough(way);
    for (const host of ['127.0.0.1', 'localhost']) {
      for (const size of sizes) {
        const payload = randomBytes(size);
        const [heard, from] = await echoed(datagrams, payload, { host, port: echo.port });
        expect(heard.equals(payload)).toBe(true);
        expect(from).toEqual({ address: '127.0.0.1', port: echo.port, family: 'IPv4', size });
      }
    }
  });

  it('reach several targets by one socket, and tell their answers apart', async () => {
    const echoes = [await udpEcho(), await udpEcho(), await udpEcho()];
    const datagrams = await openThrough(way);
    for (const { host, port } of [...echoes, ...echoes]) {
      const [heard, from] = await echoed(datagrams, Buffer.from(`${port}`), { host, port });
      expect([heard.toString(), from.port]).toEqual([`${port}`, port]);
    }
  });
});

import http from 'node:http';
import https from 'node:https';
import type { TLSSocket } from 'node:tls';
import { Agent, fetch as undiciFetch } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { dialer } from '../../client/dial.js';
import type { ProxyDialer } from '../../client/dialer.js';
import { failureOfDial } from '../support/client.js';
import { get, surroundings } from '../support/dialled-web.js';
import { scriptedProxy } from '../support/scripted-proxy.js';
import { deadPort } from '../support/targets.js';
import { authority, startWeb } from '../support/web.js';

describe('the agents', () => {
  it('of http carry requests, several on one connection', async () => {
    const { web, through, granted } = await surroundings({ certificate: 'none' });
    for (const path of ['/one', '/two', '/three']) {
      expect(await get(web.origin + path, { agent: through.agent }, http)).toBe(`this is ${path}`);
    }
    expect(granted()).toBe(1);
  });

  it('of https speak TLS to the target, and check whose certificate it is', async () => {
    const { web, through, granted } = await surroundings({});
    const agent = through.httpsAgent;
    expect(await get(`${web.origin}/one`, { agent, ca: authority }, https)).toBe('this is /one');
    expect(await get(`${web.origin}/two`, { agent, ca: authority }, https)).toBe('this is /two');
    expect(granted()).toBe(1);
    const knowing = dialer('direct:');
    onTestFinished(() => knowing.close());
    const stranger = get(`${web.origin}/three`, { agent: knowing.httpsAgent }, https);
    await expect(stranger).rejects.toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
  });

  it.each([
    ['http', http, 'agent'],
    ['https', https, 'httpsAgent'],
  ] as const)('of %s fail with the error of the dial', async (scheme, kind, agent) => {
    const { through } = await surroundings({});
    const url = `${scheme}://127.0.0.1:${await deadPort()}/`;
    const error = await failureOfDial(get(url, { agent: through[agent] }, kind));
    expect(error).toMatchObject({ name: 'Socks5Error', code: 'ECONNREFUSED', reply: 5, phase: 'request' });
  });

  it.each([
    ['http', http, 'agent'],
    ['https', https, 'httpsAgent'],
  ] as const)('of %s end the dial with the request', async (scheme, kind, agent) => {
    const proxy = await scriptedProxy([{ hears: '05 01 00' }]);
    const through = dialer(`socks5://127.0.0.1:${proxy.at.port}`);
    onTestFinished(() => through.close());
    const request = kind.get(`${scheme}://target.example/`, { agent: through[agent] });
    const peer = await proxy.played();
    request.on('error', () => undefined);
    request.destroy();
    expect(await peer.ended()).toBeDefined();
  });

  it('emit what is wrong with a host, as those of Node do, and throw nothing', async () => {
    const { through } = await surroundings({});
    for (const host of ['a..b', 'a*b', 'x'.repeat(300)]) {
      const error = await failureOfDial(get('http://h/', { agent: through.agent, hostname: host }, http));
      expect(error).toMatchObject({ code: 'ERR_PROXY_INPUT' });
    }
  });

  it('of https take what the dialer knows of TLS to targets', async () => {
    const { web, through } = await surroundings({});
    expect(await get(`${web.origin}/one`, { agent: through.httpsAgent }, https)).toBe('this is /one');
  });

  it('of https have TLS to the target come about in the time of a dial', async () => {
    const proxy = await scriptedProxy([
      { hears: '05 01 00', says: '05 00' },
      { hears: '05 01 00 03 0e', says: '05 00 00 01 00000000 0000' },
    ]);
    const through = dialer(`socks5://127.0.0.1:${proxy.at.port}`, { timeout: 250 });
    onTestFinished(() => through.close());
    const asked = get('https://target.example/', { agent: through.httpsAgent }, https);
    const target = { host: 'target.example', port: 443 };
    expect(await failureOfDial(asked)).toMatchObject({ code: 'ERR_PROXY_TIMEOUT', target });
    expect(await (await proxy.played()).ended()).toBeDefined();
  });

  it('of https resume what TLS they have had', async () => {
    const { web, through } = await surroundings({});
    const resumed: boolean[] = [];
    web.server.on('secureConnection', (socket: TLSSocket) => resumed.push(socket.isSessionReused()));
    for (let round = 0; round < 2; round += 1) {
      const headers = { Connection: 'close' };
      await get(`${web.origin}/`, { agent: through.httpsAgent, ca: authority, headers }, https);
    }
    expect(resumed).toEqual([false, true]);
  });

  it('go straight to sockets of this computer', async () => {
    const server = http.createServer((_, response) => response.end('from a socket of this computer'));
    const socketPath = `\0halflight-test-${process.pid}`;
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    onTestFinished(() => {
      server.close();
    });
    const { through } = await surroundings({});
    const answer = await get('http://unix/', { agent: through.agent, socketPath }, http);
    expect(answer).toBe('from a socket of this computer');
  });
});

describe('the connector of undici', () => {
  it.each(['127.0.0.1', '::1'])('reaches %s over TLS, whose name it does not say aloud', async (host) => {
    const warnings: Error[] = [];
    const warned = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warned);
    const web = await startWeb((_, response) => response.end('hello'), { host, certificate: 'server' });
    const names: unknown[] = [];
    web.server.on('secureConnection', (socket: TLSSocket & { readonly servername: unknown }) =>
      names.push(socket.servername),
    );
    const through = dialer('direct:', { tls: { ca: authority, checkServerIdentity: () => undefined } });
    onTestFinished(() => through.close());
    const dispatcher = new Agent({ connect: through.connect });
    const origin = `https://${host.includes(':') ? `[${host}]` : host}:${web.port}`;
    const answer = await undiciFetch(`${origin}/`, { dispatcher });
    expect(await answer.text()).toBe('hello');
    expect(names).toEqual([false]);
    await dispatcher.close();
    process.off('warning', warned);
    expect(warnings).toEqual([]);
  });

  /** What a connector calls back with. */
  function connecting(through: ProxyDialer, url: URL): Promise<unknown> {
    const { hostname, protocol, port } = url;
    return new Promise((resolve, reject) => {
      through.connect({ hostname, protocol, port }, (error, socket) => {
        if (error === null) resolve(socket);
        else reject(error);
      });
    });
  }

  it('has TLS to the target come about in the time of a dial', async () => {
    const proxy = await scriptedProxy([
      { hears: '05 01 00', says: '05 00' },
      { hears: '05 01 00 03 0e', says: '05 00 00 01 00000000 0000' },
    ]);
    const through = dialer(`socks5://127.0.0.1:${proxy.at.port}`, { timeout: 250 });
    onTestFinished(() => through.close());
    const error = await failureOfDial(connecting(through, new URL('https://target.example/')));
    expect(error).toMatchObject({ code: 'ERR_PROXY_TIMEOUT' });
    expect(await (await proxy.played()).ended()).toBeDefined();
  });

  it('leaves no connection where TLS is told what it cannot do', async () => {
    const { web, through, remote } = await surroundings({});
    const refused = get(`${web.origin}/`, { agent: through.httpsAgent, key: 'none' }, https);
    await expect(refused).rejects.toThrow();
    await expect.poll(() => remote.seen('closed').length).toBe(remote.seen('granted').length);
  });

  it('gives TLS to the target up when the dialer is closed', async () => {
    const proxy = await scriptedProxy([
      { hears: '05 01 00', says: '05 00' },
      { hears: '05 01 00 03 0e', says: '05 00 00 01 00000000 0000' },
    ]);
    const through = dialer(`socks5://127.0.0.1:${proxy.at.port}`);
    const failed = failureOfDial(connecting(through, new URL('https://target.example/')));
    const peer = await proxy.played();
    await through.close();
    expect(await failed).toMatchObject({ code: 'ERR_PROXY_DISPOSED' });
    expect(await peer.ended()).toBeDefined();
  });
});

it('close() ends what a dialer keeps, and lets nothing begin any more', async () => {
  const { web, through, remote } = await surroundings({ certificate: 'none' });
  await get(`${web.origin}/`, { agent: through.agent }, http);
  expect(remote.seen('closed')).toEqual([]);
  await through.close();
  await through.close();
  await expect.poll(() => remote.seen('closed')).toHaveLength(1);
  expect(await failureOfDial(through.dial('127.0.0.1:80'))).toMatchObject({ code: 'ERR_PROXY_DISPOSED' });
  expect(await failureOfDial(get(`${web.origin}/`, { agent: through.agent }, http))).toMatchObject({
    code: 'ERR_PROXY_DISPOSED',
  });
  expect(await failureOfDial(through.udp())).toMatchObject({ code: 'ERR_PROXY_DISPOSED' });
  expect(await failureOfDial(through.bind('127.0.0.1:0'))).toMatchObject({ code: 'ERR_PROXY_DISPOSED' });
});

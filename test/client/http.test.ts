import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { dialer, install } from '../../client/dial.js';
import type { ProxyDialer } from '../../client/dialer.js';
import { failureOfDial } from '../support/client.js';
import { scriptedProxy } from '../support/scripted-proxy.js';
import { deadPort } from '../support/targets.js';
import { type RunningRemote, startTunnel } from '../support/tunnel.js';
import { authority, startWeb, type Web, type WebOptions } from '../support/web.js';

interface Surroundings {
  readonly web: Web;
  readonly through: ProxyDialer;
  readonly remote: RunningRemote;
  /** Requests that the remote has carried out. */
  readonly granted: () => number;
}

/** A web server, and a dialer that leads to it through both halves. */
async function surroundings(options: WebOptions): Promise<Surroundings> {
  const web = await startWeb((request, response) => {
    response.end(`this is ${request.url ?? ''}`);
  }, options);
  const { remote, local } = await startTunnel();
  const through = dialer(`socks5://127.0.0.1:${local.port}`, { tls: { ca: authority } });
  onTestFinished(() => through.close());
  return { web, through, remote, granted: () => remote.seen('granted').length };
}

function get(url: string, options: https.RequestOptions, kind: typeof http | typeof https): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = kind.get(url, options, (response) => {
      text(response).then(resolve, reject);
    });
    request.on('error', reject);
  });
}

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
    await expect(get(`${web.origin}/three`, { agent }, https)).rejects.toMatchObject({
      code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    });
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

describe('install', () => {
  it('leads code through the proxy that knows nothing of it, until it is uninstalled', async () => {
    const plain = await surroundings({ certificate: 'none' });
    const before = [http.globalAgent, https.globalAgent];
    const { local } = await startTunnel();
    const installed = install(`socks5://127.0.0.1:${local.port}`);
    try {
      expect(installed.fetch).toBe(true);
      expect(await get(`${plain.web.origin}/by-http`, {}, http)).toBe('this is /by-http');
      const fetched = await fetch(`${plain.web.origin}/by-fetch`);
      expect(await fetched.text()).toBe('this is /by-fetch');
      expect(local.seen('granted')).toHaveLength(2);
    } finally {
      await installed.uninstall();
    }
    expect([http.globalAgent, https.globalAgent]).toEqual(before);
    await (await fetch(`${plain.web.origin}/again`)).text();
    await get(`${plain.web.origin}/again`, {}, http);
    expect(local.seen('granted')).toHaveLength(2);
  });

  it('lets fetch fail with the error of the dial as its cause', async () => {
    const { local } = await startTunnel();
    const installed = install(`http://127.0.0.1:${local.port}`);
    onTestFinished(() => installed.uninstall());
    const failed = fetch(`http://127.0.0.1:${await deadPort()}/`);
    const why = failed.catch((error: unknown) => Promise.reject((error as Error).cause as Error));
    expect(await failureOfDial(why)).toMatchObject({ name: 'HttpProxyError', code: 'ECONNREFUSED' });
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

import http from 'node:http';
import https from 'node:https';
import { type Dispatcher, getGlobalDispatcher, MockAgent, setGlobalDispatcher } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { install } from '../../client/dial.js';
import type { Installed } from '../../client/install.js';
import { failureOfDial } from '../support/client.js';
import { get, surroundings } from '../support/dialled-web.js';
import { deadPort } from '../support/targets.js';
import { startTunnel } from '../support/tunnel.js';

describe('install', () => {
  it('leads code through the proxy that knows nothing of it, until it is uninstalled', async () => {
    const plain = await surroundings({ certificate: 'none' });
    const before = [http.globalAgent, https.globalAgent];
    const { local } = await startTunnel();
    const installed = install(`socks5://127.0.0.1:${local.port}`);
    try {
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

  it.each([
    ['in the order of installing', (first: Installed, second: Installed) => [first, second]],
    ['the last one first', (first: Installed, second: Installed) => [second, first]],
  ])('twice, uninstalled %s, leaves everything as it was', async (_, order) => {
    const { web } = await surroundings({ certificate: 'none' });
    const before = [http.globalAgent, https.globalAgent];
    const [one, other] = [await startTunnel(), await startTunnel()];
    const first = install(`socks5://127.0.0.1:${one.local.port}`);
    const second = install(`socks5://127.0.0.1:${other.local.port}`);
    await (await fetch(`${web.origin}/`)).text();
    expect([one.local.seen('granted').length, other.local.seen('granted').length]).toEqual([0, 1]);
    const [sooner, later] = order(first, second);
    await sooner?.uninstall();
    await (await fetch(`${web.origin}/`)).text();
    await get(`${web.origin}/`, {}, http);
    await later?.uninstall();
    expect([http.globalAgent, https.globalAgent]).toEqual(before);
    await (await fetch(`${web.origin}/`)).text();
    expect(web.asked).toHaveLength(4);
  });

  it('refuses to stand beside a dispatcher that it cannot replace: fetch would go past the proxy', async () => {
    await surroundings({});
    const before = [getGlobalDispatcher(), http.globalAgent, https.globalAgent];
    // As in a program that has no undici of its own.
    const [node = '', program = ''] = process.argv;
    process.argv = [node, '/nowhere/program.js'];
    setGlobalDispatcher(new MockAgent());
    const mock = getGlobalDispatcher();
    expect(() => install('socks5://127.0.0.1:1080')).toThrow(
      'global dispatcher: expected an Agent of undici, which can be replaced, got MockAgent',
    );
    expect(getGlobalDispatcher()).toBe(mock);
    process.argv = [node, program];
    setGlobalDispatcher(before[0] as Dispatcher);
    expect([getGlobalDispatcher(), http.globalAgent, https.globalAgent]).toEqual(before);
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

describe('what install replaced', () => {
  it('stays as it is when somebody else has replaced it meanwhile', async () => {
    const { local } = await startTunnel();
    const before = http.globalAgent;
    const installed = install(`socks5://127.0.0.1:${local.port}`);
    const theirs = new http.Agent();
    http.globalAgent = theirs;
    await installed.uninstall();
    expect(http.globalAgent).toBe(theirs);
    http.globalAgent = before;
  });

  it('is closed when it is uninstalled, which may be said twice', async () => {
    const { web, granted } = await surroundings({ certificate: 'none' });
    const { local } = await startTunnel();
    const installed = install(`socks5://127.0.0.1:${local.port}`);
    const ours = getGlobalDispatcher();
    await (await fetch(`${web.origin}/`)).text();
    expect(local.seen('closed')).toEqual([]);
    await Promise.all([installed.uninstall(), installed.uninstall()]);
    await installed.uninstall();
    await expect.poll(() => local.seen('closed')).toHaveLength(1);
    await expect(fetch(`${web.origin}/`, { dispatcher: ours } as object)).rejects.toThrow();
    expect(granted()).toBe(0);
  });
});

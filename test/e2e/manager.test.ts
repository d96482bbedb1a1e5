import { createServer } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { findMethod, generateSecret, systemEnvironment } from '../../index.js';
import { readService } from '../../shared/config/service-address.js';
import type { ManagerSettings } from '../../shared/config/settings.js';
import { udpClient } from '../support/associate.js';
import { customary, farEnd, managed, portToOpen, warnings } from '../support/managed.js';
import { panel } from '../support/manager.js';
import { relayPlugin } from '../support/plugin.js';
import { connect, type Peer } from '../support/peer.js';
import { startEcho } from '../support/targets.js';
import { ask, connectThrough, expectServed, type FarEnd, localHalf, remoteHalf } from '../support/tunnel.js';
import { udpEcho } from '../support/udp.js';

async function served(end: FarEnd, target: { host: string; port: number }): Promise<Peer> {
  const client = await connectThrough({ local: await localHalf(end) }, target);
  void client.send('hello');
  await client.read(5);
  return client;
}

describe('a remote with a manager', () => {
  it('opens, counts, lists and closes ports', async () => {
    const { ask } = await managed();
    const [one, other] = [await portToOpen(), await portToOpen()];
    const [echo, datagrams] = [await startEcho(), await udpEcho()];
    expect(await ask('ping')).toBe('stat: {}');
    expect(await ask('list')).toBe('[\n]');
    expect(await ask(`add: {"server_port":${one},"password":"first"}`)).toBe('ok');
    const add = `add: {"server_port":"${other}","password":"second","method":"aes-256-gcm","fast_open":true}\n\0`;
    expect(await ask(add)).toBe('ok');
    expect(JSON.parse(await ask('list'))).toEqual([
      { server_port: String(one), password: 'first', method: customary },
      { server_port: String(other), password: 'second', method: 'aes-256-gcm' },
    ]);
    const first = await served(farEnd(one, 'first'), echo);
    const local = await localHalf(farEnd(other, 'second', 'aes-256-gcm'), { wire: 'shadowsocks' });
    await expectServed({ local }, echo);
    const client = await udpClient(local.port);
    await client.send(datagrams, '1234');
    await client.socket.next();
    await vi.waitFor(async () => {
      expect(await ask('ping')).toBe(`stat: {"${one}":10,"${other}":32}`);
    });

    expect(await ask(`remove: {"server_port":${one}}`)).toBe('ok');
    await vi.waitUntil(() => first.socket.destroyed);
    await expect(connect(one)).rejects.toThrow('ECONNREFUSED');
    expect(await ask(`remove: {"server_port":"${one}"}`)).toBe('ok');
    expect(await ask('ping')).toBe(`stat: {"${other}":32}`);
  });

  it('has the ports of a ss-manager file from the start: lists them, and closes those that a panel removes', async () => {
    const [one, other] = [await portToOpen(), await portToOpen()];
    const method = findMethod(customary);
    const ports = [one, other].map((port) => ({
      listen: { host: '127.0.0.1', port },
      method,
      secret: `of ${port}`,
      udp: false,
      freshKey: false,
    }));
    const { ask, service } = await managed({ ports });
    expect(service.ports.map(({ listen }) => listen)).toEqual([`127.0.0.1:${one}`, `127.0.0.1:${other}`]);
    expect(JSON.parse(await ask('list'))).toEqual(
      [one, other].map((port) => ({
        server_port: String(port),
        password: `of ${port}`,
        method: customary,
      })),
    );
    const echo = await startEcho();
    await expectServed({ local: await localHalf(farEnd(one, `of ${one}`)) }, echo);
    expect(await ask(`remove: {"server_port":${one}}`)).toBe('ok');
    await expect(connect(one)).rejects.toThrow('ECONNREFUSED');
    await expectServed({ local: await localHalf(farEnd(other, `of ${other}`)) }, echo);
    expect(await ask(`add: {"server_port":${other},"password":"new"}`)).toBe('ok');
    await expectServed({ local: await localHalf(farEnd(other, 'new')) }, echo);
  });

  it('gives a port another password, and leaves it alone when nothing is new', async () => {
    const { ask } = await managed();
    const port = await portToOpen();
    const echo = await startEcho();
    const add = (password: string): string => `add: {"server_port":${port},"password":"${password}"}`;
    expect(await ask(add('old'))).toBe('ok');
    const client = await served(farEnd(port, 'old'), echo);
    expect(await ask(add('old'))).toBe('ok');
    void client.send('still there?');
    await client.read(12);
    expect(await ask(add('new'))).toBe('ok');
    await vi.waitUntil(() => client.socket.destroyed);
    await expectServed({ local: await localHalf(farEnd(port, 'new')) }, echo);
  });

  it('opens ports of 2022 methods and of users', async () => {
    const { ask } = await managed();
    const method = '2022-blake3-aes-128-gcm';
    const [key, ann] = [0, 1].map(() => generateSecret(findMethod(method), systemEnvironment));
    const port = await portToOpen();
    const users = [{ name: 'ann', password: ann }];
    const request = { server_port: port, password: key, method, mode: 'tcp_only', users };
    expect(await ask(`add: ${JSON.stringify(request)}`)).toBe('ok');
    await expectServed({ local: await localHalf(farEnd(port, `${key}:${ann}`, method)) }, await startEcho());
    expect(JSON.parse(await ask('list'))).toEqual([
      { server_port: String(port), password: key, method, users },
    ]);
  });

  it('says when a port is not available, and when a request cannot be carried out', async () => {
    const taken = createServer();
    taken.listen(0, '127.0.0.1');
    await once(taken, 'listening');
    onTestFinished(() => {
      taken.close();
    });
    const { ask, events } = await managed();
    const { port } = taken.address() as { port: number };
    const free = await portToOpen();
    expect(await ask(`add: {"server_port":${port},"password":"x"}`)).toBe('port is not available');
    for (const wrong of [
      'add: {}',
      `add: {"server_port":${free},"password":"x","method":"rc4-md5"}`,
      `add: {"server_port":${free},"password":"x","method":"2022-blake3-aes-256-gcm"}`,
      `add: {"server_port":${free},"password":"x","mode":"udp_only"}`,
      `add: {"server_port":${free},"password":"x","mode":"constructor"}`,
      `add: {"server_port":${free},"password":"x","users":[{"name":"a b","password":"y"}]}`,
      'remove: {"server_port":0}',
    ]) {
      expect(await ask(wrong)).toBe('err');
    }
    expect(await ask('list')).toBe('[\n]');
    expect(warnings(events).slice(0, 2)).toEqual([
      expect.stringContaining('it is taken because'),
      expect.stringContaining('manager: add: expected'),
    ]);
  });

  it('keeps a port as it was when what should take its place cannot be', async () => {
    const { ask } = await managed();
    const port = await portToOpen();
    await ask(`add: {"server_port":${port},"password":"good"}`);
    expect(await ask(`add: {"server_port":${port},"password":"x","method":"nope"}`)).toBe('err');
    await expectServed({ local: await localHalf(farEnd(port, 'good')) }, await startEcho());
  });

  it('runs no plugin that was not named before, whoever asks (T-35)', async () => {
    const plugin = relayPlugin();
    const { ask, events } = await managed({ allowPlugins: [plugin] });
    const port = await portToOpen();
    const add = (name: string): string =>
      `add: ${JSON.stringify({ server_port: port, password: 'x', plugin: name, plugin_opts: 'server' })}`;
    for (const name of [relayPlugin(), '/bin/sh', '$(touch pwned)', `${plugin};x`, `${plugin} `]) {
      expect(await ask(add(name))).toBe('err');
    }
    expect(events.filter(({ event }) => event === 'plugin-said')).toEqual([]);
    expect(await ask(add(''))).toBe('ok');
    expect(await ask(add(plugin))).toBe('ok');
    const local = await localHalf(farEnd(port, 'x'), { plugin: { name: plugin } });
    await expectServed({ local }, await startEcho());
  });

  it('warns once of weak passwords, and takes them', async () => {
    const { ask, events } = await managed();
    for (const password of ['a', 'b']) {
      expect(await ask(`add: {"server_port":${await portToOpen()},"password":"${password}"}`)).toBe('ok');
    }
    expect(warnings(events)).toEqual([expect.stringContaining('it is taken because')]);
  });

  it('leads nobody to its manager, or to another of its ports', async () => {
    const { ask: tell, port: own } = await managed();
    const [one, other] = [await portToOpen(), await portToOpen()];
    for (const port of [one, other]) await tell(`add: {"server_port":${port},"password":"p${port}"}`);
    const local = await localHalf(farEnd(one, `p${one}`));
    expect((await ask(local.port, { host: '127.0.0.1', port: other })).reply.code).toBe(2);
    const client = await udpClient(local.port);
    await client.send({ host: '127.0.0.1', port: own }, `remove: {"server_port":${other}}`);
    // What comes after it has come back.
    await client.send(await udpEcho(), 'marker');
    await client.socket.next();
    expect(JSON.parse(await tell('list'))).toHaveLength(2);
  });

  it('goes on serving while it is told nonsense', async () => {
    const { ask, say } = await managed();
    const port = await portToOpen();
    await ask(`add: {"server_port":${port},"password":"x"}`);
    const echo = await startEcho();
    const client = await served(farEnd(port, 'x'), echo);
    for (let at = 0; at < 1000; at++) {
      const nonsense = [Buffer.alloc(at, at), 'stat: {}', `x${at}`, '{'.repeat(at), 'ping:'.repeat(300)];
      await say(nonsense[at % nonsense.length] ?? '');
    }
    void client.send('still there?');
    expect((await client.read(12)).toString()).toBe('still there?');
    expect(await ask('ping')).toMatch(/^stat: \{"\d+":\d+\}$/);
  });

  it('has its own port beside those of the manager, if it is told of one', async () => {
    const manager: ManagerSettings = {
      address: { host: '127.0.0.1', port: 0 },
      host: '127.0.0.1',
      method: findMethod(customary),
      udp: true,
      allowPlugins: [],
    };
    const remote = await remoteHalf({ manager });
    const { ask } = await panel(readService(remote.service.manager ?? ''));
    const echo = await startEcho();
    const port = await portToOpen();
    expect(await ask(`add: {"server_port":${remote.port},"password":"x"}`)).toBe('port is not available');
    expect(await ask(`add: {"server_port":${port},"password":"x"}`)).toBe('ok');
    expect(await ask(`remove: {"server_port":${remote.port}}`)).toBe('ok');
    for (const end of [remote, farEnd(port, 'x')]) {
      await expectServed({ local: await localHalf(end) }, echo);
    }
    await remote.service.stop(0);
    for (const closed of [port, remote.port]) await expect(connect(closed)).rejects.toThrow('ECONNREFUSED');
  });
});

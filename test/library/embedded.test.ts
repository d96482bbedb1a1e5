import { inspect } from 'node:util';
import { expect, expectTypeOf, it, vi } from 'vitest';
import { ConfigError } from '../../shared/errors.js';
import type { ObservedEvent } from '../../shared/observe/events.js';
import { echoThrough, embeddedLocal, embeddedRemote } from '../support/embedded.js';
import { udpClient } from '../support/associate.js';
import { deadPort, startEcho, startTarget } from '../support/targets.js';
import { socksAnswer } from '../support/relay.js';
import { udpEcho } from '../support/udp.js';
import { ask, connectThrough } from '../support/tunnel.js';
import { createRemote } from '../../remote/embedded.js';

it('two halves of one process carry what a client says, over both wires', async () => {
  const echo = await startEcho();
  const remote = await embeddedRemote();
  for (const scheme of ['halflight', 'ss'] as const) {
    const local = await embeddedLocal(remote.uri({ scheme }));
    expect(await echoThrough(local, echo, `over ${scheme}`)).toBe(`over ${scheme}`);
  }
});

it('many halves at once, with keys and methods of their own, keep out of each other', async () => {
  const echo = await startEcho();
  const methods = ['2022-blake3-aes-128-gcm', 'chacha20-ietf-poly1305'] as const;
  const remotes = await Promise.all(methods.map((method) => embeddedRemote({ method })));
  const locals = await Promise.all(remotes.map((remote) => embeddedLocal(remote.uri())));
  const ports = [...remotes, ...locals].map((half) => half.address().port);
  expect(new Set(ports).size).toBe(4);
  expect(remotes[0]?.secret).not.toBe(remotes[1]?.secret);
  const heard = await Promise.all(locals.map((local, at) => echoThrough(local, echo, `through ${at}`)));
  expect(heard).toEqual(['through 0', 'through 1']);

  const seen = remotes.map((remote) => {
    const opened: number[] = [];
    remote.on('opened', ({ id }) => opened.push(id));
    return opened;
  });
  await echoThrough(locals[1] ?? expect.unreachable(), echo, 'only there');
  expect(seen.map(({ length }) => length)).toEqual([0, 1]);
});

it('remotes with the same options share neither users nor what they remember', async () => {
  const echo = await startEcho();
  const options = { users: ['ann'], key: Buffer.alloc(32, 1).toString('base64') };
  const [one, other] = await Promise.all([embeddedRemote(options), embeddedRemote(options)]);
  await one.users.add({ name: 'ben', secret: Buffer.alloc(32, 2).toString('base64') });
  expect((await other.users.list()).map(({ name }) => name)).toEqual(['ann']);
  expect(await one.uriOf('ann')).not.toBe(await other.uriOf('ann'));

  const local = await embeddedLocal(await one.uriOf('ben'));
  expect(await echoThrough(local, echo, 'ben')).toBe('ben');
  await vi.waitFor(async () => {
    expect(await one.usage.of('ben')).toMatchObject({ up: 3, down: 3, openedStreams: 1 });
  });
  expect(await other.usage.all()).toEqual(new Map());
});

it('a remote has users that come and go, each with a link', async () => {
  const echo = await startEcho();
  const remote = await embeddedRemote({ users: ['ann'] });
  expect(() => remote.uri()).toThrow('uri: expected a port with one key for everybody, got one with users');
  await expect(remote.uriOf('ben')).rejects.toThrow(ConfigError);
  const local = await embeddedLocal(await remote.uriOf('ann'), { timeouts: { replyMs: 300 } });
  const opened: (string | undefined)[] = [];
  remote.on('opened', ({ user }) => opened.push(user));
  expect(await echoThrough(local, echo, 'ann')).toBe('ann');
  expect(opened).toEqual(['ann']);

  expect(await remote.users.remove('ann')).toBe(true);
  expect(await local.check()).toMatchObject({ ok: false, stage: 'authenticate' });
});

it('a remote has further ports with links of their own', async () => {
  const echo = await startEcho();
  const remote = await embeddedRemote({
    ports: [{ listen: '127.0.0.1:0', method: 'aes-256-gcm', users: ['ben'] }],
  });
  const [own, further] = remote.ports;
  expect(own?.uri()).toBe(remote.uri());
  const local = await embeddedLocal((await further?.uriOf('ben')) ?? '');
  expect(await echoThrough(local, echo, 'further')).toBe('further');
});

it('what is observed are events with types of their own', async () => {
  const remote = await embeddedRemote();
  const local = await embeddedLocal(remote.uri());
  const events: ObservedEvent[] = [];
  local.on('granted', (event) => {
    expectTypeOf(event.bound.port).toBeNumber();
    events.push(event);
  });
  local.on('refused', (event) => {
    expectTypeOf(event.detail).toBeString();
    events.push(event);
  });
  const target = await startTarget();
  const client = await connectThrough({ local: local.address() }, target);
  client.reset();
  const dead = { host: '127.0.0.1', port: await deadPort() };
  const { reply } = await ask(local.address().port, dead);
  expect(reply.code).toBe(5);
  expect(events).toMatchObject([
    { event: 'granted', target: { port: target.port } },
    { event: 'refused', reason: 'connection-refused', target: dead },
  ]);
});

it('a local is checked, and told of other servers while it runs', async () => {
  const echo = await startEcho();
  const [one, other] = await Promise.all([embeddedRemote(), embeddedRemote()]);
  const local = await embeddedLocal(one.uri());
  expect(await local.check()).toMatchObject({ ok: true, verified: true });
  await echoThrough(local, echo, 'one');
  expect(local.carriers()).toMatchObject({ opened: 1 });
  await one.stop();
  expect(await local.checkServers()).toMatchObject([{ check: { ok: false, stage: 'tcp' } }]);

  local.replaceServers([other.uri()]);
  await vi.waitFor(async () => {
    expect(await local.check()).toMatchObject({ ok: true });
  });
  expect(await echoThrough(local, echo, 'other')).toBe('other');
  expect(() => {
    local.replaceServers([]);
  }).toThrow('server: expected at least one, got none');
});

it.each([{}, { udpOverTcp: true }])('datagrams go through both halves: %j', async (how) => {
  const remote = await embeddedRemote();
  const local = await embeddedLocal(remote.uri(), how);
  const client = await udpClient(local.address().port);
  const echo = await udpEcho();
  await client.send(echo, 'a datagram');
  expect((await socksAnswer(client.socket)).text).toBe('a datagram');
});

it('links say where the remote listens, or what they are told', async () => {
  const remote = await embeddedRemote({ credentials: ['ann:geheim'] });
  const { port } = remote.address();
  expect(remote.address().host).toBe('127.0.0.1');
  expect(remote.uri()).toContain(`@127.0.0.1:${port}?auth=remote#`);
  expect(remote.uri({ host: 'vps.example' })).toContain(`@vps.example:${port}`);
  expect(remote.uri({ scheme: 'ss' })).toMatch(/^ss:\/\/2022-blake3-aes-256-gcm:[^?]*$/);
  expect(() => remote.uri({ host: 'a b' })).toThrow(/^host: expected /);
  expect(() => remote.uri({ scheme: 'http' as 'ss' })).toThrow('scheme: expected halflight or ss');
});

it('nothing that is printed of a half shows its key', async () => {
  const remote = await embeddedRemote({ users: ['ann'] });
  const local = await embeddedLocal(await remote.uriOf('ann'));
  const [ann] = await remote.users.list();
  for (const half of [remote, local, createRemote()]) {
    const shown = `${inspect(half, { depth: 9, showHidden: true })} ${JSON.stringify(half)}`;
    expect(shown).not.toContain(remote.secret.slice(0, 20));
    expect(shown).not.toContain(ann?.secret.slice(0, 20) ?? '');
  }
});

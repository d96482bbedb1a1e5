/** Hooks of a local and of a remote, with a client, a carrier and a target between them. */
import { expect, it } from 'vitest';
import type { Hook, HookEvent } from '../../shared/hooks/hook.js';
import type { HookSetting } from '../../shared/hooks/setting.js';
import { openConnections } from '../../shared/serve/open.js';
import { recorder } from '../support/hooked.js';
import { connect, type Peer } from '../support/peer.js';
import { startEcho, startTarget } from '../support/targets.js';
import { connectThrough, localHalf, remoteHalf } from '../support/tunnel.js';
import { turnsUntil } from '../support/turns.js';

function given(...hooks: readonly Hook[]): readonly HookSetting[] {
  return hooks.map((source) => ({ kind: 'given', source }));
}

/** What was told, without the times. */
function names(events: readonly HookEvent[]): readonly string[] {
  return events.map(({ event, ...others }) =>
    'direction' in others ? `${event} ${others.direction}` : event,
  );
}

/** Bytes that go up get louder, and those that come down softer. */
const loud: Hook = {
  filter: () => ({
    up: { received: (bytes) => Buffer.from(Buffer.from(bytes).toString('latin1').toUpperCase(), 'latin1') },
  }),
};

async function ask(client: Peer, words: string): Promise<string> {
  void client.send(words);
  return (await client.read(words.length)).toString();
}

const life = ['accepted', 'requested', 'dialed', 'first-byte up', 'first-byte down', 'closed'];

it('both tell of a conversation, each of its own sockets, and the filters of both work', async () => {
  const [near, far] = [recorder(), recorder()];
  const { host, port } = await startEcho();
  const echo = { host, port };
  const remote = await remoteHalf({ hooks: given(far.hook, loud) });
  const local = await localHalf(remote, { hooks: given(near.hook) });
  const client = await connectThrough({ local }, echo);
  const clientPort = client.socket.localPort;
  expect(await ask(client, 'quiet words')).toBe('QUIET WORDS');
  client.end();
  await client.ended();
  await turnsUntil(() => [near, far].every(({ events }) => events.at(-1)?.event === 'closed'));
  for (const { events } of [near, far]) {
    expect(names(events)).toEqual(['started', ...life]);
    expect(events.at(-1)).toMatchObject({
      connection: { protocol: 'SOCKS5', command: 'connect', target: echo },
      up: { received: 11, sent: 11, unsent: 0 },
      down: { received: 11, sent: 11, unsent: 0 },
      by: 'client',
      why: 'end',
    });
  }
  const [ours, theirs] = [near, far].map(({ events }) => events.at(-1));
  expect(ours).toMatchObject({
    connection: {
      role: 'local',
      client: { local: { port: local.port }, remote: { port: clientPort } },
      far: { remote: { port: remote.port } },
    },
  });
  expect(theirs).toMatchObject({
    connection: { role: 'remote', client: { local: { port: remote.port } }, far: { remote: echo } },
  });
});

it('what a client sends behind its request goes through the filters of a local, like the rest', async () => {
  const { host, port } = await startEcho();
  const remote = await remoteHalf();
  const local = await localHalf(remote, { hooks: given(loud) });
  const client = await connect(local.port);
  void client.send(`CONNECT ${host}:${String(port)} HTTP/1.1\r\nHost: ${host}\r\n\r\nsaid ahead`);
  const granted = 'HTTP/1.1 200 ';
  expect((await client.read(granted.length)).toString()).toBe(granted);
  client.end();
  expect((await client.rest()).toString()).toMatch(/\r\n\r\nSAID AHEAD$/);
});

const alice = { user: 'alice', password: 'wonder' };

it.each([
  ['', [], []],
  [', also where the remote asks who it is', [alice], ['Proxy-Authorization: Basic YWxpY2U6d29uZGVy']],
])('plain HTTP is seen by the filters of a local from its first word%s', async (_, credentials, named) => {
  const heard: string[] = [];
  const web = await startTarget({
    serve: ({ socket }) => {
      socket.on('data', (piece: Buffer) => {
        heard.push(piece.toString('latin1'));
        if (piece.includes('\r\n\r\n')) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello');
      });
    },
  });
  const { hook: watch, events } = recorder();
  const swap: Hook = {
    filter: () => ({
      up: {
        received: (bytes) => Buffer.from(Buffer.from(bytes).toString('latin1').replace('/first', '/other')),
      },
      down: {
        received: (bytes) => Buffer.from(Buffer.from(bytes).toString('latin1').replace('hello', 'jello')),
      },
    }),
  };
  const remote = await remoteHalf({ credentials });
  const local = await localHalf(remote, { hooks: given(watch, swap) });
  const client = await connect(local.port);
  const authority = `${web.host}:${String(web.port)}`;
  const head = [
    `GET http://${authority}/first HTTP/1.1`,
    `Host: ${authority}`,
    'Connection: close',
    ...named,
  ];
  void client.send(`${head.join('\r\n')}\r\n\r\n`);
  expect((await client.rest()).toString()).toMatch(/\r\n\r\njello$/);
  client.end();
  expect(heard.join('')).toMatch(/^GET \/other HTTP/);
  await turnsUntil(() => events.at(-1)?.event === 'closed');
  expect(names(events)).toEqual(['started', ...life]);
});

it('all that is open in the process is in one table, hooks or not, and each can be cut alone', async () => {
  const { host, port } = await startEcho();
  const echo = { host, port };
  const remote = await remoteHalf();
  const local = await localHalf(remote);
  const before = new Set(openConnections());
  const clients = [await connectThrough({ local }, echo), await connectThrough({ local }, echo)] as const;
  const words = ['one', 'three'] as const;
  for (const [at, client] of clients.entries()) expect(await ask(client, words[at] ?? '')).toBe(words[at]);
  const open = [...openConnections()].filter((each) => !before.has(each));
  const rows = open.map((each) => each.describe());
  expect(rows).toHaveLength(4);
  for (const row of rows)
    expect(row).toMatchObject({ state: 'open', target: echo, protocol: 'SOCKS5', transport: 'tcp' });
  expect(rows.filter(({ role }) => role === 'remote').map(({ up, down }) => [up, down])).toEqual([
    [3, 3],
    [5, 5],
  ]);
  const atRemote = open.filter((each) => each.describe().role === 'remote');
  atRemote[0]?.cut(new Error('no longer wanted'));
  expect(await clients[0].ended()).toBe('reset');
  expect(await ask(clients[1], 'still here')).toBe('still here');
  clients[1].end();
  await clients[1].ended();
  await turnsUntil(() => [...openConnections()].every((each) => before.has(each)));
});

import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { temporaryDirectory } from '../support/directory.js';
import { running } from '../support/forward.js';
import { recorder } from '../support/hooked.js';
import { Peer } from '../support/peer.js';
import { turnsUntil } from '../support/turns.js';

it('of unix sockets hooks are told the paths, on either side', async () => {
  const directory = temporaryDirectory();
  const [from, to] = ['from', 'to'].map((name) => ({ path: path.join(directory, name) }));
  if (from === undefined || to === undefined) throw new Error('paths: expected two, got fewer');
  const server = net.createServer((socket) => socket.pipe(socket)).listen(to.path);
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  const { hook, events } = recorder();
  await running([{ from, to }], { hooks: [{ kind: 'given', source: hook }] });
  const socket = net.connect({ path: from.path, allowHalfOpen: true });
  await once(socket, 'connect');
  const client = new Peer(socket);
  await client.send('over paths');
  expect((await client.read(10)).toString()).toBe('over paths');
  client.end();
  await client.ended();
  await turnsUntil(() => events.at(-1)?.event === 'closed');
  const [here, there] = [from, to].map((place) => ({ host: place.path, port: 0 }));
  expect(events.at(-1)).toMatchObject({
    connection: {
      client: { local: here, remote: here },
      far: { local: there, remote: there },
      target: there,
    },
    up: { received: 10, sent: 10, unsent: 0 },
    why: 'end',
  });
});

/** What observers are told of connections, over real sockets. */
import { expect, it } from 'vitest';
import { hooked } from '../support/hooked.js';

it('a connection is told of from its coming to its end, with the addresses of both sockets', async () => {
  const { join, port, targetPort, events, heard } = await hooked([]);
  const { client, target } = await join();
  const clientPort = client.socket.localPort;
  const farPort = target.socket.remotePort;
  await client.send('question');
  await target.read(8);
  await target.send('the answer');
  await client.read(10);
  client.end();
  expect(await target.ended()).toBe('fin');
  target.end();
  await heard('closed');
  const asked = {
    id: expect.any(Number) as number,
    role: 'forward',
    transport: 'tcp',
    openedAt: expect.any(Number) as number,
    client: {
      local: { host: '127.0.0.1', port },
      remote: { host: '127.0.0.1', port: clientPort },
    },
  };
  const requested = { ...asked, command: 'connect', target: { host: '127.0.0.1', port: targetPort } };
  const dialed = {
    ...requested,
    far: { local: { host: '127.0.0.1', port: farPort }, remote: { host: '127.0.0.1', port: targetPort } },
  };
  const at = expect.any(Number) as number;
  const ms = at;
  expect(events).toEqual([
    { event: 'started', at, role: 'forward', listen: [`127.0.0.1:${String(port)}`] },
    { event: 'accepted', at, connection: asked },
    { event: 'requested', at, connection: requested },
    { event: 'dialed', at, connection: dialed, ms },
    { event: 'first-byte', at, connection: dialed, direction: 'up', ms },
    { event: 'first-byte', at, connection: dialed, direction: 'down', ms },
    {
      event: 'closed',
      at,
      connection: dialed,
      up: { received: 8, sent: 8, unsent: 0 },
      down: { received: 10, sent: 10, unsent: 0 },
      by: 'client',
      why: 'end',
      ms,
    },
  ]);
});

it('what an observer does when all has stopped is waited for, but not without end', async () => {
  const done: string[] = [];
  const slow = {
    name: 'slow',
    on: {
      stopped: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        done.push('flushed');
      },
    },
  };
  const never = { name: 'never', on: { stopped: () => new Promise(() => undefined) } };
  const { hooks, warnings } = await hooked([slow, never], { limits: { stopMs: 10 } });
  await hooks.stop();
  expect(done).toEqual(['flushed']);
  expect(warnings).toEqual(['hook never: on.stopped: expected an answer within 0.01 s, got none']);
});

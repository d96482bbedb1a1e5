import net from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { acceptSockets, LendingSocket } from '../../shared/net/lending.js';

interface Inside {
  _handle: { onconnection?: unknown; setNoDelay?: unknown };
}

const open: { end: () => void }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.end();
});

/** What a server that listens hands over when somebody comes; `change` is what another Node would do to its inside. */
async function firstOf(change: (handle: Inside['_handle']) => void = () => undefined): Promise<net.Socket> {
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  change((server as unknown as Inside)._handle);
  const come = new Promise<net.Socket>((resolve) => {
    acceptSockets(server, resolve);
  });
  const client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
  const socket = await come;
  open.push({
    end: () => {
      client.destroy();
      socket.destroy();
      server.close();
    },
  });
  return socket;
}

describe.skipIf(process.platform === 'win32')('a connection that a server accepts', () => {
  const insides = {
    'as it is': undefined,
    'whose listeners pass no options on': (handle: Inside['_handle']) => {
      handle.setNoDelay = undefined;
    },
    'that announces connections by the event alone': (handle: Inside['_handle']) => {
      const announce = handle.onconnection as (status: number, connection: object) => void;
      Object.defineProperty(handle, 'onconnection', {
        get: () => announce,
        set: () => undefined,
      });
    },
  } as const;

  it.each(Object.keys(insides) as (keyof typeof insides)[])(
    'comes as a lending socket, paused, from a Node %s',
    async (name) => {
      const socket = await firstOf(insides[name]);
      expect([socket instanceof LendingSocket, socket.isPaused(), socket.allowHalfOpen]).toEqual([
        true,
        true,
        true,
      ]);
      expect(socket.remoteAddress).toBe('127.0.0.1');
    },
  );
});

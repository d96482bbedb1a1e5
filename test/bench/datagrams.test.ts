import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { exchange } from '../../bench/datagram-load.js';
import { listenForDatagrams } from '../../bench/datagram-target.js';
import type { Asks } from '../../bench/orders.js';

async function bound(): Promise<Socket & { readonly port: number }> {
  const socket = createSocket('udp4');
  onTestFinished(() => {
    socket.close();
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return Object.assign(socket, { port: socket.address().port });
}

/** A target, and a way to it on which one of `every` datagrams is lost in each direction. */
async function lossyWay(every: number): Promise<number> {
  const target = listenForDatagrams(0);
  await once(target, 'listening');
  onTestFinished(() => {
    target.close();
  });
  const [near, far] = [await bound(), await bound()];
  let client = 0;
  let count = 0;
  const passes = (): boolean => {
    count += 1;
    return count % every !== 0;
  };
  near.on('message', (datagram, { port }) => {
    client = port;
    if (passes()) far.send(datagram, target.address().port, '127.0.0.1');
  });
  far.on('message', (datagram) => {
    if (passes()) near.send(datagram, client, '127.0.0.1');
  });
  return near.port;
}

function asked(port: number, ms: number): Asks<'datagrams'> {
  const entry = { way: 'straight', host: '127.0.0.1', port } as const;
  return { entry, length: 100, inFlight: 32, ms, withinMs: 10_000 };
}

test('datagrams go up and then down, and those that arrive are counted', async () => {
  const { up, down } = await exchange(asked(await lossyWay(Infinity), 100));
  for (const { sent, received } of [up, down]) {
    expect(received).toBeGreaterThan(32);
    expect(sent).toBe(received);
  }
});

test('those that are lost are told from those that are still on their way', async () => {
  const { up, down } = await exchange(asked(await lossyWay(9), 600));
  for (const { sent, received } of [up, down]) {
    expect(received).toBeGreaterThan(0);
    expect(sent).toBeGreaterThan(received);
  }
});

test('when nothing gets through, that is a fault', async () => {
  await expect(exchange(asked(await lossyWay(1), 300))).rejects.toThrow(/expected some, got none/);
});

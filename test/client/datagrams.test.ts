import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { dialerForTest } from '../support/client.js';
import { scriptedProxy } from '../support/scripted-proxy.js';
import { startTunnel } from '../support/tunnel.js';

/** Says every datagram back to whoever sent it. */
async function echo(): Promise<number> {
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => {
    socket.send(message, from.port, from.address);
  });
  onTestFinished(() => {
    socket.close();
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket.address().port;
}

it('datagrams come back with who sent them; what is sent may be changed at once', async () => {
  const port = await echo();
  const { local } = await startTunnel();
  const datagrams = await dialerForTest(`socks5://127.0.0.1:${local.port}`).udp();
  const words = Buffer.from('hello');
  const answered = once(datagrams, 'message');
  datagrams.send(words, { host: '127.0.0.1', port });
  words.fill(0);
  const [message, from] = (await answered) as [Buffer, unknown];
  expect(String(message)).toBe('hello');
  expect(from).toEqual({ address: '127.0.0.1', port, size: 5, family: 'IPv4' });
  datagrams.close();
});

it('a message keeps its bytes when others follow', async () => {
  const port = await echo();
  const datagrams = await dialerForTest('direct:').udp();
  const messages: Buffer[] = [];
  datagrams.on('message', (message) => messages.push(message));
  for (let each = 0; each < 20; each += 1) datagrams.send(Buffer.alloc(100, each), `127.0.0.1:${port}`);
  await expect.poll(() => messages.length).toBe(20);
  for (const message of messages) expect(message).toEqual(Buffer.alloc(100, message[0]));
  expect(new Set(messages.map(([first]) => first)).size).toBe(20);
  datagrams.close();
});

it('nothing is heard behind close()', async () => {
  const port = await echo();
  const datagrams = await dialerForTest('direct:').udp();
  let heard = 0;
  datagrams.on('message', () => {
    heard += 1;
    datagrams.close();
  });
  const closed = once(datagrams, 'close');
  for (let each = 0; each < 20; each += 1) datagrams.send(Buffer.alloc(1), `127.0.0.1:${port}`);
  await closed;
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toBe(1);
});

it('more bytes than UDP can carry are refused, and so is anything behind close()', async () => {
  const datagrams = await dialerForTest('direct:').udp();
  const to = { host: '127.0.0.1', port: 9 };
  expect(() => {
    datagrams.send(Buffer.alloc(70_000), to);
  }).toThrow('datagram: expected at most 65507 bytes, got 70000');
  expect(() => {
    datagrams.send(Buffer.alloc(1), 'nowhere');
  }).toThrow(expect.objectContaining({ code: 'ERR_PROXY_INPUT' }) as Error);
  const closed = once(datagrams, 'close');
  datagrams.close();
  datagrams.close();
  await closed;
  expect(() => {
    datagrams.send(Buffer.alloc(1), to);
  }).toThrow(expect.objectContaining({ code: 'ERR_PROXY_DISPOSED' }) as Error);
});

it.each([
  ['ends', undefined],
  ['resets', 'ERR_PROXY_CLOSED'],
] as const)('a proxy that %s closes them, with an error when it broke', async (then, code) => {
  const relay = await echo();
  const says = `05 00 00 01 7f000001 ${relay.toString(16).padStart(4, '0')}`;
  const proxy = await scriptedProxy([
    { hears: '05 01 00', says: '05 00' },
    { hears: '05 03 00 01 00000000 0000', says },
  ]);
  const datagrams = await dialerForTest(`socks5://127.0.0.1:${proxy.at.port}`).udp();
  const told: unknown[] = [];
  datagrams.on('error', (error) => told.push((error as { readonly code?: unknown }).code));
  const closed = new Promise((resolve) =>
    datagrams.on('close', () => {
      resolve(undefined);
    }),
  );
  const peer = await proxy.played();
  if (then === 'ends') peer.end();
  else peer.reset();
  await closed;
  expect(told).toEqual(code === undefined ? [] : [code]);
});

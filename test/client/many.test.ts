import { getEventListeners, once } from 'node:events';
import { expect, it } from 'vitest';
import { dial, dialer } from '../../client/dial.js';
import type { ProxySocket } from '../../client/socket.js';
import { formatServerUri } from '../../shared/config/uri.js';
import { expectNothingLeft, remains } from '../support/client.js';
import { deadPort, startEcho } from '../support/targets.js';
import { startTunnel, uriOf } from '../support/tunnel.js';

const atOnce = 16;

/** Does it so often, 16 at a time. */
async function repeat(times: number, work: (round: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < times) await work(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

async function useOnce(socket: ProxySocket): Promise<void> {
  socket.end('hello');
  let heard = '';
  socket.on('data', (piece: Buffer) => (heard += piece.toString()));
  await once(socket, 'close');
  expect(heard).toBe('hello');
}

it('ten thousand dials leave no socket, listener or timer behind', { timeout: 240_000 }, async () => {
  const before = remains();
  const echo = await startEcho();
  const dead = { host: '127.0.0.1', port: await deadPort() };
  const { remote, local } = await startTunnel();
  const tunnel = formatServerUri(uriOf(remote));
  const port = `127.0.0.1:${local.port}`;
  const chain = [`socks5://${port}`, `http://${port}`, `socks4://${port}`];
  const single = ['direct:', tunnel, `socks5://${port}`, `socks4a://${port}`, `http://${port}`];
  const choices = [...single, ...single, chain];
  const kept = choices.map((choice) => dialer(choice));
  const { signal } = new AbortController();
  const warnings: Error[] = [];
  process.on('warning', (warning) => warnings.push(warning));

  await repeat(10_000, async (round) => {
    const choice = choices[round % choices.length] ?? 'direct:';
    if (round % 10 === 3) await expect(dial(choice, dead, { signal })).rejects.toHaveProperty('code');
    else if (round % 2 === 0) await useOnce(await dial(choice, echo, { signal }));
    else await useOnce(await (kept[round % kept.length] ?? dialer('direct:')).dial(echo, { signal }));
  });

  for (const each of kept) await each.close();
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  expect(warnings).toEqual([]);
  for (const half of [local, remote]) await half.service.stop(0);
  await expectNothingLeft(before);
});

import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { connect } from '../support/peer.js';
import { startEcho } from '../support/targets.js';
import { startTunnel, type Tunnel } from '../support/tunnel.js';

const alice = { user: 'alice', password: 'wonder' };
const proof = `Proxy-Authorization: Basic ${Buffer.from('alice:wonder').toString('base64')}\r\n`;

const wirings: readonly (readonly [name: string, headers: string, start: () => Promise<Tunnel>])[] = [
  ['the raw wire', '', () => startTunnel()],
  ['the standard wire', '', () => startTunnel({ local: { wire: 'shadowsocks' } })],
  ['a remote that asks for credentials', proof, () => startTunnel({ remote: { credentials: [alice] } })],
  ['a local that asks for credentials', proof, () => startTunnel({ local: { credentials: [alice] } })],
];

/** How the head of a CONNECT may arrive. */
const feedings: readonly (readonly [name: string, cut: (head: string) => string[]])[] = [
  ['whole', (head) => [head]],
  ['line by line', (head) => head.split(/(?<=\n)/)],
  ['byte by byte', (head) => Array.from(head)],
  ['but for its last byte, which comes with what follows', (head) => [head.slice(0, -1)]],
];

describe.each(wirings)('a CONNECT over %s', (_wiring, headers, start) => {
  it.each(feedings)('that comes %s is answered, and what follows is the conversation', async (_name, cut) => {
    const [tunnel, echo] = [await start(), await startEcho()];
    const client = await connect(tunnel.local.port);
    const authority = `127.0.0.1:${echo.port}`;
    const head = `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${headers}\r\n`;
    const pieces = cut(head);
    for (const piece of pieces) {
      await client.send(piece);
      await turn();
    }
    await client.send(`${head.slice(pieces.join('').length)}early`);
    const granted = 'HTTP/1.1 200 Connection established\r\n\r\n';
    expect(String(await client.read(granted.length + 5))).toBe(`${granted}early`);
    expect(tunnel.local.seen('remote-lost')).toEqual([]);
  });
});

it('a CONNECT whose head never ends is refused by the local itself', async () => {
  const tunnel = await startTunnel();
  const client = await connect(tunnel.local.port);
  void client.send(`CONNECT a.example:443 HTTP/1.1\r\n${`X-Long: ${'y'.repeat(1000)}\r\n`.repeat(20)}`);
  expect(String(await client.rest())).toMatch(/^HTTP\/1\.1 431 /);
  expect(tunnel.remote.seen('opened')).toEqual([]);
});

it.each(['GET http://a.ex', 'CONNECT a.example:443 HTTP/1.1\r\nHost: a.ex'])(
  'a head that stops after %j is answered with 408 by the local',
  async (words) => {
    const tunnel = await startTunnel({ local: { timeouts: { handshakeMs: 200 } } });
    const client = await connect(tunnel.local.port);
    void client.send(words);
    expect(String(await client.rest())).toMatch(/^HTTP\/1\.1 408 /);
    expect(tunnel.remote.seen('opened')).toEqual([]);
  },
);

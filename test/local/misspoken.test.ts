import { expect, it } from 'vitest';
import { hearMisspoken } from '../../local/misspoken.js';
import { ProtocolError } from '../../shared/errors.js';
import type { HandshakeDriver } from '../../shared/net/drive.js';
import { ForeignGreeting } from '../../shared/proxy/socks5.js';

const noDriver = undefined as unknown as HandshakeDriver;

/** What is told of clients that fail so, one after the other, at the given times. */
async function told(clients: readonly (readonly [ms: number, failure: Error])[]): Promise<string[]> {
  const heard: string[] = [];
  let at = 0;
  let failure = new Error();
  const inbound = hearMisspoken(
    () => Promise.reject(failure),
    () => at,
    (protocol) => heard.push(protocol),
  );
  for (const client of clients) {
    [at, failure] = client;
    // Whatever is told, the client is closed for the same reason as ever.
    await expect(inbound(noDriver)).rejects.toBe(failure);
  }
  return heard;
}

const greeting = (first: string): Error => new ForeignGreeting(first.charCodeAt(0));

it.each([
  ['GET', 'HTTP'],
  ['CONNECT', 'HTTP'],
  ['\u0004\u0001', 'SOCKS4'],
])('a program that begins with %j is told of as %s', async (text, protocol) => {
  expect(await told([[0, greeting(text)]])).toEqual([protocol]);
});

it('what may be anything is not told of', async () => {
  const broken = new ProtocolError('handshake: expected more bytes, got silence', 'silence');
  expect(
    await told([
      [0, greeting('\u0016')],
      [0, greeting('\u0000')],
      [0, greeting('[')],
      [0, broken],
    ]),
  ).toEqual([]);
});

it('a program that tries again and again is told of once a minute', async () => {
  const times = [0, 1, 59_999, 60_000, 60_001, 119_999, 120_000];
  expect(await told(times.map((at) => [at, greeting('G')] as const))).toHaveLength(3);
});

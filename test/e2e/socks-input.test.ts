import { describe, expect, it, vi } from 'vitest';
import { connect, type Peer } from '../support/peer.js';
import { startEcho } from '../support/targets.js';
import { expectServed, startTunnel, type Tunnel } from '../support/tunnel.js';

function bytes(...pieces: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    pieces.map((piece) =>
      typeof piece === 'string' ? Buffer.from(piece.replaceAll(' ', ''), 'hex') : piece,
    ),
  );
}

const greeting = '05 01 00';
const tail = '00 01 00000000 0000';
const labels = Buffer.from(`${'a'.repeat(63)}.`.repeat(4));
const withCommand = (command: string): Buffer => bytes(greeting, '05', command, '00 01 7f000001 0050');
const withDomain = (name: Uint8Array): Buffer =>
  bytes(greeting, '05 01 00 03', Uint8Array.of(name.length), name, '0050');

/** What a client says, and the exact bytes it is answered before its FIN (RFC 1928 §3, §4, §6). */
const cases: readonly (readonly [name: string, said: Buffer, answered: string])[] = [
  ['a greeting with 0 methods', bytes('05 00'), '05ff'],
  ['a greeting with method 2 only', bytes('05 01 02'), '05ff'],
  ['a greeting with 254 methods, none of them 0', bytes('05 fe', new Uint8Array(254).fill(7)), '05ff'],
  ['SOCKS4 with an unknown command', bytes('04 03 0050 7f000001 00'), '005b 0000 00000000'],
  ['SOCKS4 for 0.0.0.0', bytes('04 01 0050 00000000 00'), '005b 0000 00000000'],
  ['SOCKS4 with a user of 300 bytes', bytes('04 01 0050 7f000001', new Uint8Array(300).fill(0x61)), ''],
  ['version 6', bytes('06 01 00'), ''],
  ['version 0', bytes('00'), ''],
  ['a small letter', bytes(Buffer.from('connect a.example:443 HTTP/1.1\r\n\r\n')), ''],
  ['a TLS hello', bytes('16 03 01 02 00 01 00 01 fc 03 03'), ''],
  ['a request of version 4', bytes(greeting, '04 01 00 01 7f000001 0050'), '0500'],
  ['ATYP 0', bytes(greeting, '05 01 00 00'), `0500 05 08 ${tail}`],
  ['ATYP 2', bytes(greeting, '05 01 00 02 7f000001 0050'), `0500 05 08 ${tail}`],
  ['ATYP 5', bytes(greeting, '05 01 00 05'), `0500 05 08 ${tail}`],
  [
    'ATYP 255 and no end of it',
    bytes(greeting, '05 01 00 ff', new Uint8Array(100_000)),
    `0500 05 08 ${tail}`,
  ],
  ['a domain of length 0', withDomain(new Uint8Array(0)), `0500 05 01 ${tail}`],
  ['a domain of 255 bytes', withDomain(labels.subarray(0, 255)), `0500 05 04 ${tail}`],
  [
    'a domain with a label of 64 bytes',
    withDomain(Buffer.from(`${'a'.repeat(64)}.example`)),
    `0500 05 04 ${tail}`,
  ],
  ['a domain with a NUL', withDomain(Buffer.from('127.0.0.1\0.example.com')), `0500 05 04 ${tail}`],
  ['a domain with a line break', withDomain(Buffer.from('a\r\nb.example')), `0500 05 04 ${tail}`],
  ['a domain beyond ASCII', withDomain(Buffer.from([0x61, 0xff, 0x2e, 0x62])), `0500 05 04 ${tail}`],
  ['port 0', bytes(greeting, '05 01 00 01 7f000001 0000'), `0500 05 01 ${tail}`],
  ['port 0 of a domain', bytes(greeting, '05 01 00 03 01 61 0000'), `0500 05 01 ${tail}`],
  ['UDP ASSOCIATE with --no-udp', withCommand('03'), `0500 05 07 ${tail}`],
  ['command 0', withCommand('00'), `0500 05 07 ${tail}`],
  ['command 4', withCommand('04'), `0500 05 07 ${tail}`],
  ['command 255', withCommand('ff'), `0500 05 07 ${tail}`],
];

/** All of the answer, which ends with a FIN and not with a reset. */
async function expectAnswer(client: Peer, answered: string): Promise<void> {
  const heard = await client.rest();
  expect([heard.toString('hex'), client.ending]).toEqual([answered.replaceAll(' ', ''), 'fin']);
}

/** The next client is served, and the remote has heard of nobody else. */
async function expectUnharmed(tunnel: Tunnel): Promise<void> {
  expect(tunnel.remote.seen('opened')).toEqual([]);
  await expectServed(tunnel, await startEcho());
  expect(tunnel.remote.seen('opened')).toHaveLength(1);
}

describe('the local port', () => {
  it.each(cases)('answers %s with its own words, then ends', async (_name, said, answered) => {
    const tunnel = await startTunnel({ local: { udp: false } });
    const client = await connect(tunnel.local.port);
    void client.send(said);
    await expectAnswer(client, answered);
    await expectUnharmed(tunnel);
  });

  it.each(cases.filter(([, said]) => said.length < 1000))(
    'answers %s the same when it comes byte by byte',
    async (_name, said, answered) => {
      const tunnel = await startTunnel({ local: { udp: false } });
      const client = await connect(tunnel.local.port);
      for (const byte of said) await client.send(Uint8Array.of(byte));
      await expectAnswer(client, answered);
      await expectUnharmed(tunnel);
    },
  );

  it.each([
    ['nothing at all', bytes(), ''],
    ['half a greeting', bytes('05 02 00'), ''],
    ['a greeting', bytes(greeting), '0500'],
    ['half a request', bytes(greeting, '05 01 00 01 7f'), '0500'],
    ['half a domain', bytes(greeting, '05 01 00 03 0a 61 62'), '0500'],
  ])('hears a client out that says %s and ends', async (_name, said, answered) => {
    const tunnel = await startTunnel();
    const client = await connect(tunnel.local.port);
    void client.send(said);
    client.end();
    await expectAnswer(client, answered);
    await expectUnharmed(tunnel);
  });

  it.each([
    ['nothing at all', bytes(), ''],
    ['half a request', bytes(greeting, '05 01 00 01 7f'), '0500'],
  ])('ends a client that says %s and then falls silent', async (_name, said, answered) => {
    const tunnel = await startTunnel({ local: { timeouts: { handshakeMs: 200 } } });
    const client = await connect(tunnel.local.port);
    void client.send(said);
    await expectAnswer(client, answered);
    await expectUnharmed(tunnel);
  });

  it('gives a client that dribbles no more time than one that is silent', async () => {
    const tunnel = await startTunnel({ local: { timeouts: { handshakeMs: 300 } } });
    const client = await connect(tunnel.local.port);
    const dribble = setInterval(() => void client.send('05'), 20);
    void client.send(bytes('05 ff'));
    await expectAnswer(client, '').finally(() => {
      clearInterval(dribble);
    });
    await expectUnharmed(tunnel);
  });

  it('does not mind a client that resets in the middle of its request', async () => {
    const tunnel = await startTunnel();
    for (const said of [bytes(), bytes('05'), bytes(greeting), bytes(greeting, '05 01 00 01 7f')]) {
      const client = await connect(tunnel.local.port);
      await client.send(said);
      client.reset();
    }
    await vi.waitFor(() => {
      expect(tunnel.local.seen('closed')).toHaveLength(4);
    });
    await expectUnharmed(tunnel);
  });

  it('takes 255 methods, a reserved byte that is not 0, and an IP address spelt as a domain', async () => {
    const tunnel = await startTunnel();
    const echo = await startEcho();
    const client = await connect(tunnel.local.port);
    const port = Uint8Array.of(echo.port >>> 8, echo.port & 0xff);
    const methods = Uint8Array.from({ length: 255 }, (_, method) => method);
    void client.send(bytes('05 ff', methods, '05 01 2a 03 09', Buffer.from('127.0.0.1'), port));
    expect((await client.read(6)).toString('hex')).toBe('050005000001');
    await client.read(6);
    void client.send('heard');
    expect((await client.read(5)).toString()).toBe('heard');
  });
});

import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect } from '../support/peer.js';
import { content, digest, type Receipt } from './content.js';
import { startFtpServer } from './ftp.js';
import { startLocal, startRemote } from './halves.js';
import { startSsServer } from './libev.js';
import { startSocksified, type SocksVersion } from './socksify.js';

/** Both wires lead to the same remote. */
const schemes = { raw: 'halflight:', shadowsocks: 'ss:' } as const;
const versions: readonly SocksVersion[] = ['socks_v4', 'socks_v5'];

/** A local in front of a remote that allows what is tried here; its HOST:PORT. */
async function startTunnel(
  wire: keyof typeof schemes,
  flags: readonly string[] = ['--allow-bind'],
): Promise<string> {
  const { uri } = await startRemote(['--allow-private', ...flags]);
  return (await startLocal(uri.replace(/^halflight:/, schemes[wire]))).listen;
}

interface Ran {
  readonly exitCode: number | null;
  readonly output: Receipt;
}

/** Runs curl, which announces to the FTP server the address that the remote waits at. */
async function curl(
  proxy: string,
  version: SocksVersion,
  { words, upload = [] }: { readonly words: readonly string[]; readonly upload?: Iterable<Uint8Array> },
): Promise<Ran> {
  const active = ['curl', '-q', '-sS', '--max-time', '60', '--disable-eprt', '--ftp-port', '-'];
  const program = await startSocksified(proxy, version, [...active, ...words]);
  const sent = pipeline(Readable.from(upload), program.input).catch(() => undefined);
  const output = await digest(program.output as AsyncIterable<Uint8Array>);
  await sent;
  return { exitCode: await program.ended, output };
}

const rows = (Object.keys(schemes) as (keyof typeof schemes)[]).flatMap((wire) =>
  versions.map((version) => ({ wire, version })),
);

describe.each(rows)('an FTP client in active mode by $version over the $wire wire', ({ wire, version }) => {
  it('downloads over a connection that the server has made', async () => {
    const server = await startFtpServer();
    const url = `ftp://127.0.0.1:${server.port}/1000000-7`;
    const { exitCode, output } = await curl(await startTunnel(wire), version, { words: [url] });
    expect([exitCode, output]).toEqual([0, await digest(content(1_000_000, 7))]);
  });

  it('uploads over it as well', async () => {
    const server = await startFtpServer();
    const words = ['-T', '-', `ftp://127.0.0.1:${server.port}/file`];
    const { exitCode } = await curl(await startTunnel(wire), version, {
      words,
      upload: content(1_000_000, 8),
    });
    expect([exitCode, server.uploads]).toEqual([0, [await digest(content(1_000_000, 8))]]);
  });

  it('hears that there is no way when the remote does not allow BIND', async () => {
    const server = await startFtpServer();
    const url = `ftp://127.0.0.1:${server.port}/1000-9`;
    const { exitCode, output } = await curl(await startTunnel(wire, []), version, { words: [url] });
    // CURLE_FTP_PORT_FAILED
    expect([exitCode, output.bytes]).toEqual([30, 0]);
  });
});

it('BIND through Debian’s ss-server, which knows nothing of it, is a command that is not supported', async () => {
  const agreement = { method: 'aes-256-gcm', password: randomBytes(24).toString('base64url') };
  const server = await startSsServer(agreement);
  const account = Buffer.from(`${agreement.method}:${agreement.password}`).toString('base64url');
  const { listen } = await startLocal(`ss://${account}@${server}`);
  const client = await connect(Number(listen.split(':')[1]));
  void client.send(Buffer.from('050100' + '0502000101020304' + '0000', 'hex'));
  expect((await client.rest()).toString('hex')).toBe('0500' + '05070001000000000000');
});

/** Says back every datagram on a port of 127.0.0.1. */
async function startUdpEcho(): Promise<number> {
  const socket = createSocket('udp4');
  socket.on('message', (payload, { port, address }) => {
    socket.send(payload, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => {
    socket.close();
  });
  return socket.address().port;
}

/**
 * Sends each datagram and waits for its echo; writes the lengths, and whether they came back as they were. Nobody but
 * the remote can look up the host it names.
 */
const udpClient = `
import socket, sys
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(10)
there = ('echo.localhost', int(sys.argv[1]))
for length in map(int, sys.argv[2:]):
    payload = bytes(at % 251 for at in range(length))
    client.sendto(payload, there)
    echo, sender = client.recvfrom(65535)
    print(length, echo == payload, sender[0])
`;

describe.each(['raw', 'shadowsocks'] as const)('a UDP client over the %s wire', (wire) => {
  it('has its datagrams carried there and back', async () => {
    const lengths = [1, 2, 512, 1400];
    const words = ['/usr/bin/python3', '-c', udpClient, `${await startUdpEcho()}`, ...lengths.map(String)];
    const program = await startSocksified(await startTunnel(wire), 'socks_v5', words);
    let said = '';
    program.output.setEncoding('utf8').on('data', (text: string) => (said += text));
    expect([await program.ended, said]).toEqual([
      0,
      lengths.map((length) => `${length} True 127.0.0.1\n`).join(''),
    ]);
  });
});

import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startForward } from '../../forward/forward.js';
import { readService } from '../../shared/config/service-address.js';
import { Disk } from '../../shared/hooks/dumper/disk.js';
import { endsOf } from '../../shared/hooks/dumper/ends.js';
import { fileHead } from '../../shared/hooks/dumper/pcapng.js';
import { TcpRecording } from '../../shared/hooks/dumper/tcp-recording.js';
import { Volume } from '../../shared/hooks/dumper/volume.js';
import { systemEnvironment } from '../../shared/net/system.js';
import { temporaryDirectory } from '../support/directory.js';
import { facts, recite, startDump } from '../support/dump.js';
import { expectSound, followed, tshark } from './tshark.js';

/** Bytes without a pattern, the same ones each time. */
function body(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0, state = 1; at < length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = state >>> 16;
  }
  return bytes;
}

/** Listens on `host`, takes all that one client says, and then answers; brings its port. */
async function startTarget(host: string, answer: Buffer): Promise<number> {
  const listener = createServer({ allowHalfOpen: true }, (client: Socket) => {
    client.on('error', () => undefined);
    client.resume().on('end', () => client.end(answer));
  });
  listener.listen(0, host);
  await once(listener, 'listening');
  onTestFinished(() => void listener.close());
  return (listener.address() as AddressInfo).port;
}

describe('tshark reads what the dumper writes', () => {
  const sizes = [0, 1, 65_536, 5_000_000];
  test.each(['127.0.0.1', '::1'].flatMap((host) => sizes.map((size) => [host, size] as const)))(
    'an HTTP conversation over %s with bodies of %i bytes, to the exact bytes',
    async (host, size) => {
      const directory = temporaryDirectory();
      const sent = body(size);
      const request = Buffer.concat([
        Buffer.from(
          `POST /up HTTP/1.1\r\nHost: target\r\nContent-Type: a/b\r\nContent-Length: ${size}\r\n\r\n`,
        ),
        sent,
      ]);
      const answer = Buffer.concat([
        Buffer.from(`HTTP/1.1 200 OK\r\nContent-Type: c/d\r\nContent-Length: ${size}\r\n\r\n`),
        sent.toReversed(),
      ]);
      const port = await startTarget(host, answer);
      const service = await startForward(
        {
          forwards: [{ from: { host, port: 0 }, to: { host, port }, transport: 'tcp' }],
          hooks: [
            {
              kind: 'dumper',
              settings: {
                directory,
                formats: ['pcapng'],
                targets: [],
                fileBytes: 0,
                files: 0,
                secrets: false,
              },
            },
          ],
        },
        systemEnvironment,
        () => undefined,
      );
      onTestFinished(() => service.stop(0));
      const client = connect(readService(service.listen).port, host);
      client.end(request);
      expect((await buffer(client)).equals(answer)).toBe(true);
      await service.stop(10_000);

      const [name = ''] = readdirSync(directory);
      const path = join(directory, name);
      const both = await followed(path, host === '::1');
      expect(both.up.equals(request)).toBe(true);
      expect(both.down.equals(answer)).toBe(true);
      await expectSound(path);
      // The target has a port of its own each time.
      const decode = ['-d', `tcp.port==${port},http`];
      const fields = ['http.request.uri', 'http.response.code', 'http.content_length'].flatMap((field) => [
        '-e',
        field,
      ]);
      expect(await tshark(path, ...decode, '-Y', 'http', '-T', 'fields', ...fields)).toMatch(
        new RegExp(`^/up\\t\\t${size}\\n(/up)?\\t200\\t${size}\\n$`),
      );
      if (size === 0) return;
      const objects = mkdtempSync(join(temporaryDirectory(), 'objects-'));
      await tshark(path, ...decode, '-q', '--export-objects', `http,${objects}`);
      const exported = readdirSync(objects).map((each) => readFileSync(join(objects, each)));
      expect(exported.map((each) => each.equals(sent) || each.equals(sent.toReversed()))).toEqual([
        true,
        true,
      ]);
    },
    60_000,
  );

  test('a conversation of many files, each by itself', async () => {
    const dump = await startDump({ formats: ['pcapng'], fileBytes: 100_000 });
    const pieces = [body(150_000), body(40_000), body(100)];
    recite(
      dump,
      pieces.flatMap((piece) => [['up', piece] as const, ['down', piece] as const]),
    );
    await dump.stop();
    const followedAll = [];
    const stem = '20261121T003509.123Z-12-example.com_80';
    const names = [
      `${stem}.pcapng`,
      ...dump
        .files()
        .slice(0, -1)
        .map((_, index) => `${stem}.${index + 2}.pcapng`),
    ];
    expect([...names].sort()).toEqual([...dump.files()].sort());
    expect(names.length).toBeGreaterThan(3);
    for (const name of names) {
      expect(dump.read(name).length).toBeLessThanOrEqual(100_000);
      await expectSound(join(dump.directory, name));
      followedAll.push(
        await tshark(join(dump.directory, name), '-T', 'fields', '-e', 'ip.src', '-e', 'tcp.payload'),
      );
    }
    const up = followedAll.join('').matchAll(/^127\.0\.0\.1\t(.+)$/gm);
    expect(
      Buffer.from(Array.from(up, ([, hex = '']) => hex).join(''), 'hex').equals(Buffer.concat(pieces)),
    ).toBe(true);
  });

  test('a conversation whose sequence numbers begin anew, as they do after 4 GiB', async () => {
    const directory = temporaryDirectory();
    const disk = new Disk({ directory, files: 0, warn: expect.unreachable });
    const ends = endsOf(facts);
    const volume = new Volume(disk, {
      stem: 'long',
      suffix: '.pcapng',
      head: fileHead('', ends.names),
      cut: Buffer.alloc(0),
      fileBytes: 0,
    });
    const time = facts.openedAt * 1000;
    const recording = new TcpRecording(volume, {
      ends,
      headline: '',
      opened: time,
      time,
      sequence: 2 ** 32 - 50_000,
    });
    const bytes = body(200_000);
    for (const direction of ['up', 'down'] as const) recording.piece(direction, bytes, time);
    for (const direction of ['up', 'down'] as const) recording.ended(direction, time);
    recording.finish();
    await disk.settled();
    const path = join(directory, 'long.pcapng');
    const both = await followed(path);
    expect(both.up.equals(bytes)).toBe(true);
    expect(both.down.equals(bytes)).toBe(true);
    await expectSound(path);
  });

  test('a conversation that was reset', async () => {
    const dump = await startDump({ formats: ['pcapng'] });
    const conversation = dump.converse();
    conversation.say('up', 'ping');
    conversation.say('down', 'po');
    conversation.close({ by: 'target', why: 'ECONNRESET' });
    await dump.stop();
    const path = dump.only('.pcapng');
    const lines = (await tshark(path, '-T', 'fields', '-e', 'tcp.flags.str', '-e', 'frame.comment'))
      .trim()
      .split('\n');
    expect(lines[0]).toContain('forward 12: 127.0.0.1:50000 → example.com:80');
    expect(lines.at(-1)).toMatch(/A.*R.*ECONNRESET, by target/);
    expect(await followed(path)).toEqual({ up: Buffer.from('ping'), down: Buffer.from('po') });
  });

  test.each([
    ['192.0.2.7', /^192\.0\.2\.7\t(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+\texample\.com$/m, 'ip'],
    ['2001:db8::7', /^2001:db8::7\t2001:db8:[0-9a-f:]+\texample\.com$/m, 'ipv6'],
  ])('the name of a target that has no address here, for a client at %s', async (host, line, layer) => {
    const dump = await startDump({ formats: ['pcapng'] });
    recite(dump, [['up', 'ping']], { client: { local: { host, port: 1 }, remote: { host, port: 50_000 } } });
    await dump.stop();
    const fields = ['src', 'dst', 'dst_host'].flatMap((field) => ['-e', `${layer}.${field}`]);
    expect(await tshark(dump.only('.pcapng'), '-N', 'n', '-c', '1', '-T', 'fields', ...fields)).toMatch(line);
    await expectSound(dump.only('.pcapng'));
  });

  test('a client with IPv4 and a target with IPv6', async () => {
    const dump = await startDump({ formats: ['pcapng'] });
    recite(
      dump,
      [
        ['up', 'ping'],
        ['down', 'pong'],
      ],
      { target: { host: '2001:db8::7', port: 80 } },
    );
    await dump.stop();
    const fields = ['-T', 'fields', '-e', 'ipv6.src', '-e', 'ipv6.dst'];
    expect(await tshark(dump.only('.pcapng'), '-c', '1', ...fields)).toBe('::ffff:127.0.0.1\t2001:db8::7\n');
    await expectSound(dump.only('.pcapng'));
  });

  test('a datagram that a filter has made larger than any', async () => {
    const dump = await startDump({ formats: ['pcapng'] });
    recite(dump, [['up', Buffer.alloc(70_000)]], { transport: 'udp' });
    await dump.stop();
    expect(await tshark(dump.only('.pcapng'), '-T', 'fields', '-e', 'udp.length')).toBe('65515\n');
    await expectSound(dump.only('.pcapng'));
  });

  test('datagrams of DNS', async () => {
    const dump = await startDump({ formats: ['pcapng'] });
    const name = Buffer.from('\x07example\x03com\0\0\x01\0\x01', 'latin1');
    const question = Buffer.concat([Buffer.from('123401000001000000000000', 'hex'), name]);
    const reply = Buffer.concat([
      Buffer.from('123481800001000100000000', 'hex'),
      name,
      Buffer.from('c00c000100010000003c0004c0000263', 'hex'),
    ]);
    recite(
      dump,
      [
        ['up', question],
        ['down', reply],
      ],
      { transport: 'udp', target: { host: '192.0.2.53', port: 53 } },
    );
    await dump.stop();
    const path = dump.only('.pcapng');
    expect(await tshark(path, '-Y', 'dns', '-T', 'fields', '-e', 'dns.qry.name', '-e', 'dns.a')).toBe(
      'example.com\t\nexample.com\t192.0.2.99\n',
    );
    await expectSound(path);
  });
});

import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { runDumpCat } from '../../cli/dump.js';
import { ConfigError } from '../../shared/errors.js';
import type { DumpFormat } from '../../shared/hooks/dumper/settings.js';
import type { ConnectionFacts } from '../../shared/observe/connection.js';
import { temporaryDirectory } from '../support/directory.js';
import { recite, type Said, startDump } from '../support/dump.js';

const binary = Buffer.from(Array.from({ length: 700 }, (_, index) => (index * 7) % 256));
const said: Said = [
  ['up', 'GET / HTTP/1.1\r\nHost: example.com\r\n\r\n'],
  ['down', 'HTTP/1.1 200 OK\r\n\r\n'],
  ['down', binary],
  ['down', Buffer.alloc(100_000, 'the same line\n')],
  // A character in two pieces, and one that is never finished.
  ['up', Buffer.from('grün').subarray(0, 3)],
  ['up', Buffer.from('grün').subarray(3)],
  ['down', Buffer.of(0x61, 0xe2, 0x82)],
  ['up', 'a\u001b[31mred\u202e\rb'],
];

async function dumped(changed?: Partial<ConnectionFacts>, formats?: readonly DumpFormat[]) {
  const dump = await startDump({ formats: formats ?? ['text', 'pcapng'] });
  recite(dump, said, changed);
  await dump.stop();
  return dump;
}

async function cat(path: string, extract?: 'up' | 'down'): Promise<Buffer> {
  const output = join(temporaryDirectory(), 'out');
  await runDumpCat(path, { output, ...(extract && { extract }) });
  return readFileSync(output);
}

describe('halflight dump cat', () => {
  test.each(['tcp', 'udp'] as const)(
    'prints of packets what the text of a %s conversation says',
    async (transport) => {
      const small = said.filter(([, bytes]) => bytes.length < 60_000);
      const dump = await startDump();
      recite(dump, transport === 'udp' ? small : said, { transport });
      await dump.stop();
      expect((await cat(dump.only('.pcapng'))).toString()).toBe(readFileSync(dump.only('.txt'), 'utf8'));
    },
  );

  test.each(['up', 'down'] as const)('extracts the bytes of %s as they were', async (direction) => {
    const dump = await dumped();
    const bytes = said.filter(([each]) => each === direction).map(([, each]) => Buffer.from(each));
    expect(await cat(dump.only('.pcapng'), direction)).toEqual(Buffer.concat(bytes));
  });

  test('says why a conversation broke', async () => {
    const dump = await startDump();
    const conversation = dump.converse();
    conversation.say('up', 'ping');
    conversation.close({ by: 'target', why: 'ECONNRESET' });
    await dump.stop();
    const text = readFileSync(dump.only('.txt'), 'utf8');
    expect(text).toMatch(/^\S+ ← broken: ECONNRESET, by target\n$/m);
    expect((await cat(dump.only('.pcapng'))).toString()).toBe(text);
  });

  test('a new file is for its owner alone, and none is replaced', async () => {
    const dump = await dumped();
    const output = join(temporaryDirectory(), 'out');
    await runDumpCat(dump.only('.pcapng'), { output });
    expect(statSync(output).mode & 0o777).toBe(0o600);
    await expect(runDumpCat(dump.only('.pcapng'), { output })).rejects.toThrow(
      `output file ${output}: expected a new file, got one that is there`,
    );
  });

  test('what comes before a break is printed, and the break is told', async () => {
    const dump = await dumped();
    const path = join(temporaryDirectory(), 'cut.pcapng');
    writeFileSync(path, readFileSync(dump.only('.pcapng')).subarray(0, -5));
    const output = join(temporaryDirectory(), 'out');
    await expect(runDumpCat(path, { output })).rejects.toThrow('got one in the middle of a block');
    expect(readFileSync(output, 'utf8')).toContain('Host: example.com');
  });

  test('a reader that goes away ends it without a word', async () => {
    const dump = await dumped();
    const write = vi.spyOn(process.stdout, 'write').mockImplementation((...words: readonly unknown[]) => {
      const told = words.at(-1) as (error: Error) => void;
      told(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      return false;
    });
    await runDumpCat(dump.only('.pcapng'), {}).finally(() => {
      write.mockRestore();
    });
  });

  test.each([
    ['nothing', '', 'an empty file'],
    ['text', 'hello, this is a file', 'something else'],
    ['the other form of a dump', '# forward 1: a → b\n', 'the text of a dump'],
    ['a pcap file', Buffer.from('d4c3b2a102000400', 'hex'), 'a pcap file'],
    ['a compressed file', Buffer.from('1f8b0800', 'hex'), 'a gzip file'],
    [
      'a capture in the other byte order',
      Buffer.from('0a0d0d0a0000001c1a2b3c4d00010000ffffffffffffffff0000001c', 'hex'),
      'one of another program',
    ],
    [
      'a capture of another program',
      Buffer.from('0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c000000', 'hex'),
      'one of another program',
    ],
  ])('of %s it says what it is not', async (_, content, got) => {
    const path = join(temporaryDirectory(), 'file');
    writeFileSync(path, content);
    await expect(cat(path)).rejects.toThrow(ConfigError);
    await expect(cat(path)).rejects.toThrow(`dump ${path}: expected a pcapng file of the dumper, got ${got}`);
  });

  test('a path that leads to no file is told', async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'sub'));
    await expect(cat(join(directory, 'absent'))).rejects.toThrow('expected a file, got none');
    await expect(cat(join(directory, 'sub'))).rejects.toThrow('expected a file, got a directory');
  });
});

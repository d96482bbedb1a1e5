import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { dumperHook } from '../../shared/hooks/dumper/dumper.js';
import { ConfigError } from '../../shared/errors.js';
import { temporaryDirectory } from '../support/directory.js';
import { recite, startDump } from '../support/dump.js';

describe('the files of a dump', () => {
  test('a conversation is one file of each form, which only its owner can read', async () => {
    const dump = await startDump();
    recite(dump, [['up', 'ping']]);
    await dump.stop();
    const stem = '20261121T003509.123Z-12-example.com_80';
    expect(dump.files()).toEqual([`${stem}.pcapng`, `${stem}.txt`]);
    for (const name of dump.files()) expect(statSync(join(dump.directory, name)).mode & 0o777).toBe(0o600);
    expect(dump.warnings).toEqual([]);
  });

  test('each target that one client asks for something has files of its own, which end with it', async () => {
    const dump = await startDump({ formats: ['text'], files: 3 });
    const late = (turn: number): boolean => turn > 16;
    const hosts = Array.from({ length: 20 }, (_, index) => `host${index}`);
    const conversations = hosts.map((host) => {
      const conversation = dump.converse({ target: { host, port: 80 } });
      conversation.say('up', `ask ${host}`);
      conversation.say('down', 'answer');
      conversation.end('down');
      return conversation;
    });
    await vi.waitUntil(() => dump.files().length === 3);
    conversations.at(-1)?.close();
    await dump.stop();
    expect(dump.warnings).toEqual([]);
    const turns = dump.files().map((name) => Number(/-12_(\d+)-host\d+_80\.txt$/.exec(name)?.[1]));
    expect(turns).toHaveLength(3);
    // Two are written at the same time, and either may be whole before the other.
    expect(turns.toSorted((a, b) => a - b)).toEqual([expect.toSatisfy(late), expect.toSatisfy(late), 20]);
    for (const name of dump.files()) expect(dump.read(name).toString()).toMatch(/ask host.*← end.*→ end\n$/s);
  });

  test('of one connection an end by a break is told of all conversations that are open', async () => {
    const dump = await startDump({ formats: ['text'] });
    const [first, second] = [dump.converse(), dump.converse()];
    first.say('up', 'one');
    second.say('up', 'two');
    first.close({ why: 'ECONNRESET' });
    await dump.stop();
    expect(dump.files()).toHaveLength(2);
    for (const name of dump.files()) expect(dump.read(name).toString()).toContain('broken: ECONNRESET');
  });

  test.each([
    '../../etc/passwd',
    '\u001b[2J',
    'a\0b',
    '.',
    'ü'.repeat(200),
    'x'.repeat(255),
    '/run/a b.sock',
    '',
  ])('a target named %j makes a name of harmless characters', async (host) => {
    const dump = await startDump({ formats: ['text'] });
    recite(dump, [['up', 'ping']], { target: { host, port: 80 } });
    await dump.stop();
    expect(dump.files()).toEqual([expect.stringMatching(/^20261121T003509\.123Z-12-[\w.-]{3,120}\.txt$/)]);
  });

  test('a file that is there already is left alone', async () => {
    const dump = await startDump({ formats: ['text'] });
    const stem = '20261121T003509.123Z-12-example.com_80';
    writeFileSync(join(dump.directory, `${stem}.txt`), 'mine');
    recite(dump, [['up', 'ping']]);
    await dump.stop();
    expect(dump.files()).toEqual([`${stem}.txt`, `${stem}~2.txt`]);
    expect(dump.read(`${stem}.txt`).toString()).toBe('mine');
    expect(dump.read(`${stem}~2.txt`).toString()).toContain('ping');
  });

  test.each([
    [
      'is missing',
      (place: string) => join(place, 'absent'),
      /expected a directory that is there, got ENOENT$/,
    ],
    ['is a file', (place: string) => fileIn(place), /expected a directory, got something else$/],
    ['is in a file', (place: string) => join(fileIn(place), 'x'), /can be written to, got ENOTDIR$/],
  ])('a directory that %s is refused before anything is dumped', async (_, where, message) => {
    const started = dumperHook(
      {
        directory: where(temporaryDirectory()),
        formats: ['text'],
        targets: [],
        fileBytes: 0,
        files: 0,
        secrets: false,
      },
      () => undefined,
    );
    await expect(started).rejects.toThrow(ConfigError);
    await expect(started).rejects.toThrow(message);
  });

  test('only the targets that were named are dumped', async () => {
    const dump = await startDump({
      formats: ['text'],
      targets: [{ host: 'Example.com' }, { port: 25 }, { host: '::1', port: 53 }],
    });
    const targets = ['example.com:80', 'example.org:25', 'example.org:80', '::1:53', '::1:54'];
    for (const [id, text] of targets.entries()) {
      const at = text.lastIndexOf(':');
      recite(dump, [['up', 'ping']], {
        id,
        target: { host: text.slice(0, at), port: Number(text.slice(at + 1)) },
      });
    }
    await dump.stop();
    expect(dump.files().map((name) => name.split('-')[1])).toEqual(['0', '1', '3']);
  });
});

function fileIn(place: string): string {
  const path = join(place, 'file');
  writeFileSync(path, '');
  return path;
}

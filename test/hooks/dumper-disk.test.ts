import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { temporaryDirectory } from '../support/directory.js';
import { recite, startDump } from '../support/dump.js';
import { PcapngReader } from '../../shared/hooks/dumper/pcapng-reader.js';
import { Replay } from '../../shared/hooks/dumper/replay.js';
import { TextForm } from '../../shared/hooks/dumper/text-recording.js';

describe('a dump that cannot be written', () => {
  test('is told once, the traffic goes on, and later conversations are dumped again', async () => {
    const directory = join(temporaryDirectory(), 'dumps');
    mkdirSync(directory);
    const dump = await startDump({ directory });
    rmSync(directory, { recursive: true });
    recite(dump, [['up', 'lost']], { id: 1 });
    recite(dump, [['up', 'lost']], { id: 2 });
    await dump.stop();
    expect(dump.warnings).toEqual([
      expect.stringMatching(
        /^dump \S+-1-example\.com_80\.\w+: expected to write to it, got ENOENT; it ends here/,
      ),
      'dump: expected every file to be whole, got 3 more that ended early',
    ]);
    mkdirSync(directory);
    recite(dump, [['up', 'kept']], { id: 3 });
    await dump.stop();
    expect(dump.files().map((name) => name.split('-')[1])).toEqual(['3', '3']);
    expect(dump.warnings).toHaveLength(2);
  });

  test('keeps what it has when its directory goes away under it', async () => {
    const directory = join(temporaryDirectory(), 'dumps');
    mkdirSync(directory);
    const dump = await startDump({ directory, formats: ['text'] }, { limits: { delayMs: 0 } });
    const conversation = dump.converse();
    conversation.say('up', 'one');
    await vi.waitUntil(() => readdirSync(directory).length > 0);
    renameSync(directory, `${directory}-moved`);
    conversation.say('up', 'two');
    conversation.close();
    await dump.stop();
    expect(dump.warnings).toEqual([
      expect.stringContaining('expected to write to it, got ENOENT; it ends here'),
    ]);
    expect(readdirSync(`${directory}-moved`)).toHaveLength(1);
  });

  test('on a disk that is slower than the traffic ends with a word, and holds no more than it may', async () => {
    const dump = await startDump({ formats: ['pcapng'] }, { limits: { fileWaiting: 100_000 } });
    const conversation = dump.converse();
    // Nothing can be written before this turn is over.
    for (let count = 0; count < 50; count++) conversation.say('down', Buffer.alloc(10_000));
    conversation.close();
    recite(dump, [['up', 'kept']], { id: 13 });
    await dump.stop();
    expect(dump.warnings).toEqual([
      expect.stringMatching(/expected a disk that keeps up, got 1 MiB that wait; it ends here/),
    ]);
    expect(dump.files().map((name) => name.split('-')[1])).toEqual(['13']);
  });

  test.each(['text', 'pcapng'] as const)(
    'says so at the end of a %s file that ends there',
    async (format) => {
      const dump = await startDump({ formats: [format] }, { limits: { fileWaiting: 100_000, delayMs: 0 } });
      const conversation = dump.converse();
      conversation.say('down', 'written');
      await vi.waitUntil(() => dump.files().length > 0 && dump.read(dump.files()[0] ?? '').length > 0);
      for (let count = 0; count < 50; count++) conversation.say('down', Buffer.alloc(10_000, 'x'));
      conversation.close();
      await dump.stop();
      expect(dump.warnings).toHaveLength(1);
      let text = '';
      const form = new TextForm((part) => (text += part));
      const replay = new Replay(form);
      const reader = new PcapngReader('it', replay);
      const bytes = dump.read(dump.files()[0] ?? '');
      if (format === 'pcapng') {
        reader.read(bytes);
        replay.end();
        reader.end();
      } else text = bytes.toString();
      expect(text).toMatch(
        / {2}written\n(.*x\n)?\n?# the dump ends here, for the disk is too slow; [^\n]+\n$/s,
      );
    },
  );

  test('of all conversations no more waits than may', async () => {
    const dump = await startDump({ formats: ['pcapng'] }, { limits: { allWaiting: 100_000 } });
    for (let id = 0; id < 50; id++) recite(dump, [['down', Buffer.alloc(10_000)]], { id });
    await dump.stop();
    expect(dump.files().length).toBeLessThan(10);
    expect(dump.files().length).toBeGreaterThan(5);
    recite(dump, [['up', 'kept']], { id: 99 });
    await dump.stop();
    expect(dump.files().some((name) => name.includes('-99-'))).toBe(true);
  });
});

describe('the room that dumps take', () => {
  test('the oldest finished files go for new ones', async () => {
    const dump = await startDump({ formats: ['text'], files: 3 });
    const open = dump.converse({ id: 0 });
    open.say('up', 'still open');
    for (let id = 1; id < 10; id++) {
      recite(dump, [['up', 'ping']], { id });
      // Its file is finished, and so the first to go.
      await setImmediate();
    }
    open.say('up', 'to the end');
    open.close();
    await dump.stop();
    const left = dump.files().map((name) => Number(name.split('-')[1]));
    expect(left).toHaveLength(3);
    expect(left).toContain(0);
    expect(left).toContain(9);
  });

  test.each(['text', 'pcapng'] as const)(
    'no %s file becomes larger than it may, and none of it is lost',
    async (format) => {
      const dump = await startDump({ formats: [format], fileBytes: 2000 });
      const text = Array.from({ length: 500 }, (_, index) => `line ${index} grün\n`).join('');
      recite(dump, [
        ['up', text],
        ['down', text],
      ]);
      await dump.stop();
      const files = [...dump.files()].sort((one, other) => partOf(one) - partOf(other));
      expect(files.length).toBeGreaterThan(5);
      for (const name of files) expect(statSync(join(dump.directory, name)).size).toBeLessThanOrEqual(2000);
      if (format === 'pcapng') return;
      const heads = files.map((name) => dump.read(name).toString().split('\n')[0]);
      expect(new Set(heads).size).toBe(1);
      const all = files
        .map((name) =>
          dump
            .read(name)
            .toString()
            .slice(`${heads[0] ?? ''}\n`.length),
        )
        .join('');
      expect(all.match(/^ {2}line \d+ grün$/gm)).toHaveLength(1000);
    },
  );

  test('ten thousand conversations have few files open at once', async () => {
    const dump = await startDump({ formats: ['pcapng'], files: 100 });
    const before = descriptors();
    let most = 0;
    for (let id = 0; id < 10_000; id++) {
      recite(
        dump,
        [
          ['up', 'ping'],
          ['down', 'pong'],
        ],
        { id },
      );
      if (id % 100 !== 0) continue;
      await setImmediate();
      most = Math.max(most, descriptors());
    }
    await dump.stop();
    expect(most).toBeLessThan(before + 10);
    expect(descriptors()).toBeLessThanOrEqual(before + 1);
    expect(dump.files()).toHaveLength(100);
    expect(dump.warnings).toEqual([]);
  });
});

function partOf(name: string): number {
  return Number(/\.(\d+)\.\w+$/.exec(name)?.[1] ?? 1);
}

function descriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

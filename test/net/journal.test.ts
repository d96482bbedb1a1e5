import {
  mkdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openJournal, type SaltJournal } from '../../shared/net/journal.js';
import { pattern } from '../support/codec.js';
import { temporaryDirectory } from '../support/directory.js';

const key = pattern(32, 5);
const headerSize = 16;

/** The n-th hash of this test; no two are alike. */
function hash(n: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(n, 0);
  bytes.writeUInt32BE(~n >>> 0, 4);
  return bytes;
}

/** Which of our hashes a journal has loaded from either file, in order. */
function numbers({ loaded }: SaltJournal): number[] {
  return [...loaded.previous, ...loaded.current].map(([high]) => high);
}

interface Opened {
  readonly journal: SaltJournal;
  readonly warnings: readonly string[];
}

async function opened(file: string, hashKey = key): Promise<Opened> {
  const warnings: string[] = [];
  const journal = await openJournal(file, hashKey, (detail) => warnings.push(detail));
  return { journal, warnings };
}

/** Writes so many hashes and closes. */
async function written(file: string, from: number, to: number): Promise<void> {
  const { journal, warnings } = await opened(file);
  for (let n = from; n < to; n++) journal.append(hash(n));
  await journal.close();
  expect(warnings).toEqual([]);
}

/** What a new process finds in the files. */
async function found(
  file: string,
): Promise<{ readonly found: number[]; readonly warnings: readonly string[] }> {
  const { journal, warnings } = await opened(file);
  const all = numbers(journal);
  await journal.close();
  return { found: all, warnings };
}

function journalFile(): string {
  return path.join(temporaryDirectory(), 'state', 'salts');
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a salt journal', () => {
  it('begins empty, in a directory and a file that nobody else can read', async () => {
    const file = journalFile();
    expect(await found(file)).toEqual({ found: [], warnings: [] });
    expect(statSync(file).size).toBe(headerSize);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(path.dirname(file)).mode & 0o777).toBe(0o700);
  });

  it('brings back what was appended, in order, after every restart', async () => {
    const file = journalFile();
    await written(file, 0, 500);
    await written(file, 500, 510);
    expect(await found(file)).toEqual({ found: Array.from({ length: 510 }, (_, n) => n), warnings: [] });
  });

  it('keeps a hash that its owner changes after appending it', async () => {
    const file = journalFile();
    const { journal } = await opened(file);
    const lent = Buffer.from(hash(7));
    journal.append(lent);
    lent.fill(0xee);
    await journal.close();
    expect((await found(file)).found).toEqual([7]);
  });

  it('can be read once', async () => {
    const file = journalFile();
    await written(file, 0, 3);
    const { journal } = await opened(file);
    expect([numbers(journal), numbers(journal)]).toEqual([[0, 1, 2], []]);
    await journal.close();
  });

  it('keeps the generation before, and only that', async () => {
    const file = journalFile();
    const { journal } = await opened(file);
    for (const n of [1, 2, 3]) {
      journal.append(hash(n));
      await vi.waitUntil(() => statSync(file).size === headerSize + 8);
      if (n < 3) journal.turn();
      await vi.waitUntil(() => n === 3 || statSync(file, { throwIfNoEntry: false })?.size === headerSize);
    }
    await journal.close();
    const { journal: again } = await opened(file);
    expect([...again.loaded.previous].map(([high]) => high)).toEqual([2]);
    expect([...again.loaded.current].map(([high]) => high)).toEqual([3]);
    await again.close();
    expect(statSync(`${file}.1`).mode & 0o777).toBe(0o600);
  });
});

describe('a salt journal that was cut off', () => {
  it.each(Array.from({ length: 8 }, (_, cut) => cut + 1))(
    '%i bytes before its end loses its last record only, and goes on in step',
    async (cut) => {
      const file = journalFile();
      await written(file, 0, 3);
      truncateSync(file, headerSize + 3 * 8 - cut);
      await written(file, 10, 12);
      expect(await found(file)).toEqual({ found: [0, 1, 10, 11], warnings: [] });
    },
  );

  it('within its header is begun anew, with a warning unless nothing had been written', async () => {
    for (const size of [0, 1, headerSize - 1]) {
      const file = journalFile();
      await written(file, 0, 3);
      truncateSync(file, size);
      const { journal, warnings } = await opened(file);
      expect([size, numbers(journal), warnings.length]).toEqual([size, [], size === 0 ? 0 : 1]);
      journal.append(hash(9));
      await journal.close();
      expect(await found(file)).toEqual({ found: [9], warnings: [] });
    }
  });
});

describe('a file that is not this journal', () => {
  const strange: readonly (readonly [string, (file: string) => void])[] = [
    [
      'garbage',
      (file) => {
        writeFileSync(file, pattern(4000));
      },
    ],
    [
      'another version',
      (file) => {
        change(file, (bytes) => (bytes[6] = 2));
      },
    ],
    [
      'a damaged check',
      (file) => {
        change(file, (bytes) => (bytes[15] = ~(bytes[15] ?? 0)));
      },
    ],
    [
      'larger than any journal',
      (file) => {
        truncateSync(file, headerSize + 8 * 1_100_001);
      },
    ],
  ];

  it.each(strange)('(%s) is begun anew, with one warning', async (_what, spoil) => {
    const file = journalFile();
    await written(file, 0, 3);
    spoil(file);
    const { journal, warnings } = await opened(file);
    expect(numbers(journal)).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('expected a journal of this key, got something else')]);
    journal.append(hash(9));
    await journal.close();
    expect(await found(file)).toEqual({ found: [9], warnings: [] });
    expect(statSync(file).size).toBe(headerSize + 8);
  });

  it('(another key’s) is begun anew, with one warning', async () => {
    const file = journalFile();
    await written(file, 0, 3);
    const { journal, warnings } = await opened(file, pattern(32, 6));
    expect([numbers(journal), warnings.length]).toEqual([[], 1]);
    await journal.close();
    expect(await found(file)).toMatchObject({ found: [] });
  });

  it('(a symbolic link) is neither followed nor written', async () => {
    const file = journalFile();
    await written(file, 0, 1);
    const victim = path.join(path.dirname(file), 'victim');
    writeFileSync(victim, 'precious');
    await rm(file);
    symlinkSync(victim, file);
    const warnings: string[] = [];
    await expect(openJournal(file, key, (detail) => warnings.push(detail))).rejects.toMatchObject({
      code: 'ELOOP',
    });
    expect(warnings).toEqual([expect.stringContaining('cannot be read (ELOOP)')]);
    expect(readFileSync(victim, 'utf8')).toBe('precious');
  });

  it('(a directory, or below a file) cannot be opened', async () => {
    const directory = temporaryDirectory();
    await expect(openJournal(directory, key, () => undefined)).rejects.toMatchObject({ code: 'EISDIR' });
    const file = path.join(directory, 'file');
    writeFileSync(file, '');
    await expect(openJournal(path.join(file, 'salts'), key, () => undefined)).rejects.toThrow();
  });
});

function change(file: string, how: (bytes: Buffer) => unknown): void {
  const bytes = readFileSync(file);
  how(bytes);
  writeFileSync(file, bytes);
}

describe('a salt journal that can no longer be written', () => {
  it('on a full disk warns once a minute, throws nothing, and goes on when there is room', async () => {
    const file = journalFile();
    const probe = await open('/dev/null');
    const handles = Object.getPrototypeOf(probe) as { appendFile: () => Promise<void> };
    await probe.close();
    const { journal, warnings } = await opened(file);
    const full = vi
      .spyOn(handles, 'appendFile')
      .mockRejectedValue(Object.assign(new Error('no space'), { code: 'ENOSPC' }));
    const clock = vi.spyOn(performance, 'now').mockReturnValue(1_000_000);
    const tries = async (n: number): Promise<void> => {
      journal.append(hash(n));
      await vi.waitUntil(() => full.mock.calls.length === n);
    };
    await tries(1);
    await tries(2);
    clock.mockReturnValue(1_059_999);
    await tries(3);
    expect(warnings).toEqual([expect.stringContaining('cannot be written (ENOSPC)')]);
    clock.mockReturnValue(1_060_000);
    await tries(4);
    expect(warnings).toHaveLength(2);
    full.mockRestore();
    journal.append(hash(5));
    await journal.close();
    expect((await found(file)).found).toEqual([5]);
  });

  it('drops the record that was cut when the disk was full, so that later ones can be read', async () => {
    const file = journalFile();
    const probe = await open('/dev/null');
    const handles = Object.getPrototypeOf(probe) as typeof probe;
    await probe.close();
    const { journal } = await opened(file);
    const cut = vi.spyOn(handles, 'appendFile').mockImplementationOnce(async function (this: FileHandle) {
      await this.write(hash(1).subarray(0, 5));
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    });
    journal.append(hash(1));
    await vi.waitUntil(() => cut.mock.calls.length === 1);
    journal.append(hash(2));
    journal.append(hash(3));
    await journal.close();
    expect((await found(file)).found).toEqual([2, 3]);
  });

  it('where a turn fails goes on in the old file', async () => {
    const file = journalFile();
    const { journal, warnings } = await opened(file);
    mkdirSync(`${file}.1`);
    journal.append(hash(1));
    journal.turn();
    await vi.waitUntil(() => warnings.length > 0);
    journal.append(hash(2));
    await journal.close();
    expect(warnings).toEqual([expect.stringContaining('cannot be written (EISDIR)')]);
    rmdirSync(`${file}.1`);
    expect(await found(file)).toEqual({ found: [1, 2], warnings: [] });
  });

  it('because its directory is gone warns at the next turn, and still closes', async () => {
    const file = journalFile();
    const { journal, warnings } = await opened(file);
    await rm(path.dirname(file), { recursive: true });
    journal.append(hash(1));
    journal.turn();
    journal.append(hash(2));
    await journal.close();
    expect(warnings).toEqual([expect.stringContaining('cannot be written (ENOENT)')]);
  });
});

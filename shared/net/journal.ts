import { createHmac } from 'node:crypto';
import { constants } from 'node:fs';
import { open, realpath, rename } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { codeOf, ConfigError, messageOf } from '../errors.js';
import { countStanding } from './descriptors.js';
import { makeDirectory } from './make-directory.js';

/**
 * The journal of used salts: a file of 8-byte keyed hashes behind a 16-byte header.
 *
 *   'hlsalts' version(1)=1 | check(8): keyed hash of the magic | hash(8)*
 *
 * It is appended to as salts are used, so that a killed process loses at most the write under way. The hashes are
 * keyed: whoever reads the file learns no salt, and a file of another key is recognised and left unused.
 */
export interface SaltJournal {
  /** The hashes that the file of each generation held. They can be read once, and are gone then. */
  readonly loaded: { readonly previous: Hashes; readonly current: Hashes };
  /** Writes one 8-byte hash behind the others. Never waits and never throws. */
  append(hash: Uint8Array): void;
  /** The current file becomes the previous one; a new one begins. */
  turn(): void;
  close(): Promise<void>;
}

/** Hashes as two 32-bit halves, oldest first. */
export type Hashes = Iterable<readonly [high: number, low: number]>;

const magic = Buffer.from('hlsalts\x01', 'latin1');
const headerSize = 16;
/** Two generations of a million hashes, and a margin: a file beyond this is not ours. */
const largestFile = headerSize + 8 * 1_100_000;
const warnEveryMs = 60_000;

/** The files that are open in this process, by their real paths. */
const kept = new Set<string>();

/**
 * Opens (or begins) the journal `file` and reads it together with the generation before it, `file`.1. A file that is
 * damaged, too large or another key's is begun anew, with a warning. Rejects when the file cannot be written, and with a
 * ConfigError when it is open in this process already: neither of the two would know what the other one appends.
 */
export async function openJournal(
  file: string,
  hashKey: Uint8Array,
  warn: (detail: string) => void,
): Promise<SaltJournal> {
  const header = Buffer.concat([magic, createHmac('sha256', hashKey).update(magic).digest().subarray(0, 8)]);
  await makeDirectory(path.dirname(file));
  const place = path.join(await realpath(path.dirname(file)), path.basename(file));
  if (kept.has(place)) {
    throw new ConfigError(
      `replay journal ${file}: expected one remote for each key, got another one with this key and directory: ` +
        'give each a key of its own, or stop the other one first',
    );
  }
  kept.add(place);
  const begun = async (): Promise<readonly [SaltJournal['loaded'], FileHandle]> => [
    {
      previous: hashes(await readGeneration(`${file}.1`, header, warn)),
      current: hashes(await readGeneration(file, header, warn)),
    },
    await begin(file, header),
  ];
  const [loaded, first] = await begun().catch((error: unknown) => {
    kept.delete(place);
    throw error;
  });
  let handle = first;
  const standing = countStanding();
  let waiting: Uint8Array[] = [];
  let work: Promise<void> = Promise.resolve();
  let busy = false;
  let torn = false;
  let lastWarning = -Infinity;

  const attempt = async (action: () => Promise<void>): Promise<void> => {
    try {
      await action();
    } catch (error) {
      // A full disk must not stop the traffic; the memory still knows every salt.
      if (performance.now() - lastWarning < warnEveryMs) return;
      lastWarning = performance.now();
      warn(
        `replay journal ${file}: cannot be written (${codeOf(error) ?? messageOf(error)}); a restart will forget these salts`,
      );
    }
  };
  const flush = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = Buffer.concat(waiting);
      waiting = [];
      await attempt(async () => {
        if (torn) await align(handle);
        torn = true;
        await handle.appendFile(batch);
        torn = false;
      });
    }
    busy = false;
  };
  return {
    loaded,
    append(hash) {
      waiting.push(Uint8Array.from(hash));
      if (busy) return;
      busy = true;
      work = work.then(flush);
    },
    turn() {
      work = work.then(() =>
        attempt(async () => {
          await rename(file, `${file}.1`);
          // Only now: as long as there is no new file, the old one goes on.
          const full = handle;
          handle = await begin(file, header);
          await full.close();
        }),
      );
    },
    async close() {
      await work;
      standing.uncount();
      await handle.close().finally(() => kept.delete(place));
    },
  };
}

/** The file, ready to be appended to: with our header, whole records and nothing else. */
async function begin(file: string, header: Buffer): Promise<FileHandle> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_APPEND;
  const handle = await open(file, flags, 0o600);
  try {
    const { size } = await handle.stat();
    const start = Buffer.alloc(headerSize);
    await handle.read(start, 0, headerSize, 0);
    if (size > largestFile || !start.equals(header)) {
      await handle.truncate(0);
      await handle.appendFile(header);
    } else await align(handle);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Drops a record that a kill or a full disk has cut: what follows must stand at a multiple of its size. */
async function align(handle: FileHandle): Promise<void> {
  const { size } = await handle.stat();
  const cut = (size - headerSize) % 8;
  if (cut !== 0) await handle.truncate(size - cut);
}

async function readGeneration(file: string, header: Buffer, warn: (detail: string) => void): Promise<Buffer> {
  try {
    const content = await readBounded(file);
    if (content?.length === 0) return content;
    if (content?.subarray(0, headerSize).equals(header) === true) return content.subarray(headerSize);
    warn(`replay journal ${file}: expected a journal of this key, got something else; it is begun anew`);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT')
      warn(`replay journal ${file}: cannot be read (${codeOf(error) ?? messageOf(error)})`);
  }
  return Buffer.alloc(0);
}

/** The content of a regular file that may be a journal; undefined for anything else. */
async function readBounded(file: string): Promise<Buffer | undefined> {
  // Not to wait for a writer, should it be a pipe.
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = await handle.stat();
    return found.isFile() && found.size <= largestFile ? await handle.readFile() : undefined;
  } finally {
    await handle.close();
  }
}

function* hashes(records: Buffer): Generator<readonly [number, number]> {
  for (let offset = 0; offset + 8 <= records.length; offset += 8) {
    yield [records.readUInt32BE(offset), records.readUInt32BE(offset + 4)];
  }
}

/** `halflight dump cat`: what a dump in packets says, as text or as the bytes of one direction. */
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { OutputError } from '../shared/config/exit.js';
import { pathError } from '../shared/config/private-file.js';
import { codeOf, ConfigError, messageOf } from '../shared/errors.js';
import { PcapngReader } from '../shared/hooks/dumper/pcapng-reader.js';
import { extraction, Replay } from '../shared/hooks/dumper/replay.js';
import { TextForm } from '../shared/hooks/dumper/text-recording.js';
import type { Direction } from '../shared/hooks/hook.js';

export interface DumpCatFlags {
  /** The bytes of this direction instead of the text. */
  readonly extract?: Direction;
  /** A new file to write; stdout by default, and for `-`. */
  readonly output?: string;
}

/**
 * Settles when all has been written, or nobody reads it any more. ConfigError for a file that is no dump in packets, or broken: what
 * comes before the break has been written then. OutputError when the new file cannot be written.
 */
export async function runDumpCat(path: string, flags: DumpCatFlags): Promise<void> {
  const name = `dump ${path}`;
  const source = await opened(name, path);
  try {
    const output = await openOutput(flags.output);
    try {
      await copy(name, source, { ...flags, write: output.write });
    } finally {
      await output.close();
    }
  } finally {
    await source.close();
  }
}

interface Output {
  /** Settles when more may come, with false when nobody wants it. */
  readonly write: (bytes: Buffer) => Promise<boolean>;
  readonly close: () => Promise<void>;
}

async function copy(
  name: string,
  source: FileHandle,
  { extract, write }: DumpCatFlags & Pick<Output, 'write'>,
): Promise<void> {
  let parts: Buffer[] = [];
  const form = new TextForm((text) => parts.push(Buffer.from(text)));
  const replay = new Replay(form);
  const listener =
    extract === undefined ? replay : extraction(extract, (bytes) => parts.push(Buffer.from(bytes)));
  const reader = new PcapngReader(name, listener);
  const passOn = (): Promise<boolean> => {
    const all = Buffer.concat(parts);
    parts = [];
    return all.length === 0 ? Promise.resolve(true) : write(all);
  };
  try {
    const stream = createReadStream('', { fd: source, autoClose: false, highWaterMark: 256 * 1024 });
    for await (const piece of stream as AsyncIterable<Buffer>) {
      reader.read(piece);
      if (!(await passOn())) return;
    }
    replay.end();
    reader.end();
  } catch (error) {
    if (codeOf(error) === 'EISDIR')
      throw new ConfigError(`${name}: expected a file, got a directory`, { cause: error });
    throw error;
  } finally {
    await passOn();
  }
}

async function opened(name: string, path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw pathError(name, error);
    throw new ConfigError(`${name}: expected a file, got none`, { cause: error });
  }
}

async function openOutput(path = '-'): Promise<Output> {
  if (path === '-')
    return { write: (bytes) => writeTo(process.stdout, bytes), close: () => Promise.resolve() };
  const name = `output file ${path}`;
  let file: FileHandle;
  try {
    // What was said in private stays so, and it replaces no file.
    file = await open(path, 'wx', 0o600);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw pathError(name, error);
    throw new ConfigError(`${name}: expected a new file, got one that is there`, { cause: error });
  }
  return {
    write: async (bytes) => {
      try {
        await file.writeFile(bytes);
      } catch (error) {
        const got = codeOf(error) ?? messageOf(error);
        throw new OutputError(`${name}: expected it to take all, got ${got}`, { cause: error });
      }
      return true;
    },
    close: () => file.close(),
  };
}

/** A reader that goes away is nothing wrong. */
function writeTo(stream: Writable, bytes: Buffer): Promise<boolean> {
  if (stream.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    stream.write(bytes, (error) => {
      resolve(error === undefined || error === null);
    });
  });
}

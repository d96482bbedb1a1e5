/**
 * Files with a secret in them. Others must not be able to read one, and a name that leads to a pipe or to something
 * endless must not be followed: whoever names /dev/zero gets an answer too. Files that we may write are at no name that
 * leads elsewhere either.
 */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { codeOf, ConfigError } from '../errors.js';

/** Without O_NONBLOCK, opening a named pipe would wait for a writer for ever. */
const readFlags = constants.O_RDONLY | constants.O_NONBLOCK;

/** Bytes that are always looked for. */
const leastRoom = 4096;

/** What a private file is for. */
export interface PrivateFile {
  /** Its kind and its path, as messages name it: `key file /etc/x`. */
  readonly name: string;
  readonly path: string;
  /** Bytes; a longer one is refused. */
  readonly maxBytes: number;
  /** Whether the path may be a symbolic link, to a file that is judged in its place. */
  readonly links?: 'followed';
}

/** What is in a small file, and who may read it. */
export interface SmallFile {
  readonly bytes: Buffer;
  /** Its permission bits. */
  readonly mode: number;
}

/**
 * The text in a file that only its owner can read, or undefined when there is no file.
 *
 * ConfigError, naming the file: others may read it, it is no regular file, it is too long, its path cannot be used;
 * and when we are root, it is of somebody else.
 * EACCES and EPERM come through as they are.
 */
export async function readPrivateFile(file: PrivateFile): Promise<string | undefined> {
  const bytes = await readPrivateBytes(file);
  return bytes && textOf(bytes);
}

/** The same, as it is in the file. */
export async function readPrivateBytes(file: PrivateFile): Promise<Buffer | undefined> {
  const small = await readSmallFile(file);
  if (small === undefined) return undefined;
  await checkPrivacy(file, small.mode);
  return small.bytes;
}

/** What they say to a reader: some editors begin a file with a byte order mark, and nobody sees it there. */
export function textOf(bytes: Buffer): string {
  return bytes.toString('utf8').replace(/^\ufeff/, '');
}

/**
 * What is in a regular file of at most `maxBytes`, whoever may read it, or undefined when there is no file. Errors as
 * from `readPrivateFile`.
 */
export async function readSmallFile({
  name,
  path,
  maxBytes,
  links,
}: PrivateFile): Promise<SmallFile | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, links === 'followed' ? readFlags : readFlags | constants.O_NOFOLLOW);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    if (codeOf(error) === 'ELOOP') throw unfit(name, 'a regular file', 'a symbolic link');
    throw pathError(name, error);
  }
  try {
    const status = await file.stat();
    if (!status.isFile()) throw unfit(name, 'a regular file', 'something else');
    checkOwner(name, status, links === 'followed' ? await lstat(path) : status);
    // The limit may be far more than there is; what a system makes up as it is read has a size of 0.
    const bytes = await readAll(file, Math.max(status.size, leastRoom) + 1, maxBytes);
    if (bytes.length > maxBytes) throw unfit(name, `at most ${maxBytes} bytes`, 'more');
    return { bytes, mode: status.mode & 0o777 };
  } catch (error) {
    throw pathError(name, error);
  } finally {
    await file.close();
  }
}

/** All that is in a file, or more than `maxBytes` of it. A system may give less than it is asked for, and have more. */
async function readAll(file: FileHandle, room: number, maxBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let length = 0; length <= maxBytes;) {
    const piece = Buffer.alloc(Math.min(room, maxBytes + 1 - length));
    const { bytesRead } = await file.read(piece, 0, piece.length, length);
    if (bytesRead === 0) break;
    pieces.push(piece.subarray(0, bytesRead));
    length += bytesRead;
  }
  return Buffer.concat(pieces);
}

/**
 * Root can read every file: one of somebody else would be a way to have root obey them. Whoever used sudo is obeyed. For
 * others a link in a place that others can write may lead to a file of theirs.
 */
function checkOwner(name: string, file: Stats, link: Stats): void {
  const us = process.geteuid?.();
  const owner = String(file.uid);
  if (us === 0 && !['0', process.env['SUDO_UID']].includes(owner)) {
    throw unfit(name, 'a file of root, who reads it (chown root)', 'one of somebody else');
  }
  if (us === 0 || !link.isSymbolicLink() || [0, us, link.uid].includes(file.uid)) return;
  throw unfit(name, 'a link to a file of its owner, of yours or of root', "one to somebody else's");
}

/** ConfigError when others than its owner may read a file with these permission bits. */
export function checkOwnerOnly(name: string, mode: number): void {
  // Windows has access lists instead of these bits and reports 0666 for every file.
  if (process.platform === 'win32' || (mode & 0o077) === 0) return;
  throw unfit(name, 'mode 0600 (others must not read it: chmod 600)', `mode 0${mode.toString(8)}`);
}

/** ConfigError as from `checkOwnerOnly`, and when others can put another file in its place. */
export async function checkPrivacy(
  { name, path }: Omit<PrivateFile, 'maxBytes'>,
  mode: number,
): Promise<void> {
  checkOwnerOnly(name, mode);
  if (process.platform === 'win32') return;
  for (const [directory, bits] of await directoriesOf(name, path)) {
    // In /tmp everybody can write, but nobody can take away what is another's.
    if ((bits & 0o1002) !== 0o002) continue;
    throw unfit(name, `a directory that others cannot write (chmod o-w ${directory})`, 'one that they can');
  }
}

/** Where the name stands and where the file does, each with its permission bits. */
async function directoriesOf(name: string, path: string): Promise<ReadonlyMap<string, number>> {
  try {
    const directories = [dirname(resolve(path)), dirname(await realpath(path))];
    return new Map(
      await Promise.all(directories.map(async (each) => [each, (await stat(each)).mode] as const)),
    );
  } catch (error) {
    throw pathError(name, error);
  }
}

/** Missing rights keep their errno, which has an exit code of its own; the rest is a path that cannot be used. */
export function pathError(name: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || error instanceof ConfigError) return error;
  if (codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM') return error;
  return new ConfigError(`${name}: expected a usable path, got ${String(error.code)}`, { cause: error });
}

/** A file that is not what it should be. */
export function unfit(name: string, expected: string, got: string): ConfigError {
  return new ConfigError(`${name}: expected ${expected}, got ${got}`);
}

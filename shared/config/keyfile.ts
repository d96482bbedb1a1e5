/**
 * The one file that holds a remote's key: a line `METHOD:SECRET`. The method stands in it so that another `-m` is
 * noticed instead of being answered by silence on every connection.
 *
 * Only its owner may read it, and it is written once. Two first runs at the same moment end with one key: each writes
 * a file of its own and gives it the final name with link(2), which, unlike rename(2), never replaces what is there.
 */
import { link, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { generateSecret, masterKey } from '../codec/keys.js';
import { defaultMethod, findMethod, type Method, methods } from '../codec/methods.js';
import type { Environment } from '../environment.js';
import { codeOf, ConfigError } from '../errors.js';
import { makeDirectory } from '../net/make-directory.js';
import { syncDirectory, writeDurably } from './durable-file.js';
import { pathError, readPrivateFile, unfit } from './private-file.js';

/** A key and the method it is for. */
export interface StoredSecret {
  readonly method: Method;
  readonly secret: string;
  /** True when this very call made the key. */
  readonly created: boolean;
}

/** More than any key or password needs. */
const maxFileBytes = 4096;

/**
 * The secret stored in the file at `path`; when there is none, a new one for `method` (the default method when
 * undefined) that has been stored there first: file 0600, new directories 0700.
 *
 * ConfigError, naming the file: others may read it, it is no regular file, it holds a key for another method than
 * `method`, what it holds fits no method, or its place knows no hard links. EACCES and EPERM come through as they are.
 */
export async function loadOrCreateSecret(
  path: string,
  method: Method | undefined,
  environment: Environment,
): Promise<StoredSecret> {
  const stored = await loadSecret(path, method);
  if (stored !== undefined) return stored;

  const chosen = method ?? findMethod(defaultMethod);
  const secret = generateSecret(chosen, environment);
  if (await create(path, `${chosen.name}:${secret}\n`, environment)) {
    return { method: chosen, secret, created: true };
  }
  const winner = await loadSecret(path, method);
  if (winner === undefined) throw unfit(nameOf(path), 'to stay where it is', 'a file that vanished');
  return winner;
}

/** The secret stored in the file at `path`, or undefined when there is none. Errors as from `loadOrCreateSecret`. */
export async function loadSecret(
  path: string,
  method: Method | undefined,
): Promise<StoredSecret | undefined> {
  const line = await read(path);
  if (line === undefined) return undefined;
  const stored = parse(path, line);
  if (method !== undefined && method.name !== stored.method.name) {
    throw new ConfigError(
      `key file ${path} holds a key for ${stored.method.name}, but -m says ${method.name}: ` +
        'leave out -m, or name another file with --key-file',
    );
  }
  return stored;
}

function parse(path: string, line: string): StoredSecret {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(colon, 0));
  // What stands before the colon may be part of a key that was pasted alone, so it is not quoted.
  if (!Object.hasOwn(methods, name)) throw unfit(nameOf(path), 'one line METHOD:SECRET', 'another content');
  const method = findMethod(name);
  const secret = line.slice(colon + 1);
  try {
    masterKey(method, secret);
  } catch (error) {
    throw error instanceof ConfigError
      ? new ConfigError(`key file ${path}: ${error.message}`, { cause: error })
      : error;
  }
  return { method, secret, created: false };
}

/** The text in the file without its line end, or undefined when there is no file. */
async function read(path: string): Promise<string | undefined> {
  const text = await readPrivateFile({ name: nameOf(path), path, maxBytes: maxFileBytes });
  return text?.replace(/\r?\n$/, '');
}

/** False when the file was there first, perhaps since a moment ago. */
async function create(path: string, content: string, environment: Environment): Promise<boolean> {
  const draft = `${path}.${Buffer.from(environment.randomBytes(8)).toString('hex')}.new`;
  try {
    await makeDirectory(dirname(path));
    try {
      await writeDurably(draft, content);
      await giveName(draft, path);
    } finally {
      // A start that fails, on a full disk say, leaves nothing behind.
      await unlink(draft).catch(unlessMissing);
    }
    // Without the name the laptop's key would no longer be the remote's.
    await syncDirectory(dirname(path));
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw pathError(nameOf(path), error);
  }
}

/** What link(2) says where the file system has no hard links (FAT, some mounts) is about neither file nor rights. */
const noHardLinks = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

async function giveName(draft: string, path: string): Promise<void> {
  try {
    await link(draft, path);
  } catch (error) {
    if (!noHardLinks.some((code) => codeOf(error) === code)) throw error;
    throw new ConfigError(
      `key file ${path}: expected a file system with hard links, got one without: ` +
        'name a file elsewhere with --key-file',
      { cause: error },
    );
  }
}

function unlessMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error;
}

function nameOf(path: string): string {
  return `key file ${path}`;
}

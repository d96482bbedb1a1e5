/** Where control sockets are. The directory says who may ask: nobody else may look into it, or put anything there. */
import { lstat, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { stateDirectory } from '../../config/directories.js';
import type { Variables } from '../../config/variables.js';
import { ConfigError } from '../../errors.js';
import { makeDirectory } from '../../net/make-directory.js';

/**
 * The directories of the sockets of this user, which need not be there, the best first: `$XDG_RUNTIME_DIR/halflight`, and
 * `control` where the state is kept. None for an account without a home.
 *
 * That variable may have come along from another user, by `su`: their directory is not for us (XDG Base Directory 0.8).
 */
export async function controlDirectories(variables: Variables): Promise<readonly string[]> {
  const runtime = variables['XDG_RUNTIME_DIR'] ?? '';
  const state = stateDirectory(variables);
  return [
    ...(isAbsolute(runtime) && (await isOwn(runtime)) ? [join(runtime, 'halflight')] : []),
    ...(state === undefined ? [] : [join(state, 'control')]),
  ];
}

async function isOwn(path: string): Promise<boolean> {
  try {
    return (await stat(path)).uid === process.geteuid?.();
  } catch {
    return false;
  }
}

/** Makes it, unless it is there, and checks it. Rejects as that does, or with the error of the system. */
export async function makeControlDirectory(path: string): Promise<void> {
  await makeDirectory(path);
  await checkControlDirectory(path);
}

/** A ConfigError unless it is a directory of this user, where nobody else may do anything. ENOENT when there is none. */
export async function checkControlDirectory(path: string): Promise<void> {
  const found = await lstat(path);
  const refuse = (expected: string, got: string): never => {
    throw new ConfigError(`control directory ${path}: expected ${expected}, got ${got}`);
  };
  if (found.isSymbolicLink()) refuse('a directory', 'a symbolic link');
  if (!found.isDirectory()) refuse('a directory', 'something else');
  if (process.platform === 'win32') return;
  if (found.uid !== process.geteuid?.()) refuse('one of this user', 'one of somebody else');
  const mode = found.mode & 0o777;
  if ((mode & 0o077) !== 0) refuse(`mode 0700 (chmod 700 ${path})`, `mode 0${mode.toString(8)}`);
}

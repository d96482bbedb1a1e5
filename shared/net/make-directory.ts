import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from '../errors.js';

/** Only the owner may look into it. */
const mode = 0o700;

/**
 * Makes the directory at `path` and those above it that are missing, with mode 0700. What is there already is left
 * as it is. Rejects with the error of the system.
 *
 * `mkdir` with `recursive` was the obvious way: where the system takes a directory's word for it but makes nothing in
 * it, as in /proc, Node tries for ever. Here every level is tried twice at most.
 */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await makeLevel(path);
  } catch (error) {
    const parent = dirname(path);
    if (codeOf(error) !== 'ENOENT' || parent === path) throw error;
    await makeDirectory(parent);
    await makeLevel(path);
  }
}

async function makeLevel(path: string): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

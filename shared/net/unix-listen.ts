/** Listening on unix sockets that only this user can connect to (unix(7)). */
import { lstatSync, renameSync, type Stats, unlinkSync } from 'node:fs';
import { chmod, lstat } from 'node:fs/promises';
import net from 'node:net';
import { isMainThread } from 'node:worker_threads';
import { codeOf } from '../errors.js';

/** Read and written by their owner. Whoever connects must be able to write. */
const mode = 0o600;
/** What a system has room for, without the NUL: Linux the most. A longer path would be cut off, and lead elsewhere. */
const longestPath = process.platform === 'linux' ? 107 : 103;

/**
 * Has `server` listen at `path`. What comes back closes it: the socket goes then, unless somebody else's is there by now. One
 * that nobody listens on any more is replaced. Rejects with the system's error: EADDRINUSE when somebody listens there,
 * EEXIST when it is no socket.
 */
export async function listenUnix(server: net.Server, path: string): Promise<() => void> {
  if (process.platform !== 'win32' && Buffer.byteLength(path) > longestPath) {
    const words = `path: expected at most ${longestPath} bytes, got ${Buffer.byteLength(path)}: ${path}`;
    throw Object.assign(new Error(words), { code: 'ENAMETOOLONG', path });
  }
  try {
    await bind(server, path);
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE') throw error;
    const there = statOf(path);
    if (there?.isSocket() === false) throw noSocket(path);
    if (!(await isStale(path)) || !takenAway(path, there)) throw error;
    await bind(server, path);
  }
  const own = statOf(path);
  return () => {
    closeAt(server, path, own);
  };
}

function noSocket(path: string): Error {
  const words = `path: expected a free one, or a socket that nobody listens on, got another file: ${path}`;
  return Object.assign(new Error(words), { code: 'EEXIST', path });
}

/** Undefined when there is nothing. */
function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}

/** The system's library takes away whatever is at the path, so what is not ours stands aside, for as long as that call takes. */
function closeAt(server: net.Server, path: string, own: Stats | undefined): void {
  const there = statOf(path);
  const ours = there === undefined || isSame(there, own);
  const aside = asideOf(path);
  const stands = !ours && renamed(path, aside);
  server.close();
  if (stands) renamed(aside, path);
}

/** False for another one than that: somebody who began at the same time may listen there by now, and stays. */
function takenAway(path: string, stale: Stats | undefined): boolean {
  const aside = asideOf(path);
  if (!renamed(path, aside)) return true;
  if (isSame(statOf(aside), stale)) {
    unlinkSync(aside);
    return true;
  }
  renamed(aside, path);
  return false;
}

function asideOf(path: string): string {
  return `${path}.${process.pid}`;
}

/** A number that has become free is given to the next file, so it is not enough. */
function isSame(one: Stats | undefined, other: Stats | undefined): boolean {
  return one?.ino === other?.ino && one?.dev === other?.dev && one?.mtimeMs === other?.mtimeMs;
}

function renamed(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch {
    return false;
  }
}

/** Whether at `path` is a socket on which nobody listens: what is left of a process that could not take it away. */
export async function isStale(path: string): Promise<boolean> {
  try {
    if (!(await lstat(path)).isSocket()) return false;
  } catch {
    return false;
  }
  return new Promise((resolve) => {
    const probe = net.connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', (error) => {
      resolve(codeOf(error) === 'ECONNREFUSED');
    });
  });
}

async function bind(server: net.Server, path: string): Promise<void> {
  const listening = new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
  });
  // It is made in this very call: at no time has it other rights than these. Threads cannot say so.
  const before = isMainThread ? process.umask(0o777 & ~mode) : undefined;
  try {
    server.listen({ path, exclusive: true });
  } finally {
    if (before !== undefined) process.umask(before);
  }
  await listening;
  if (before === undefined && process.platform !== 'win32') await chmod(path, mode);
}

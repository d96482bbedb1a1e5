/** The control socket of a command that keeps running: what `halflight top` asks. */
import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, messageOf } from '../shared/errors.js';
import type { Role } from '../shared/observe/events.js';
import type { Log } from '../shared/observe/log.js';
import { type ControlDesk, serveControl } from '../shared/serve/control/control.js';
import { connectionsHere, cutHere } from '../shared/serve/control/desk.js';
import { controlDirectories, makeControlDirectory } from '../shared/serve/control/places.js';
import type { Named, ServedConnection, ServedProcess } from '../shared/serve/control/table.js';
import { version } from './version.js';

export interface ControlFlags {
  /** Where the socket is to be, or false for none. */
  readonly control?: string | boolean;
}

/** Several processes that are one half. */
export interface ControlCrew {
  readonly workers: number;
  /** What those that answer in time have open, and how many do not. */
  readonly connections: () => Promise<{
    readonly connections: readonly ServedConnection[];
    readonly silent: number;
  }>;
  readonly cut: (named: Named) => Promise<boolean>;
}

/** Whom the socket is for. */
export interface Controlled {
  readonly role: ServedProcess['role'];
  /** Where it listens. */
  readonly listen: readonly string[];
  readonly crew?: ControlCrew | undefined;
}

/**
 * Opens it, as long as the process lives, unless the flags say not to. It is a convenience: where it cannot be, a line of
 * the log says so, and the half goes on.
 */
export async function openControl(flags: ControlFlags, served: Controlled, log: Log): Promise<void> {
  if (flags.control === false) return;
  try {
    const path = typeof flags.control === 'string' ? flags.control : await defaultPath(served.role);
    if (path === undefined) return;
    const control = await serveControl(path, deskOf(served));
    log.debug('control socket', { path });
    // It is there until the very end: who stops wants to see what that waits for.
    process.once('exit', () => {
      removeSocket(control.path);
    });
  } catch (error) {
    // Node says so where there is no such directory, too.
    const missing =
      codeOf(error) === 'EACCES' ? ' (is there such a directory, and may you write to it?)' : '';
    const detail = messageOf(error) + missing;
    log.warn('no control socket: halflight top will not see this process', { detail });
  }
}

/** Undefined for an account without a home. */
async function defaultPath(role: string): Promise<string | undefined> {
  const [directory] = await controlDirectories(process.env);
  if (directory === undefined) return undefined;
  await makeControlDirectory(directory);
  return join(directory, `${role}-${process.pid}.sock`);
}

function removeSocket(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Somebody has tidied up before.
  }
}

function deskOf({ role, listen, crew }: Controlled): ControlDesk {
  const served = { pid: process.pid, role, listen, version: version() };
  return {
    table: async () => {
      const { connections, silent } = (await crew?.connections()) ?? { connections: here(role), silent: 0 };
      const workers = crew && { workers: crew.workers, ...(silent > 0 && { silent }) };
      return {
        process: { ...served, ...workers, uptimeMs: Math.round(performance.now()) },
        at: Date.now(),
        connections,
      };
    },
    cut: (named) => (crew === undefined ? cutHere(named) : crew.cut(named)),
  };
}

/** Of two halves in one process the one that clients see: each connection has a part in both. */
function here(role: ServedProcess['role']): readonly ServedConnection[] {
  return connectionsHere(role === 'up' ? ('local' satisfies Role) : undefined);
}

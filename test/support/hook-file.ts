/** Hooks of files, each in its thread. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { startHookThread, type RunningHook } from '../../shared/hooks/thread.js';
import type { ConnectionFacts } from '../../shared/observe/connection.js';
import type { ThreadLimits } from '../../shared/hooks/thread-life.js';
import { cut as cutOpen } from '../../shared/serve/open.js';
import { temporaryDirectory } from './directory.js';

export interface StartedHook extends RunningHook {
  /** What was reported. */
  readonly warnings: readonly string[];
  /** The connections that were cut. */
  readonly cut: readonly number[];
}

/** The hook of that file, until the test is over. */
export async function startThread(file: string, limits: Partial<ThreadLimits> = {}): Promise<StartedHook> {
  const warnings: string[] = [];
  const cut: number[] = [];
  const running = await startHookThread({
    path: file,
    name: path.basename(file),
    role: 'local',
    warn: (detail) => warnings.push(detail),
    cut: (id, reason) => {
      cut.push(id);
      cutOpen(id, reason);
    },
    limits,
  });
  onTestFinished(() => running.stop());
  return { ...running, warnings, cut };
}

/** A file of that name, or `hook.js`, with that text. */
export function hookFile(text: string, name = 'hook.js'): string {
  const file = path.join(temporaryDirectory(), name);
  writeFileSync(file, text);
  return file;
}

/** What is known of a connection with that id. */
export function connection(id: number, port = 80): ConnectionFacts {
  const local = { host: '127.0.0.1', port: 1080 };
  return {
    id,
    role: 'local',
    transport: 'tcp',
    openedAt: 0,
    client: { local, remote: { host: '127.0.0.1', port: 50_000 + id } },
    target: { host: 'example.com', port },
  };
}

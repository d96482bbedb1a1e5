import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { afterEach } from 'vitest';

const program = path.resolve(import.meta.dirname, '../../dist/cli.js');

/** How a run of the built program ended, and all that it wrote. */
export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs. It is killed after the test when it has not ended by itself. */
export interface Running {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** The next line on stdout; undefined when there will be none. */
  readonly nextLine: () => Promise<string | undefined>;
  /** What it has written so far. */
  readonly written: () => Omit<Ended, 'exitCode'>;
  readonly ended: Promise<Ended>;
}

export interface CliOptions {
  /** Beside PATH, the only environment variables. A HOME of its own keeps tests away from the real one. */
  readonly variables?: Readonly<Record<string, string>>;
  /** A command that runs the program instead of Node alone. */
  readonly through?: readonly string[];
  /** What it reads on stdin, and then the end; `open` leaves that to the test. Nothing by default. */
  readonly input?: string | { readonly open: true };
}

/** A function that starts `node dist/cli.js` with the given words. */
export function cliStarter(): (words: readonly string[], options?: CliOptions) => Running {
  const started: Running[] = [];
  afterEach(async () => {
    for (const { child, ended } of started.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    }
  });
  return (words, options = {}) => {
    const running = start(words, options);
    started.push(running);
    return running;
  };
}

function start(words: readonly string[], { variables = {}, through = [], input = '' }: CliOptions): Running {
  const [command = '', ...rest] = [...through, process.execPath, program, ...words];
  const child = spawn(command, rest, {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...variables },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // Whoever reads none of it and ends early makes no test fail.
  child.stdin.on('error', () => undefined);
  if (typeof input === 'string') child.stdin.end(input);
  const written = { stdout: '', stderr: '' };
  child.stdout.on('data', (bytes: Buffer) => (written.stdout += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (written.stderr += bytes.toString()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    nextLine: async () => {
      const next = await lines.next();
      return next.done === true ? undefined : next.value;
    },
    written: () => ({ ...written }),
    ended: once(child, 'close').then(([exitCode]: unknown[]) => ({
      exitCode: typeof exitCode === 'number' ? exitCode : null,
      ...written,
    })),
  };
}

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

type Running = ChildProcessByStdio<Writable, Readable, Readable | null>;

/** A program the bench has started. */
export interface Child {
  readonly pid: number;
  /** The next line of its standard output. Rejects, with its last words, when it ends first or `withinMs` passes. */
  line(withinMs: number): Promise<string>;
  /** Writes one line to its standard input; resolves with the line it answers. */
  ask(question: string, withinMs: number): Promise<string>;
  /** Settles when it has ended, with what it last said on its standard error. */
  readonly gone: Promise<string>;
}

export interface Surroundings {
  readonly environment?: NodeJS.ProcessEnv;
  /** The words of a command that becomes the program, as `ip netns exec NAME` does. */
  readonly within?: readonly string[];
  /** What it says on its standard error is thrown away: it speaks of every connection. */
  readonly muted?: boolean;
}

export interface Processes {
  /** Starts a program. Throws when it cannot be started at all. */
  start(command: string, args: readonly string[], surroundings?: Surroundings): Child;
  /** Ends every child that still runs, before it returns; settles when they are gone. */
  endAll(): Promise<void>;
  /** Some of these: they can be ended before the others, and are ended with them. */
  group(): Processes;
}

/** A set of children, each ended by its own id. They hold nothing worth a farewell, so the signal is SIGKILL. */
export function createProcesses(): Processes {
  return starting([]);
}

function starting(around: readonly Set<Running>[]): Processes {
  const running = new Set<Running>();
  const sets = [running, ...around];
  return {
    start(command, args, { environment = process.env, within = [], muted = false } = {}) {
      const [program = command, ...words] = [...within, command, ...args];
      const child = spawn(program, words, {
        env: environment,
        stdio: ['pipe', 'pipe', muted ? 'ignore' : 'pipe'],
      }) as Running;
      for (const set of sets) set.add(child);
      // Not its close: that waits for whoever has inherited its standard error, as a child of sshd does.
      child.once('exit', () => {
        for (const set of sets) set.delete(child);
      });
      return talkTo(child, basename(args[0]?.endsWith('.js') ? args[0] : command));
    },
    group: () => starting(sets),
    async endAll() {
      const gone = [...running].map((child) => once(child, 'exit'));
      for (const child of running) child.kill('SIGKILL');
      await Promise.all(gone);
    },
  };
}

function talkTo(child: Running, name: string): Child {
  const over = new AbortController();
  let lastWords = 'nothing on stderr';
  // What nobody waits for is read and dropped: a full pipe would stall the child.
  const lines = createInterface({ input: child.stdout });
  if (child.stderr !== null) {
    createInterface({ input: child.stderr }).on('line', (line) => (lastWords = line));
  }
  child.once('error', (error) => (lastWords = error.message));
  const gone = new Promise<string>((resolve) => {
    child.once('close', () => {
      over.abort();
      resolve(lastWords);
    });
  });
  // Writing to a child that has died says EPIPE here; line() tells the story better.
  child.stdin.on('error', () => undefined);
  if (child.pid === undefined) throw new Error(`${name}: expected a program that starts, got none`);

  const line = async (withinMs: number): Promise<string> => {
    const signal = AbortSignal.any([over.signal, AbortSignal.timeout(withinMs)]);
    try {
      const [text] = (await once(lines, 'line', { signal })) as [string];
      return text;
    } catch (error) {
      if (!signal.aborted) throw error;
      const instead = over.signal.aborted ? `its end (${lastWords})` : `none within ${withinMs} ms`;
      throw new Error(`${name}: expected a line, got ${instead}`);
    }
  };
  return {
    pid: child.pid,
    line,
    gone,
    ask(question, withinMs) {
      const answer = line(withinMs);
      child.stdin.write(`${question}\n`);
      return answer;
    },
  };
}

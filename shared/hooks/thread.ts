/**
 * A hook of a file, which runs in a thread of its own: nothing else ends a loop without end, or takes memory back. What
 * comes of it here is a hook like any other one.
 */
import { once } from 'node:events';
import { accessSync } from 'node:fs';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { setTimeout as wait } from 'node:timers/promises';
import { ConfigError } from '../errors.js';
import type { Role } from '../observe/events.js';
import type { Hook } from './hook.js';
import { ThreadHook } from './thread-hook.js';
import { deathOf, ThreadLife, type ThreadLimits, threadLimits } from './thread-life.js';
import { ThreadLine } from './thread-line.js';
import type { FromThread, HookParts, ThreadStart } from './thread-messages.js';

export interface ThreadOptions {
  /** Absolute. */
  readonly path: string;
  readonly role: Role;
  /** What the hook is called when it does not say so itself. */
  readonly name: string;
  /** Told what has become of the thread. */
  readonly warn: (detail: string) => void;
  /** Breaks one connection of this process that is open. */
  readonly cut: (id: number, reason: Error) => void;
  readonly limits?: Partial<ThreadLimits>;
}

/** A hook whose thread runs. */
export interface RunningHook {
  readonly name: string;
  readonly hook: Hook;
  /** Ends the thread, once it has done what it was asked. */
  stop(): Promise<void>;
}

/** Settles when the hook is loaded. Rejects with a ConfigError for a file that cannot be used. */
export async function startHookThread(options: ThreadOptions): Promise<RunningHook> {
  const { path, role, cut } = options;
  const limits = { ...threadLimits, ...options.limits };
  const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const { port1: port, port2: far } = new MessageChannel();
  const mostBufferBytes = limits.memoryMiB * 1_048_576;
  const start: ThreadStart = { path, role, port: far, beats, mostBufferBytes };
  const thread = new Worker(threadProgram(), {
    workerData: start,
    transferList: [far],
    // What this program was started with is not for another one.
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: limits.memoryMiB },
  });
  const parts = await loading({ thread, port }, limits, options).catch(async (error: unknown) => {
    port.close();
    await thread.terminate();
    throw error;
  });
  const { name = options.name } = parts;
  const line = new ThreadLine(port);
  const hook = new ThreadHook(parts, line, cut);
  const life = new ThreadLife(thread, line, {
    port,
    beats,
    limits,
    warn: (detail) => {
      options.warn(`hook ${name}: ${detail}`);
    },
    ended: (why) => {
      hook.end(why);
    },
  });
  return { name, hook: hook.hook, stop: () => life.stop() };
}

/** Beside this file. The sources, which tests run, have no such program, and take the one that was built of them. */
function threadProgram(): URL {
  try {
    const place = import.meta.url.endsWith('.ts') ? '../../dist/shared/hooks/' : './';
    const program = new URL(`${place}thread-worker.js`, import.meta.url);
    accessSync(program);
    return program;
  } catch (error) {
    throw new ConfigError(
      'expected thread-worker.js beside the code, got none: give the hook itself, or leave halflight out of the bundle',
      { cause: error },
    );
  }
}

/** What the hook is made of. ConfigError when that does not become known. */
async function loading(
  { thread, port }: { readonly thread: Worker; readonly port: MessagePort },
  { loadMs, memoryMiB }: ThreadLimits,
  { name, warn }: ThreadOptions,
): Promise<HookParts> {
  const loaded = new AbortController();
  const { signal } = loaded;
  const first = async (): Promise<HookParts> => {
    const [message] = (await once(port, 'message', { signal })) as [FromThread];
    if (message.kind === 'ready') return message.parts;
    if (message.kind === 'mistake') throw new ConfigError(message.message);
    if (message.kind === 'warning') warn(`hook ${name}: ${message.detail}`);
    return first();
  };
  const late = async (): Promise<never> => {
    await wait(loadMs, undefined, { signal });
    throw new ConfigError(`expected a module that loads within ${loadMs / 1000} s, got none`);
  };
  const ended = async (): Promise<never> => {
    await once(thread, 'exit', { signal });
    throw new ConfigError('expected a module that loads, got one that ends its thread');
  };
  try {
    return await Promise.race([first(), late(), ended()]);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`expected a module that loads, got ${deathOf(error, memoryMiB)}`, { cause: error });
  } finally {
    loaded.abort();
  }
}

/** The life of a thread, from when its hook is loaded: whether it still lives, and how it comes to its end. */
import { setTimeout as wait } from 'node:timers/promises';
import { type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads';
import { codeOf, messageOf } from '../errors.js';
import { wordsOf } from './answers.js';
import type { ThreadLine } from './thread-line.js';
import type { FromThread } from './thread-messages.js';

/** What a thread may take. */
export interface ThreadLimits {
  /** How long it may take to load its file, ms. */
  readonly loadMs: number;
  /** How long it may show no sign of life, ms. */
  readonly silenceMs: number;
  /** How long it may take to come to an end, ms. */
  readonly finishMs: number;
  /** Of its heap, and of its buffers as well, MiB. */
  readonly memoryMiB: number;
}

export const threadLimits: ThreadLimits = {
  loadMs: 10_000,
  silenceMs: 5_000,
  finishMs: 2_000,
  memoryMiB: 256,
};

/** The thread of a hook has ended, which is reported where it is found out. */
export class HookEnded extends Error {
  override readonly name = 'HookEnded';
}

export interface LifeOptions {
  /** The half's end of the line. */
  readonly port: MessagePort;
  /** A word of memory that changes as long as the thread lives. */
  readonly beats: Int32Array;
  readonly limits: ThreadLimits;
  readonly warn: (detail: string) => void;
  /** It has ended, and nobody wanted that. Called once. */
  readonly ended: (why: HookEnded) => void;
}

/** How often a silent thread is looked at before it is given up: so a computer that slept takes nobody for dead. */
const looks = 20;
/**
 * A thread that gives no sign of life may be filling buffers, which no limit of its heap knows of. So the whole process may
 * grow meanwhile by as many times of what the hook may take, and no more.
 */
const mostGrowth = 2;

export class ThreadLife {
  readonly #thread: Worker;
  readonly #line: ThreadLine;
  readonly #options: LifeOptions;
  readonly #watch: NodeJS.Timeout;
  #beat = 0;
  #silent = 0;
  /** What the process took when there was a sign of life, bytes. */
  #taken = 0;
  #over = false;
  #complained = false;
  #stopped: Promise<void> | undefined;

  constructor(thread: Worker, line: ThreadLine, options: LifeOptions) {
    this.#thread = thread;
    this.#line = line;
    this.#options = options;
    this.#taken = process.memoryUsage.rss();
    const { limits, port } = options;
    port.on('message', (message: FromThread) => {
      this.#hear(message);
    });
    port.on('messageerror', (error) => {
      this.#end(`got an answer that cannot be read: ${messageOf(error)}`);
    });
    thread.on('error', (error) => {
      this.#end(`got ${deathOf(error, limits.memoryMiB)}`);
    });
    thread.on('exit', () => {
      this.#hearRest();
      this.#end('got process.exit');
    });
    // What serves is what keeps the process running.
    thread.unref();
    port.unref();
    this.#watch = setInterval(() => {
      this.#look();
    }, limits.silenceMs / looks);
    this.#watch.unref();
  }

  /** Settles when the thread has ended; before that it does what it was asked. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    if (!this.#over) {
      const patience = new AbortController();
      const late = wait(this.#options.limits.finishMs, undefined, { signal: patience.signal });
      await Promise.race([this.#line.finish().catch(() => undefined), late]);
      patience.abort();
    }
    this.#over = true;
    clearInterval(this.#watch);
    this.#line.close(new HookEnded('its thread has stopped'));
    await this.#thread.terminate();
    this.#options.port.close();
  }

  #hear(message: FromThread): void {
    if (message.kind === 'crowded') {
      this.#end(`got buffers of more than ${this.#options.limits.memoryMiB} MiB`);
    } else if (message.kind === 'uncaught') {
      if (!this.#complained)
        this.#options.warn(`expected no error that nothing catches, got ${message.message}`);
      this.#complained = true;
    } else if (message.kind === 'warning') {
      this.#options.warn(message.detail);
    } else {
      this.#line.hear(message);
    }
  }

  /** What it said before it ended may still be on the way. */
  #hearRest(): void {
    for (;;) {
      const said = receiveMessageOnPort(this.#options.port) as { readonly message: FromThread } | undefined;
      if (said === undefined) return;
      this.#hear(said.message);
    }
  }

  #look(): void {
    const { beats, limits } = this.#options;
    const beat = Atomics.load(beats, 0);
    this.#silent = beat === this.#beat ? this.#silent + 1 : 0;
    this.#beat = beat;
    const taken = process.memoryUsage.rss();
    if (this.#silent === 0) this.#taken = taken;
    const most = limits.memoryMiB * mostGrowth;
    if (this.#silent >= looks) this.#end(`got no sign of life for ${limits.silenceMs / 1000} s`);
    else if (taken - this.#taken > most * 1_048_576)
      this.#end(`got a process that grew by ${most} MiB meanwhile`);
  }

  #end(what: string): void {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#watch);
    const detail = `expected its thread to go on, ${what}`;
    this.#options.warn(detail);
    this.#options.ended(new HookEnded(detail));
    void this.#thread.terminate();
  }
}

/** What a thread died of, in words. */
export function deathOf(error: unknown, memoryMiB: number): string {
  if (codeOf(error) === 'ERR_WORKER_OUT_OF_MEMORY') return `objects of more than ${memoryMiB} MiB`;
  return wordsOf(error);
}

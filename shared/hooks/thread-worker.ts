/**
 * The thread of one hook: a program of its own, which loads the hook's file and answers what the half asks. Nothing
 * imports it: `thread.ts` starts it.
 */
import { getHeapStatistics } from 'node:v8';
import { workerData } from 'node:worker_threads';
import { messageOf } from '../errors.js';
import { wordsOf } from './answers.js';
import { loadHook, placed } from './file.js';
import type { Hook } from './hook.js';
import { eventNames } from './hook-shape.js';
import { HookAnswers } from './thread-answers.js';
import type { FromThread, HookParts, ThreadStart, ToThread } from './thread-messages.js';

/** How often it shows that it lives, and looks at what its buffers take, ms. */
const beatMs = 250;

type Question = Extract<ToThread, { readonly kind: 'ask' }>;

const start = workerData as Partial<ThreadStart>;
const { path, role, port, beats, mostBufferBytes } = start as ThreadStart;
// The hook's file sees the same object, and what is ours there is no concern of it.
for (const name of Object.keys(start)) Reflect.deleteProperty(start, name);

function say(message: FromThread, handedOver: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, [...handedOver]);
}

function beat(): void {
  Atomics.add(beats, 0, 1);
}

function warn(detail: unknown): void {
  say({ kind: 'warning', detail: messageOf(detail) });
}

function messageFor(thrown: unknown): string {
  try {
    return placed(thrown, path);
  } catch {
    return wordsOf(thrown);
  }
}

function watchBuffers(): void {
  if (getHeapStatistics().external_memory > mostBufferBytes) say({ kind: 'crowded' });
}

function partsOf(hook: Hook): HookParts {
  const { name, failClosed, on = {} } = hook;
  return {
    ...(name !== undefined && { name }),
    ...(failClosed !== undefined && { failClosed }),
    on: eventNames.filter((event) => on[event] !== undefined),
    admit: hook.admit !== undefined,
    filter: hook.filter !== undefined,
  };
}

async function reply(hook: HookAnswers, { number, name, asked }: Question): Promise<void> {
  try {
    const { value, handedOver } = await hook.answer(name, asked as never);
    say({ kind: 'answer', number, value }, handedOver);
  } catch (error) {
    say({ kind: 'failure', number, message: messageFor(error) });
  }
}

async function flushed(): Promise<void> {
  for (const output of [process.stdout, process.stderr]) {
    await new Promise<void>((resolve) => {
      output.write('', () => {
        resolve();
      });
    });
  }
}

function observed(number: number, message?: string): void {
  say({ kind: 'observed', number, ...(message !== undefined && { message }) });
}

// What a timer or a forgotten promise of the hook throws is no reason to be without the hook.
process.on('uncaughtException', (error) => {
  say({ kind: 'uncaught', message: messageFor(error) });
});
setInterval(() => {
  beat();
  watchBuffers();
}, beatMs);

try {
  const hook = await loadHook(path, { role, warn });
  const answers = new HookAnswers(hook, { messageFor, observed, beat, flushed });
  port.on('message', (message: ToThread) => {
    beat();
    if (message.kind === 'forget') answers.forget(message.id);
    else void reply(answers, message);
  });
  say({ kind: 'ready', parts: partsOf(hook) });
} catch (error) {
  say({ kind: 'mistake', message: messageOf(error) });
}

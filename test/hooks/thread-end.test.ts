import { describe, expect, it } from 'vitest';
import { connection, hookFile, startThread, type StartedHook } from '../support/hook-file.js';

const limits = { silenceMs: 1_000, memoryMiB: 32 };

/** Hooks that come to no good end once they are asked about a connection, and what is said of them. */
const ends = [
  ['loops without end', 'while (true);', 'got no sign of life for 1 s'],
  [
    'takes objects without end',
    'const kept = []; while (true) kept.push({ at: kept.length });',
    'got (objects of more than 32 MiB|a process that grew by 64 MiB meanwhile)',
  ],
  ['keeps buffers without end', 'kept.push(Buffer.alloc(64e6));', 'got buffers of more than 32 MiB'],
  [
    'fills buffers and never rests',
    'while (true) kept.push(Buffer.alloc(1e6, 1));',
    'got a process that grew by 64 MiB meanwhile',
  ],
  ['takes the process to be its own', 'process.exit(1);', 'got process.exit'],
] as const;

function misbehaving(what: string, failClosed: boolean): Promise<StartedHook> {
  return startThread(
    hookFile(`const kept = [];
      export const hook = {
        failClosed: ${failClosed},
        admit: async ({ id }) => { if (id !== 2) return 'allow'; ${what} return new Promise(() => 0); },
        filter: () => ({ up: { received: (bytes) => bytes[0] === 1 ? 'hold' : 'pass' }, down: { sent() {} } }),
      };`),
    limits,
  );
}

describe.each(ends)('a hook that %s', (_, what, words) => {
  it('is ended and reported once, and what it was asked goes on', async () => {
    const { hook, warnings, cut } = await misbehaving(what, false);
    const filters = hook.filter?.(connection(1));
    expect(await filters?.up?.received?.(new Uint8Array([0]))).toBe('pass');
    expect(await hook.admit?.(connection(2))).toBe('allow');
    expect(warnings).toEqual([
      expect.stringMatching(`^hook hook.js: expected its thread to go on, ${words}$`),
    ]);
    expect(await hook.admit?.(connection(3))).toBe('allow');
    expect(hook.filter?.(connection(3))).toBeUndefined();
    expect(await filters?.up?.received?.(new Uint8Array([0]))).toBe('pass');
    expect(await filters?.down?.ended?.()).toEqual(new Uint8Array());
    expect(cut).toEqual([]);
    expect(warnings.length).toBe(1);
  });

  it('lets nobody in any more, and its connections are cut, when it fails closed', async () => {
    const { hook, warnings, cut } = await misbehaving(what, true);
    for (const id of [1, 2])
      void hook.on?.accepted?.({ event: 'accepted', at: 0, connection: connection(id) });
    const filters = hook.filter?.(connection(1));
    expect(await filters?.up?.received?.(new Uint8Array([0]))).toBe('pass');
    expect(await hook.admit?.(connection(2))).toBe('deny');
    expect(cut).toEqual([1, 2]);
    expect(await hook.admit?.(connection(3))).toBe('deny');
    expect(() => hook.filter?.(connection(3))).toThrow('expected its thread to go on');
    await expect(filters?.up?.received?.(new Uint8Array([0]))).rejects.toThrow(
      'expected its thread to go on',
    );
    expect(warnings.length).toBe(1);
  });
});

describe('the thread of a hook', () => {
  it('misses what the hook held back when it ends, so that its half lets that go on', async () => {
    const { hook } = await misbehaving('process.exit();', false);
    const { up, down } = hook.filter?.(connection(1)) ?? {};
    expect(await up?.received?.(new Uint8Array([1]))).toBe('hold');
    expect(await hook.admit?.(connection(2))).toBe('allow');
    await expect(up?.received?.(new Uint8Array([0]))).rejects.toThrow(
      'expected its thread to go on, got process.exit',
    );
    await expect(up?.ended?.()).rejects.toThrow('expected its thread to go on, got process.exit');
    expect(await down?.ended?.()).toEqual(new Uint8Array());
  });

  it('survives what nothing in the hook catches, and says so once', async () => {
    const file = hookFile(`export const hook = { async admit({ id }) {
        setTimeout(() => { throw new Error('in a timer'); }, 0);
        void Promise.reject(new Error('that nobody waits for'));
        return new Promise((resolve) => setTimeout(resolve, 20, 'deny'));
      } };`);
    const { hook, warnings } = await startThread(file);
    expect(await hook.admit?.(connection(1))).toBe('deny');
    expect(await hook.admit?.(connection(2))).toBe('deny');
    expect(warnings).toEqual([
      `hook hook.js: expected no error that nothing catches, got that nobody waits for (${file}:3)`,
    ]);
  });

  it('is not disturbed by what a file posts to whoever started it', async () => {
    const { hook, warnings } = await startThread(
      hookFile(`import { parentPort } from 'node:worker_threads';
        const wordless = { toString: 1 };
        const words = [null, 5, 'word', {}, [], { kind: 'ready' }, { kind: 'crowded' },
          { kind: 'warning', detail: wordless }, { kind: 'uncaught', message: wordless }];
        for (let number = 1; number < 5; number += 1) {
          words.push({ kind: 'answer', number }, { kind: 'failure', number, message: wordless });
        }
        const post = () => { for (const word of words) parentPort.postMessage(word); };
        post();
        export const hook = { on: { tick: post }, admit({ id }) { post(); if (id === 2) parentPort.close(); return 'deny'; } };`),
    );
    await hook.on?.tick?.({ event: 'tick', at: 1, open: 0, up: 0, down: 0 });
    for (const id of [1, 2, 3]) expect(await hook.admit?.(connection(id))).toBe('deny');
    expect(warnings).toEqual([]);
  });

  it('keeps what is its own from the file', async () => {
    const { hook } = await startThread(
      hookFile(`import { workerData } from 'node:worker_threads';
        export const hook = { admit: () => Object.keys(workerData).length };`),
    );
    expect(await hook.admit?.(connection(1))).toBe(0);
  });

  it('is heard to its last word', async () => {
    const { hook, warnings } = await startThread(
      hookFile(`export const hook = ({ warn }) => ({ admit() {
        for (let at = 1; at <= 1_000; at += 1) warn('word ' + at);
        process.exit();
      } });`),
    );
    expect(await hook.admit?.(connection(1))).toBe('allow');
    expect(warnings.slice(-2)).toEqual([
      'hook hook.js: word 1000',
      'hook hook.js: expected its thread to go on, got process.exit',
    ]);
  });

  it.each([
    ['thrown by what it asks', `admit() { throw wordless; }`],
    ['rejected', `admit: () => Promise.reject(wordless)`],
    [
      'thrown by a timer',
      `async admit() { setTimeout(() => { throw wordless; }); return new Promise(() => 0); }`,
    ],
  ])('says of what has no words that it was %s', async (how, admit) => {
    const { hook, warnings } = await startThread(
      hookFile(`const wordless = Object.create(null); export const hook = { ${admit} };`),
    );
    const asked = Promise.resolve(hook.admit?.(connection(1)));
    if (how === 'thrown by a timer') {
      asked.catch(() => undefined);
      await expect
        .poll(() => warnings)
        .toEqual(['hook hook.js: expected no error that nothing catches, got something without words']);
    } else await expect(asked).rejects.toThrow('something without words');
  });

  it('takes no more events than can wait', async () => {
    const { hook } = await startThread(
      hookFile(
        `export const hook = { on: { tick() { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100); } } };`,
      ),
      { finishMs: 10 },
    );
    const told = Array.from(
      { length: 20_000 },
      async (_, at) => await hook.on?.tick?.({ event: 'tick', at, open: 0, up: 0, down: 0 }),
    );
    await expect(told.at(-1)).rejects.toThrow(
      'expected events to be observed as they come, got 16384 that wait',
    );
    void Promise.allSettled(told);
  });
});

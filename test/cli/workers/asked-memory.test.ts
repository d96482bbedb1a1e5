import { afterEach, describe, expect, it, vi } from 'vitest';
import { askedMemory } from '../../../cli/workers/asked-memory.js';
import { Line } from '../../../cli/workers/line.js';
import type { RemoteParentAnswers, SaltQuestion } from '../../../cli/workers/orders.js';
import { sharedMemory } from '../../../cli/workers/shared-memory.js';
import { findMethod } from '../../../shared/codec/methods.js';
import { systemEnvironment } from '../../../shared/net/system.js';
import type { PortMemory } from '../../../remote/replay-memory.js';

const method = findMethod('2022-blake3-aes-256-gcm');
const cipher = { method, key: new Uint8Array(32), backend: 'native' } as const;

afterEach(() => {
  vi.useRealTimers();
});

/** Memories of several workers that ask one parent, and the batches that came to it. */
function house(workers: number): {
  readonly memories: Promise<readonly PortMemory[]>;
  readonly batches: (readonly SaltQuestion[])[];
} {
  const batches: (readonly SaltQuestion[])[] = [];
  const { answers } = sharedMemory({
    environment: systemEnvironment,
    observer: () => undefined,
    stateDirectory: undefined,
  });
  const memories = Array.from({ length: workers }, () => {
    const near: Line<RemoteParentAnswers> = new Line((text) => {
      far.hear(text);
    });
    const far: Line<RemoteParentAnswers> = new Line((text) => {
      near.hear(text);
    });
    far.answers({
      ...answers,
      salts: (questions: readonly SaltQuestion[]) => {
        batches.push(questions);
        return answers.salts(questions);
      },
    });
    return askedMemory(near).take(cipher, { freshKey: true });
  });
  return { memories: Promise.all(memories), batches };
}

describe('a memory that is asked', () => {
  it('knows at one worker what another one has added, and says so once for many at a time', async () => {
    const { memories, batches } = house(2);
    const [one, other] = await memories;
    const salts = Array.from({ length: 50 }, (_, at) => new Uint8Array(32).fill(at + 1));
    const add = (memory: PortMemory | undefined): Promise<unknown> =>
      Promise.all(salts.map(async (salt) => memory?.replay.checkAndAdd(salt)));
    expect(await one?.replay.seen(salts[0] ?? cipher.key)).toBe(false);
    expect(await add(one)).toEqual(salts.map(() => true));
    expect(await add(other)).toEqual(salts.map(() => false));
    expect(await other?.replay.seen(salts[49] ?? cipher.key)).toBe(true);
    expect(batches.map(({ length }) => length)).toEqual([1, 50, 50, 1]);
  });

  it('asks for the salt as it was, whatever becomes of the bytes that were lent', async () => {
    const { memories } = house(2);
    const [one, other] = await memories;
    const lent = new Uint8Array(32).fill(7);
    const added = one?.replay.checkAndAdd(lent);
    lent.fill(9);
    expect(await added).toBe(true);
    expect(await other?.replay.seen(new Uint8Array(32).fill(7))).toBe(true);
    expect(await other?.replay.seen(new Uint8Array(32).fill(9))).toBe(false);
  });

  it('lets nobody in whose answer is missing', async () => {
    const line = {
      ask: (name: string) =>
        Promise.resolve(name === 'takeMemory' ? { memory: 0, notBefore: 0 } : ([true] as const)),
    } as unknown as Line<RemoteParentAnswers>;
    const { replay } = await askedMemory(line).take(cipher, { freshKey: true });
    const [answered, ...missing] = await Promise.allSettled(
      [1, 2, 3].map((seed) => replay.checkAndAdd(new Uint8Array(32).fill(seed))),
    );
    expect(answered).toEqual({ status: 'fulfilled', value: true });
    expect(missing.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('lets nobody in when no answer comes', async () => {
    vi.useFakeTimers();
    const line: Line<RemoteParentAnswers> = new Line(() => undefined);
    const taking = askedMemory({
      ask: (name: string, asked: never) =>
        name === 'takeMemory'
          ? Promise.resolve({ memory: 0, notBefore: 0 })
          : line.ask(name as 'salts', asked),
    } as unknown as Line<RemoteParentAnswers>).take(cipher, { freshKey: true });
    const { replay } = await taking;
    const asked = Promise.allSettled([
      replay.seen(new Uint8Array(32)),
      replay.checkAndAdd(new Uint8Array(32)),
    ]);
    await vi.advanceTimersByTimeAsync(5_001);
    expect((await asked).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});

/** What a remote remembers of openings, for all its workers. */
import { ReplayMemory, type ReplayMemoryOptions, type PortMemory } from '../../remote/replay-memory.js';
import { findMethod } from '../../shared/codec/methods.js';
import type { RemoteParentAnswers } from './orders.js';

export interface SharedMemory {
  /** What workers are answered about it. */
  readonly answers: Pick<RemoteParentAnswers, 'takeMemory' | 'forgotten' | 'salts'>;
  /** Settles when all of it is written down. */
  readonly close: () => Promise<void>;
}

/** A memory that is taken is kept until all is closed: workers come and go. */
export function sharedMemory(options: ReplayMemoryOptions): SharedMemory {
  const memory = new ReplayMemory(options);
  const numbers = new Map<string, number>();
  const taken: Promise<PortMemory>[] = [];
  const at = async (number: number): Promise<PortMemory> => {
    const port = await taken[number];
    if (port === undefined) throw new Error(`replay memory: expected one that was taken, got ${number}`);
    return port;
  };
  const answers: SharedMemory['answers'] = {
    takeMemory: async ({ method, key, freshKey }) => {
      const name = `${method} ${Buffer.from(key).toString('latin1')}`;
      const number = numbers.get(name) ?? taken.length;
      if (number === taken.length) {
        numbers.set(name, number);
        const cipher = { method: findMethod(method), key, backend: 'native' } as const;
        taken.push(memory.take(cipher, { freshKey }));
      }
      return { memory: number, notBefore: (await at(number)).notBefore };
    },
    forgotten: async (number) => (await at(number)).forgotten(),
    salts: (questions) =>
      Promise.all(
        questions.map(async ([number, salt, adds]) => {
          const { replay } = await at(number);
          return adds ? replay.checkAndAdd(salt) : replay.seen(salt);
        }),
      ),
  };
  return {
    answers,
    close: async () => {
      await Promise.allSettled(taken.map(async (port) => (await port).release()));
    },
  };
}

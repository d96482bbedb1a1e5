/** What a remote remembers of openings, asked of the process that remembers it for all workers. */
import type { Memory } from '../../remote/replay-memory.js';
import type { ReplayStore } from '../../shared/net/replay.js';
import { inTime, type Line } from './line.js';
import type { RemoteParentAnswers, SaltQuestion } from './orders.js';

/** An opening that is not judged by then is absorbed: nobody is let in unasked. */
const deadlineMs = 5_000;

interface Waiting {
  readonly question: SaltQuestion;
  readonly resolve: (answer: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** The memory at the other end. */
export function askedMemory(line: Line<RemoteParentAnswers>): Memory {
  const ask = inBatches(line);
  const storeOf = (memory: number): ReplayStore => ({
    seen: (salt) => ask([memory, salt, false]),
    checkAndAdd: (salt) => ask([memory, salt, true]),
    close: () => Promise.resolve(),
  });
  return {
    take: async ({ method, key }, { freshKey }) => {
      const { memory, notBefore } = await line.ask('takeMemory', { method: method.name, key, freshKey });
      return {
        replay: storeOf(memory),
        notBefore,
        forgotten: () => line.ask('forgotten', memory),
        release: () => Promise.resolve(),
      };
    },
  };
}

/** All questions of one turn of the loop travel together: under a flood of openings they are many. */
function inBatches(line: Line<RemoteParentAnswers>): (question: SaltQuestion) => Promise<boolean> {
  let waiting: Waiting[] = [];
  const send = (): void => {
    const batch = waiting;
    waiting = [];
    const asked = line.ask(
      'salts',
      batch.map(({ question }) => question),
    );
    inTime(asked, deadlineMs, 'replay memory').then(
      (answers) => {
        batch.forEach(({ resolve, reject }, at) => {
          const answer = answers[at];
          if (answer === undefined) reject(new Error('replay memory: expected an answer, got none'));
          else resolve(answer);
        });
      },
      (error: unknown) => {
        for (const { reject } of batch) reject(error);
      },
    );
  };
  return ([memory, salt, adds]) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(send);
      // The bytes are lent.
      waiting.push({ question: [memory, Uint8Array.from(salt), adds], resolve, reject });
    });
}

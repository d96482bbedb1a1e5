import type { Work } from './rounds.js';
import type { Row } from './rows.js';
import { cpuEach, measureInRounds } from './throughput.js';

/** What each conversation brings. */
const answerBytes = 1024;
/** `ssh -D` takes 40 ms for a conversation when there is but one: the delayed acknowledgements of TCP. */
const enoughMs = 2000;
/** Programs that compile themselves as they go need some thousand conversations before they are what they stay. */
const warmUps = 5;
/** Per second, far below anything worth measuring. */
const fewest = 50;

/** New conversations, `atOnce` of them at the same moment, each with an answer of 1 KiB. */
export function conversations(atOnce: number): Row {
  return {
    title: `new conversations with an answer of 1 KiB, ${atOnce} at once`,
    columns: {
      rate: { head: 'per second', digits: 0 },
      cpu: { head: 'CPU µs each', digits: 0 },
      p50: { head: 'p50 ms', digits: 2 },
      p99: { head: 'p99 ms', digits: 2 },
      failed: { head: 'failed', digits: 0 },
      load: { head: 'load CPU µs each', digits: 0 },
    },
    tunnels: [
      'direct',
      'plain',
      'microsocks',
      'halflight-2022',
      'halflight-2017',
      'halflight-workers',
      'libev',
      'rust',
      'ssh',
    ],
    measure: (plan) => {
      // One after another they are slower: a quarter of them takes about as long.
      const count = Math.ceil(plan.sizes.conversations / (atOnce === 1 ? 4 : 1));
      return measureInRounds(plan, {
        work: shortOnes({ count, atOnce, enoughMs }),
        warmUp: shortOnes({ count: warmUps * count, atOnce, enoughMs: warmUps * enoughMs }),
        read: ({ seconds, succeeded = NaN, failed = NaN, p50 = NaN, p99 = NaN, ...cpu }) => ({
          rate: succeeded / seconds,
          p50,
          p99,
          failed,
          ...cpuEach(cpu, (succeeded + failed) / 1e6),
        }),
      });
    },
  };
}

/** `count` conversations, `atOnce` at a time. */
export function shortOnes(asked: {
  readonly count: number;
  readonly atOnce: number;
  readonly enoughMs?: number;
}): Work {
  const withinMs = 20_000 + Math.ceil((asked.count / fewest) * 1000);
  return (generators, entry) => generators.ask('converse', { entry, bytes: answerBytes, withinMs, ...asked });
}

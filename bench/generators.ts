import { fileURLToPath } from 'node:url';
import type { HoldAnswer, Listening, Order, TransferAnswer } from './orders.js';
import type { Processes } from './processes.js';

/** The load generators: a client and a target, each in a process of its own. */
export interface Generators {
  /** Both, for their CPU time. */
  readonly pids: readonly number[];
  /** The target's port on 127.0.0.1. */
  readonly target: number;
  /** Seconds that it took. Rejects when something did not arrive whole. */
  take(order: Extract<Order, { order: 'transfer' | 'converse' }>): Promise<number>;
  hold(order: Extract<Order, { order: 'hold' }>): Promise<HoldAnswer>;
  census(): Promise<HoldAnswer>;
}

// The client keeps the order's own deadline; this much later the bench stops waiting for the client.
const patienceMs = 10_000;

export async function startGenerators(processes: Processes): Promise<Generators> {
  const start = (file: string): ReturnType<Processes['start']> =>
    processes.start(process.execPath, [fileURLToPath(new URL(file, import.meta.url))]);
  const target = start('target.js');
  const client = start('client.js');
  const { port } = JSON.parse(await target.line(patienceMs)) as Listening;
  const ask = async (order: Order, withinMs: number): Promise<unknown> =>
    JSON.parse(await client.ask(JSON.stringify(order), withinMs + patienceMs)) as unknown;
  return {
    pids: [client.pid, target.pid],
    target: port,
    async take(order) {
      const answer = (await ask(order, order.withinMs)) as TransferAnswer;
      if ('fault' in answer) throw new Error(answer.fault);
      return answer.seconds;
    },
    hold: async (order) => (await ask(order, order.withinMs)) as HoldAnswer,
    census: async () => (await ask({ order: 'census' }, 0)) as HoldAnswer,
  };
}

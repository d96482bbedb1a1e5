import { setTimeout as rest } from 'node:timers/promises';
import type { Answer, Asks, Gives, Listening, OrderName } from './orders.js';
import type { Place } from './places.js';
import type { Child, Processes } from './processes.js';
import { beside, readyWithinMs } from './starting.js';
import type { Ground } from './tunnels.js';

/** The load generators: a client and a target, each in a process of its own. */
export interface Generators {
  /** Both, for their CPU time. */
  readonly pids: readonly number[];
  /** The target's port. */
  readonly target: number;
  /** Tells the client what to do. Rejects when that did not go as it should. */
  ask<Name extends OrderName>(name: Name, asks: Asks<Name>): Promise<Gives<Name>>;
  /** Where tunnels to this target are set up. */
  readonly ground: (directory: string) => Ground;
}

/** How often a port is tried that nobody serves yet. */
const knockMs = 20;

// The client keeps the order's own deadline; this much later the bench stops waiting for the client.
const patienceMs = 10_000;

export async function startGenerators(processes: Processes, place: Place): Promise<Generators> {
  const start = (file: string, within: readonly string[]): Child =>
    processes.start(process.execPath, [beside(file)], { within });
  const far = start('target.js', place.far.within);
  const client = start('client.js', place.near.within);
  const { port: target } = JSON.parse(await far.line(patienceMs)) as Listening;

  const ask = async <Name extends OrderName>(order: Name, asks: Asks<Name>): Promise<Gives<Name>> => {
    const withinMs = 'withinMs' in asks ? asks.withinMs : 0;
    const line = await client.ask(JSON.stringify({ order, ...asks }), withinMs + patienceMs);
    const answer = JSON.parse(line) as Answer<Name>;
    if ('fault' in answer) throw new Error(answer.fault);
    return answer;
  };
  const listening: Ground['listening'] = async ({ host, port }, child) => {
    let instead = `none within ${readyWithinMs} ms`;
    const waiting = new AbortController();
    const deadline = setTimeout(() => {
      waiting.abort();
    }, readyWithinMs);
    void child.gone.then((lastWords) => {
      instead = `its end (${lastWords})`;
      waiting.abort();
    });
    while (!(await ask('knock', { host, port })).open) {
      if (waiting.signal.aborted) throw new Error(`port ${port}: expected a listener, got ${instead}`);
      await rest(knockMs);
    }
    clearTimeout(deadline);
  };
  return {
    pids: [client.pid, far.pid],
    target,
    ask,
    ground: (directory) => ({ processes, place, target, directory, listening }),
  };
}

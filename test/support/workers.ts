/** Halves of several processes, as whoever starts them sees them. */
import { readFileSync } from 'node:fs';
import { cliStarter, type Running } from './cli.js';
import { temporaryDirectories } from './config.js';
import { connect } from './peer.js';

/** A half, and what it said since it was ready. */
export interface CrewedHalf {
  readonly running: Running;
  readonly port: number;
  readonly listen: string;
  readonly uri: string;
  /** The events of that name so far, by everybody. */
  seen(name: string): readonly Seen[];
  /** The process IDs of the workers. */
  workers(): readonly number[];
}

export interface Seen {
  readonly event: string;
  readonly worker?: number;
  readonly [field: string]: unknown;
}

/** A function that starts `halflight WORDS` with two workers, and waits until it is ready. */
export function crewStarter(): (
  words: readonly string[],
  variables?: Record<string, string>,
) => Promise<CrewedHalf> {
  const run = cliStarter();
  const temporary = temporaryDirectories();
  return async (words, variables = {}) => {
    const home = await temporary();
    const running = run([...words, '--json', '--log-level', 'debug', '--workers', '2'], {
      variables: { XDG_CONFIG_HOME: home, XDG_STATE_HOME: home, XDG_CACHE_HOME: home, ...variables },
    });
    const first = await running.nextLine();
    if (first === undefined)
      throw new Error(`halflight: expected a line, got ${(await running.ended).stderr}`);
    const events: Seen[] = [JSON.parse(first) as Seen];
    void (async () => {
      for (let line = await running.nextLine(); line !== undefined; line = await running.nextLine()) {
        events.push(JSON.parse(line) as Seen);
      }
    })();
    const { listen, uri } = events[0] as unknown as { readonly listen: string; readonly uri: string };
    return {
      running,
      listen,
      uri,
      port: Number(listen.slice(listen.lastIndexOf(':') + 1)),
      seen: (name) => events.filter(({ event }) => event === name),
      workers: () => childrenOf(running.child.pid ?? 0),
    };
  };
}

/** The processes that this one has started and that run. */
export function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

/** Whether somebody listens on that port. */
export function accepts(port: number): Promise<boolean> {
  return connect(port).then(
    (peer) => {
      peer.reset();
      return true;
    },
    () => false,
  );
}

/**
 * The workers of one half: processes that do the same work, so that all cores do. They are kept: one that ends is
 * replaced by another, while the others go on (docs/adr/0010-all-cores.md).
 */
import cluster, { type Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Half } from '../../shared/config/file-schema.js';
import { ConfigError, messageOf } from '../../shared/errors.js';
import type { Log, LogFields } from '../../shared/observe/log.js';
import { stopSignals } from '../life.js';
import { type Answers, inTime, Line } from './line.js';
import type { ParentAnswers, WorkerAnswers } from './orders.js';
import { Pauses } from './pauses.js';

/**
 * A remote hands connections out in turn: they are few, and live for long. At a local they are many, and short; to hand
 * one over would cost more than to serve it, so its workers accept from one socket, whoever is free first.
 */
const schedules = {
  remote: cluster.SCHED_RR,
  local: cluster.SCHED_NONE,
} as const satisfies Record<Half, number>;

/** Whoever has not answered by then never will, ms. */
const answerMs = 5_000;
/** The same for a number that is only to be said while everybody waits for the end, ms. */
const countMs = 250;
/** A signal to a whole group may end one that begins before this process hears of it: by so much at most, ms. */
const groupMs = 250;
/** What a worker may take beyond the grace to stop, and then to end, ms. */
const lateMs = 2_000;

/** One worker, as long as it lives. */
export interface Member<Asked extends Answers<Asked>> {
  readonly number: number;
  readonly line: Line<Asked>;
  /** Settles when it has ended, with why. */
  readonly ended: Promise<string>;
}

export interface CrewOptions<Asked extends WorkerAnswers & Answers<Asked>, Own extends Answers<Own>> {
  readonly half: Half;
  readonly size: number;
  readonly log: Log;
  /** What it is answered, beside what every worker is. */
  readonly answers: (member: Member<Asked>) => Omit<Own, 'awake' | 'level' | 'said'>;
  /** Brings a new one to work. A rejection ends it. */
  readonly begin: (member: Member<Asked>) => Promise<void>;
  /** It stops, and can be asked for the last time. */
  readonly leaving?: (member: Member<Asked>) => Promise<void>;
  /** It has ended without having been asked to. */
  readonly lost: (member: Member<Asked>) => void;
}

/** What one of them has answered. */
export interface Answered<Asked extends Answers<Asked>, Name extends keyof Asked> {
  readonly member: Member<Asked>;
  readonly answer: Awaited<ReturnType<Asked[Name]>>;
}

interface Process<Asked extends Answers<Asked>> extends Member<Asked> {
  readonly worker: Worker;
  readonly awake: Promise<void>;
  /** Whether it can be asked anything, and to stop above all. */
  readonly hears: () => boolean;
}

export class Crew<Asked extends WorkerAnswers & Answers<Asked>, Own extends ParentAnswers & Answers<Own>> {
  readonly #options: CrewOptions<Asked, Own>;
  /** Those that work, in the order in which they began to. */
  readonly #working = new Set<Process<Asked>>();
  readonly #beginning = new Set<Process<Asked>>();
  #stopping = false;
  readonly #pauses = new Pauses();

  constructor(options: CrewOptions<Asked, Own>) {
    this.#options = options;
    const exec = fileURLToPath(new URL('./worker.js', import.meta.url));
    if (cluster.isWorker)
      throw new ConfigError('NODE_UNIQUE_ID: expected it not to be set with workers, got a value');
    cluster.schedulingPolicy = schedules[options.half];
    cluster.setupPrimary({ exec, args: [options.half], serialization: 'json' });
    // Who does not run, or only begins to, does not see that its parent has gone, or complains of it at length.
    process.once('exit', () => {
      this.#kill();
    });
  }

  /** Starts all. The first begins alone: what keeps it from working would keep the others. Rejects with that. */
  async start(): Promise<void> {
    const first = this.#fork();
    const others = Array.from({ length: this.#options.size - 1 }, () => this.#fork());
    try {
      await this.#begin(first);
      await Promise.all(others.map((each) => this.#begin(each)));
    } catch (error) {
      this.#stopping = true;
      this.#kill();
      throw error;
    }
    this.#options.log.info('several processes work as one', { workers: this.#options.size });
  }

  get working(): readonly Member<Asked>[] {
    return Array.from(this.#working);
  }

  /**
   * Asks all that work, and those that have been told how to. Whoever does not answer in time, or cannot do what it is
   * asked, is ended, and another one begins: all that are left act by it when this settles.
   */
  async ask<Name extends keyof Asked & string>(
    name: Name,
    asked: Parameters<Asked[Name]>[0],
  ): Promise<readonly Answered<Asked, Name>[]> {
    const hearing = [...this.#working, ...this.#beginning].filter(({ hears }) => hears());
    const ask = async (member: Process<Asked>): Promise<readonly Answered<Asked, Name>[]> => {
      try {
        return [{ member, answer: await inTime(member.line.ask(name, asked), answerMs, name) }];
      } catch (error) {
        if (!this.#stopping) await this.#end(member, messageOf(error));
        return [];
      }
    };
    return (await Promise.all(hearing.map(ask))).flat();
  }

  /** Settles when it has ended, if not by itself. */
  async #end(member: Process<Asked>, why: string): Promise<void> {
    if (!member.worker.isDead()) {
      this.#options.log.warn(why, fieldsOf(member));
      member.worker.process.kill('SIGKILL');
    }
    await member.ended;
  }

  /** How many conversations they have open. */
  async open(): Promise<number> {
    const count = async ({ line }: Process<Asked>): Promise<number> => {
      const asked = line.ask('open', undefined as Parameters<Asked['open']>[0]);
      return inTime(asked as Promise<number>, countMs, 'open').catch(() => 0);
    };
    const counts = await Promise.all(Array.from(this.#working, count));
    return counts.reduce((sum, open) => sum + open, 0);
  }

  /** Stops all, as a `Service` does. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    await Promise.all([...this.#working, ...this.#beginning].map((each) => this.#dismiss(each, graceMs)));
  }

  #kill(): void {
    for (const { worker } of [...this.#beginning, ...this.#working]) worker.process.kill('SIGKILL');
  }

  #fork(): Process<Asked> {
    const worker = cluster.fork();
    let hears = false;
    let woken = (): void => undefined;
    const awake = new Promise<void>((resolve) => {
      woken = resolve;
    });
    const ended = new Promise<string>((resolve) => {
      worker.once('exit', (code: number | null, signal: string | null) => {
        resolve(signal ?? `exit code ${code}`);
      });
      // Of a process that could not be started nothing else is heard.
      worker.on('error', (error) => {
        if (worker.process.pid === undefined) resolve(messageOf(error));
      });
    });
    const send = (text: string): void => {
      // That it is gone is told by its end.
      worker.process.send(text, () => undefined);
    };
    const line = new Line<Asked>(send);
    const member: Process<Asked> = {
      number: worker.id,
      worker,
      awake,
      hears: () => hears,
      ended,
      line,
    };
    const { log, answers } = this.#options;
    line.answers({
      ...answers(member),
      awake: () => {
        hears = true;
        woken();
      },
      level: () => log.level,
      said: ({ level, message, fields }: Parameters<ParentAnswers['said']>[0]) => {
        log[level](message, log.level === 'debug' ? { ...fields, worker: worker.id } : fields);
      },
    });
    worker.on('message', (text: unknown) => {
      line.hear(text);
    });
    void ended.then(() => {
      line.close();
    });
    this.#beginning.add(member);
    return member;
  }

  async #begin(member: Process<Asked>): Promise<void> {
    const early = member.ended.then(async (why) => {
      if (stopSignals.some((signal) => signal === why)) await sleep(groupMs);
      throw new Error(`worker: expected it to begin, got ${why}`);
    });
    try {
      await Promise.race([early, member.awake.then(() => this.#options.begin(member))]);
      this.#working.add(member);
      void member.ended.then((why) => {
        this.#lose(member, why);
      });
    } finally {
      this.#beginning.delete(member);
    }
  }

  #lose(member: Process<Asked>, why: string): void {
    this.#working.delete(member);
    if (this.#stopping) return;
    this.#options.lost(member);
    void this.#replace(member, why);
  }

  /** Never rejects: what does not begin is begun again. */
  async #replace(member: Process<Asked>, why: string): Promise<void> {
    if (this.#stopping) return;
    const left = this.#working.size + this.#beginning.size;
    const pause = this.#pauses.after(performance.now(), { left });
    const when = pause === 0 ? 'at once' : `in ${pause / 1000} s`;
    const words = `worker: expected it to go on, got ${why}; another one begins ${when}`;
    this.#options.log.warn(words, fieldsOf(member));
    await sleep(pause);
    await this.#beginAnother();
  }

  async #beginAnother(): Promise<void> {
    if (this.#stopping) return;
    const member = this.#fork();
    try {
      await this.#begin(member);
      this.#options.log.info('another worker has begun', fieldsOf(member));
    } catch (error) {
      member.worker.process.kill('SIGKILL');
      void this.#replace(member, messageOf(error));
    }
  }

  async #dismiss(member: Process<Asked>, graceMs: number): Promise<void> {
    const { worker, line, ended, hears } = member;
    if (!hears()) worker.process.kill('SIGKILL');
    const enough = new AbortController();
    const late = sleep(graceMs + lateMs, undefined, { signal: enough.signal });
    const stopped = line.ask('stop', graceMs as Parameters<Asked['stop']>[0]);
    const settled = stopped.then(() => this.#options.leaving?.(member));
    await Promise.race([settled, late, ended]).catch(() => undefined);
    // It ends by itself when nobody listens to it any more.
    if (worker.isConnected()) worker.process.disconnect();
    await Promise.race([ended, late]).catch(() => undefined);
    enough.abort();
    if (!worker.isDead()) worker.process.kill('SIGKILL');
    await ended;
  }
}

/** How it is called by us, and by the system. */
function fieldsOf<Asked extends Answers<Asked>>({ number, worker }: Process<Asked>): LogFields {
  return { worker: number, ...(worker.process.pid !== undefined && { pid: worker.process.pid }) };
}

/** When something runs that is started and stopped from code, by several callers perhaps, in whatever order. */
import { StoppedError } from '../errors.js';
import type { Service } from '../service.js';

/** Starts a service. Whoever waits in it for others gives up when `signal` fires. */
export type Begin<S extends Service> = (signal: AbortSignal) => Promise<S>;

/**
 * A service that may be started again once it was stopped. Whoever starts it while it runs gets the one that runs; a stop
 * takes back a start that is under way, which then rejects with a StoppedError.
 */
export class Lifespan<S extends Service> {
  readonly #what: string;
  readonly #begin: Begin<S>;
  #current: Run<S> | undefined;

  /** Messages call it `what`. */
  constructor(what: string, begin: Begin<S>) {
    this.#what = what;
    this.#begin = begin;
  }

  /** Settles when it runs. Rejects as `begin` does; it may be tried again then. */
  start(): Promise<S> {
    const before = this.#current;
    if (before !== undefined && !before.stopping) return before.started;
    const run = new Run(this.#begin, before?.ended);
    this.#current = run;
    run.started.catch(() => {
      this.#forget(run);
    });
    return run.started;
  }

  /** Settles when nothing of it is open any more, at once when it does not run. See `Service.stop`. */
  async stop(graceMs: number): Promise<void> {
    const run = this.#current;
    if (run === undefined) return;
    await run.stop(graceMs);
    this.#forget(run);
  }

  /** The one that runs, and maybe is about to end. */
  get serving(): S | undefined {
    return this.#current?.service;
  }

  /** The same. An Error when there is none. */
  get running(): S {
    const service = this.serving;
    if (service === undefined)
      throw new Error(`${this.#what}: expected it to be started, got one that is not`);
    return service;
  }

  #forget(run: Run<S>): void {
    if (this.#current === run) this.#current = undefined;
  }
}

/** From one start to the end of that. */
class Run<S extends Service> {
  readonly started: Promise<S>;
  readonly #stopping = new AbortController();
  #service: S | undefined;
  #ended: Promise<unknown> | undefined;

  constructor(begin: Begin<S>, before: Promise<unknown> | undefined) {
    this.started = this.#start(begin, before);
  }

  get service(): S | undefined {
    return this.#service;
  }

  get stopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Settles when it has stopped, once it has been told to. */
  get ended(): Promise<unknown> | undefined {
    return this.#ended;
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort(new StoppedError('start: expected to go on, got told to stop'));
    const ended = this.#service?.stop(graceMs) ?? this.started.catch(() => undefined);
    this.#ended ??= ended.catch(() => undefined);
    await ended;
  }

  async #start(begin: Begin<S>, before: Promise<unknown> | undefined): Promise<S> {
    const { signal } = this.#stopping;
    if (before !== undefined) await before;
    signal.throwIfAborted();
    const service = await begin(signal);
    if (signal.aborted) await service.stop(0);
    signal.throwIfAborted();
    this.#service = service;
    return service;
  }
}

import { StoppedError } from '../errors.js';

/**
 * What a service has begun and not promised yet: conversations until their relay, checks of the path. Each has a
 * controller of its own, forgotten with it, so that an idle conversation holds none, and no signal a crowd of listeners.
 */
export class Attempts {
  readonly #running = new Map<AbortController, Promise<unknown>>();
  #stopped: StoppedError | undefined;

  /** Settles as `attempt` does, which listens to the signal of its controller and may abort it as well. */
  run<T>(attempt: (controller: AbortController) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    if (this.#stopped !== undefined) controller.abort(this.#stopped);
    const running = attempt(controller).finally(() => {
      this.#running.delete(controller);
    });
    this.#running.set(controller, running);
    return running;
  }

  /** Gives up all of them, and all that still come. No grace: nobody has been promised anything. */
  stop(): void {
    this.#stopped ??= new StoppedError('stop: expected no dial under way, got one');
    for (const controller of this.#running.keys()) controller.abort(this.#stopped);
  }

  /** Settles when none is running any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running.values());
  }
}

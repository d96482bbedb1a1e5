/** Forwards inside another program: told by options, heard by events. What they need is loaded when they are started. */
import { EventEmitter } from 'node:events';
import { listeningBy } from '../shared/config/exit.js';
import { type ForwardOptions, readForwardOptions } from '../shared/config/forward-options.js';
import { readGrace } from '../shared/config/options.js';
import { readService } from '../shared/config/service-address.js';
import type { ForwardSettings, ListenAddress } from '../shared/config/settings.js';
import { systemEnvironment } from '../shared/net/system.js';
import { emitting, type ObservedEvents } from '../shared/observe/emitter.js';
import { Lifespan } from '../shared/observe/lifespan.js';
import type { OpenForward } from '../shared/serve/forwards.js';
import type { StopOptions } from '../shared/service.js';
import type { ForwardService } from './forward.js';

/** Forwards that have not been started. ConfigError, beginning with the name of the option, for one that cannot be used. */
export function createForward(options: ForwardOptions): EmbeddedForward {
  return new EmbeddedForward(options);
}

/**
 * Ports and unix sockets that lead to one target each, straight or through proxies. Each thing that is observed is an event
 * of its own name, with an object that says what happened; none of them has to be listened to. An Error is thrown by what
 * needs forwards that run while they do not.
 */
export class EmbeddedForward extends EventEmitter<ObservedEvents> {
  readonly #settings: ForwardSettings;
  readonly #life: Lifespan<ForwardService>;

  constructor(options: ForwardOptions) {
    super();
    this.#settings = readForwardOptions(options);
    this.#life = new Lifespan('forward', () => listeningBy('the option forwards', this.#begin()));
  }

  /**
   * Settles when all of them listen; none of the targets needs to be there. Rejects with an Error whose `code` is that of
   * the system (EADDRINUSE, EACCES…) and whose message names the forward when one cannot listen: none does then. Rejects
   * with a StoppedError when they are stopped meanwhile. They may be started again after that, and after each stop.
   */
  async start(): Promise<this> {
    await this.#life.start();
    return this;
  }

  /**
   * Listens no more from now on, lets connections finish for at most `graceMs` (0 by default), and resets what is left.
   * Settles when nothing of it is open. A second call shortens the grace of the first. Rejects with a ConfigError for a
   * `graceMs` that is no time, and goes on then.
   */
  async stop(options?: StopOptions): Promise<void> {
    await this.#life.stop(readGrace(options));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Where the first of them listens, with the port that was really taken. That of a unix socket is its path, with port 0. */
  address(): ListenAddress {
    const { listen } = this.#life.running;
    return listen.includes('/') ? { host: listen, port: 0 } : readService(listen);
  }

  /** All of them, in the order of the options, with the ports that were really taken. */
  get forwards(): readonly OpenForward[] {
    return this.#life.running.forwards;
  }

  async #begin(): Promise<ForwardService> {
    const { startForward } = await import('./forward.js');
    return startForward(this.#settings, systemEnvironment, emitting(this));
  }
}

/** A local inside another program: told by options, heard by events. What it needs is loaded when it is started. */
import { EventEmitter } from 'node:events';
import { listeningBy } from '../shared/config/exit.js';
import type { WholeLocalSettings } from '../shared/config/local-flags.js';
import { type LocalOptions, readLocalOptions, type ServerOption } from '../shared/config/local-options.js';
import { copyOptions, readGrace } from '../shared/config/options.js';
import { readService } from '../shared/config/service-address.js';
import type { ListenAddress } from '../shared/config/settings.js';
import { ConfigError } from '../shared/errors.js';
import { systemEnvironment } from '../shared/net/system.js';
import { emitting, type ObservedEvents } from '../shared/observe/emitter.js';
import type { CheckResult } from '../shared/observe/events.js';
import { Lifespan } from '../shared/observe/lifespan.js';
import type { CarrierCounts } from '../shared/outbound/carriers.js';
import type { OpenForward } from '../shared/serve/forwards.js';
import type { StopOptions } from '../shared/service.js';
import type { LocalService, ServerCheck } from './local.js';

/** A local that has not been started. ConfigError, beginning with the name of the option, for one that cannot be used. */
export function createLocal(options: LocalOptions): EmbeddedLocal {
  return new EmbeddedLocal(options);
}

/**
 * One port for SOCKS4, SOCKS5 and HTTP whose requests leave through a remote. Each thing that is observed is an event of
 * its own name, with an object that says what happened; none of them has to be listened to. An Error is thrown by what
 * needs a local that runs while it does not.
 */
export class EmbeddedLocal extends EventEmitter<ObservedEvents> {
  readonly #options: LocalOptions;
  readonly #life: Lifespan<LocalService>;
  #settings: WholeLocalSettings;

  constructor(options: LocalOptions) {
    super();
    this.#options = copyOptions(options);
    this.#settings = readLocalOptions(this.#options);
    this.#life = new Lifespan('local', (signal) => listeningBy('the option listen', this.#begin(signal)));
  }

  /**
   * Settles when it listens; with a subscription alone, once the list could be had. It does not need any server to be
   * there. Rejects with a ConfigError for a plugin that does not run, with an Error whose `code` is that of the system
   * (EADDRINUSE, EACCES…) when it cannot listen, and with a StoppedError when it is stopped meanwhile. It may be started
   * again after that, and after each stop.
   */
  async start(): Promise<this> {
    await this.#life.start();
    return this;
  }

  /**
   * Listens no more from now on, lets conversations finish for at most `graceMs` (0 by default), and resets what is left.
   * Settles when nothing of it is open. A second call shortens the grace of the first. Rejects with a ConfigError for a
   * `graceMs` that is no time, and goes on then.
   */
  async stop(options?: StopOptions): Promise<void> {
    await this.#life.stop(readGrace(options));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Where it listens, with the port that was really taken. */
  address(): ListenAddress {
    return readService(this.#life.running.listen);
  }

  /** Its forwards, in the order of the option, with the ports that were really taken. */
  get forwards(): readonly OpenForward[] {
    return this.#life.running.forwards;
  }

  /**
   * Tries the path to the remote: the name, the connection, then one authenticated conversation. Of several servers all are
   * tried, and the outcome is that of the first one that works, else that of the first.
   */
  async check(): Promise<CheckResult> {
    return this.#life.running.check();
  }

  /** Tries the paths to all servers, with the outcome of each, in their order. */
  async checkServers(): Promise<readonly ServerCheck[]> {
    return this.#life.running.checkServers();
  }

  /**
   * Other servers from now on, for new conversations: those that run go on. ConfigError for servers that cannot be used,
   * and where a subscription says which there are; nothing has changed then.
   */
  replaceServers(server: ServerOption | readonly ServerOption[]): void {
    if (this.#settings.subscription !== undefined) {
      throw new ConfigError('server: expected no subscription, which says what servers there are, got one');
    }
    const settings = readLocalOptions({ ...this.#options, server });
    this.#life.serving?.replaceServers(settings.servers);
    this.#settings = settings;
  }

  /** What became of its carriers so far: connections to its remotes that have one conversation after another. */
  carriers(): CarrierCounts {
    return this.#life.running.carriers();
  }

  async #begin(signal: AbortSignal): Promise<LocalService> {
    const { subscription, ...settings } = this.#settings;
    const observer = emitting(this);
    if (subscription === undefined) {
      const { startLocal } = await import('./local.js');
      const local = await startLocal(settings, systemEnvironment, observer);
      // They may have become others meanwhile.
      if (this.#settings.servers !== settings.servers) local.replaceServers(this.#settings.servers);
      return local;
    }
    const { startSubscribedLocal } = await import('./subscribed.js');
    return startSubscribedLocal({ ...settings, subscription }, systemEnvironment, observer, { signal });
  }
}

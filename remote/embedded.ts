/** A remote inside another program: told by options, heard by events. What it needs is loaded when it is started. */
import { EventEmitter } from 'node:events';
import { listeningBy } from '../shared/config/exit.js';
import { readGrace } from '../shared/config/options.js';
import {
  readRemoteOptions,
  type RemoteOptions,
  type WholeRemoteSettings,
} from '../shared/config/remote-options.js';
import type { ListenAddress, PortSettings } from '../shared/config/settings.js';
import { systemEnvironment } from '../shared/net/system.js';
import { emitting, type ObservedEvents } from '../shared/observe/emitter.js';
import { Lifespan } from '../shared/observe/lifespan.js';
import type { UsageStore } from '../shared/serve/usage-store.js';
import type { UserStore } from '../shared/serve/user-store.js';
import type { Service, StopOptions } from '../shared/service.js';
import type { EmbeddedPort, LinkOptions } from './embedded-port.js';
import type { ManagedRemoteService, RemoteService, ServedPort } from './remote.js';
import type { Memory } from './replay-memory.js';

/** A remote that has not been started. ConfigError, beginning with the name of the option, for one that cannot be used. */
export function createRemote(options: RemoteOptions = {}): EmbeddedRemote {
  return new EmbeddedRemote(options);
}

/** A remote that runs. */
interface Embedded extends Service {
  readonly served: readonly ServedPort[];
  readonly manager: string | undefined;
}

/**
 * Authenticates our own locals and Shadowsocks clients, dials what they ask for, answers honestly. Each thing that is
 * observed is an event of its own name, with an object that says what happened; none of them has to be listened to. An
 * Error is thrown by what needs a remote that runs while it does not.
 */
export class EmbeddedRemote extends EventEmitter<ObservedEvents> {
  readonly #life: Lifespan<Embedded>;
  readonly #whole: WholeRemoteSettings;
  /** Its ports as they were opened last. */
  #before: readonly ServedPort[] | undefined;
  /** The same for the program: made once, so that what it keeps of them is about those that are open now. */
  #ports: readonly EmbeddedPort[] = [];
  /** For its whole life: what was used before a stop is not forgotten. */
  #memory: Memory | undefined;

  constructor(options: RemoteOptions) {
    super();
    this.#whole = readRemoteOptions(options, systemEnvironment);
    this.#life = new Lifespan('remote', () => {
      const place = this.#whole.own ? 'listen' : 'ports';
      return listeningBy(`the option ${place}`, this.#begin());
    });
  }

  /**
   * Settles when it listens. Rejects with a ConfigError for a plugin that does not run, with an Error whose `code` is that
   * of the system (EADDRINUSE, EACCES…) when it cannot listen, and with a StoppedError when it is stopped meanwhile. It may
   * be started again after that, and after each stop, with the same keys.
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

  /** The key or the password of its own port: what was given, or what was generated. An Error when it has no such port. */
  get secret(): string {
    if (this.#whole.own) return this.#whole.settings.secret;
    throw portless();
  }

  /** Where its own port listens, with the port that was really taken. */
  address(): ListenAddress {
    return this.#own.address();
  }

  /** The link to its own port, for whoever is to use it. The secret is in it. See `EmbeddedPort.uri`. */
  uri(link?: LinkOptions): string {
    return this.#own.uri(link);
  }

  /** The link of one user of its own port. See `EmbeddedPort.uriOf`. */
  async uriOf(user: string, link?: LinkOptions): Promise<string> {
    return this.#own.uriOf(user, link);
  }

  /** Who may use its own port, where each has a key of its own: they may come and go. */
  get users(): UserStore {
    return this.#own.users;
  }

  /** What each of them has carried. */
  get usage(): UsageStore {
    return this.#own.usage;
  }

  /** Its own port, if it has one, then those of the option `ports`. What a manager adds is not among them. */
  get ports(): readonly EmbeddedPort[] {
    const { served } = this.#life.running;
    return this.#ports.slice(0, served.length);
  }

  /** Where it listens to a manager: HOST:PORT or a path. Undefined when it has none. */
  get manager(): string | undefined {
    return this.#life.running.manager;
  }

  get #own(): EmbeddedPort {
    const [own] = this.ports;
    if (own !== undefined && this.#whole.own) return own;
    throw portless();
  }

  async #begin(): Promise<Embedded> {
    const { embeddedPort } = await import('./embedded-port.js');
    const told = await this.#told();
    const { listen, manager, ports, ...service } = await this.#start(told);
    if (this.#before === undefined) {
      this.#ports = told.map((settings, at) =>
        embeddedPort(settings, () => this.#servedAt(at), this.#whole.settings),
      );
    }
    this.#before = ports;
    return { listen, manager, served: ports, stop: (graceMs) => service.stop(graceMs) };
  }

  #servedAt(place: number): ServedPort {
    const served = this.#life.running.served[place];
    if (served === undefined) throw portless();
    return served;
  }

  /**
   * What its ports are told, in their order: when they were open before, something can have been recorded under their keys,
   * and their users are those that they had in the end.
   */
  async #told(): Promise<readonly PortSettings[]> {
    const before = this.#before;
    const { settings, own } = this.#whole;
    const ports = own ? [settings, ...(settings.ports ?? [])] : (settings.manager.ports ?? []);
    if (before === undefined) return ports;
    return Promise.all(
      ports.map(async (port, at) => {
        const users = port.users && (await before[at]?.users.list());
        return { ...port, freshKey: false, ...(users && { users }) };
      }),
    );
  }

  async #start(told: readonly PortSettings[]): Promise<RemoteService | ManagedRemoteService> {
    const { startRemote, startManagedRemote } = await import('./remote.js');
    const { ReplayMemory } = await import('./replay-memory.js');
    const environment = systemEnvironment;
    const observer = emitting(this);
    const { settings, own } = this.#whole;
    const { stateDirectory } = settings;
    const toldBy = 'the option stateDirectory';
    this.#memory ??= new ReplayMemory({ environment, observer, stateDirectory, toldBy });
    const shared = { memory: this.#memory };
    if (!own) {
      const manager = { ...settings.manager, ports: told };
      return startManagedRemote({ ...settings, manager }, environment, observer, shared);
    }
    const [main = settings, ...ports] = told;
    return startRemote({ ...settings, ...main, ports }, environment, observer, shared);
  }
}

function portless(): Error {
  return new Error('remote: expected one with a port of its own, got one whose ports its manager opens');
}

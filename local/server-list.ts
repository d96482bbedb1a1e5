/** The servers of a local, as they are now: who is asked, and what is said when that changes. */
import type { ServerChoice } from '../shared/config/settings.js';
import { ConfigError, messageOf } from '../shared/errors.js';
import type { CheckResult } from '../shared/observe/events.js';
import { type ServerPath, startPath, type Surroundings } from './server-path.js';
import { active, identityOf, inTurn } from './servers.js';

/** The outcome of a check of one of the servers. */
export interface PathCheck {
  readonly path: ServerPath;
  readonly check: CheckResult;
}

/** What the list shares with each of its servers, but for what only the list knows. */
export type Shared = Omit<Surroundings, 'several' | 'changed'>;

const mixedAuth =
  'servers: expected all of them on the raw wire (halflight://) where one has auth=remote, got one on the standard wire';

export class ServerList {
  readonly #around: Surroundings;
  #paths: readonly ServerPath[] = [];
  /** Those that take conversations, by name. */
  #active: readonly string[] = [];
  readonly #retired = new Set<ServerPath>();
  #replacing = Promise.resolve();
  #newest = 0;
  #stopped = false;

  /** Empty until it is started. */
  constructor(shared: Shared) {
    this.#around = {
      ...shared,
      several: () => this.#paths.length > 1,
      changed: (path, why) => {
        this.#tellChange(path.up ? `${path.name} ${why}` : why);
      },
    };
  }

  get all(): readonly ServerPath[] {
    return this.#paths;
  }

  /** In the order in which a conversation with the host `key` tries them. */
  inTurn(key: string): readonly ServerPath[] {
    return inTurn(this.#paths, key);
  }

  /** The same for a conversation without a target: those of one order by lot. */
  byLot(): readonly ServerPath[] {
    return this.inTurn(Buffer.from(this.#around.environment.randomBytes(8)).toString('hex'));
  }

  /** Starts the first servers. Rejects with the ConfigError of the first that cannot be started; none runs then. */
  async start(choices: readonly ServerChoice[]): Promise<void> {
    const started = await Promise.allSettled(
      distinct(choices).map((choice) => startPath(choice, this.#around)),
    );
    const running = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const failed = started.find((one) => one.status === 'rejected');
    if (failed !== undefined) {
      await Promise.all(running.map((path) => path.stop()));
      throw failed.reason as Error;
    }
    this.#become(running);
  }

  /** Checks all of them at once. */
  check(): Promise<readonly PathCheck[]> {
    return Promise.all(this.#paths.map(async (path) => ({ path, check: await path.look() })));
  }

  /**
   * Others from now on. Those that were there before keep what is known of them; what runs through one that is not
   * there any more goes on. One whose plugin does not start is left out, and said so.
   * @throws ConfigError for servers that cannot stand in for each other; nothing has changed then.
   */
  replace(choices: readonly ServerChoice[]): void {
    const wanted = distinct(choices);
    if (this.#stopped) return;
    this.#newest += 1;
    const turn = this.#newest;
    this.#replacing = this.#replacing.then(() => this.#exchange(wanted, () => turn === this.#newest));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#newest += 1;
    await this.#replacing;
    await Promise.all([...this.#paths, ...this.#retired].map((path) => path.stop()));
  }

  /** Nothing of the list looks for anything any more. */
  rest(): void {
    this.#stopped = true;
    for (const path of this.#paths) path.rest();
  }

  async #exchange(wanted: readonly ServerChoice[], current: () => boolean): Promise<void> {
    if (!current()) return;
    const next = await Promise.all(wanted.map((choice) => this.#pathOf(choice)));
    const paths = next.filter((path) => path !== undefined);
    if (!current() || paths.length === 0) {
      const fresh = paths.filter((path) => !this.#paths.includes(path));
      await Promise.all(fresh.map((path) => path.stop()));
      return;
    }
    const gone = this.#paths.filter((path) => !paths.includes(path));
    const fresh = paths.filter((path) => !this.#paths.includes(path));
    const before = this.#paths.length;
    this.#become(paths);
    for (const path of gone) {
      this.#retired.add(path);
      void path.retire().then(() => this.#retired.delete(path));
    }
    const unknown = before > 1 ? fresh : paths;
    if (paths.length > 1) for (const path of unknown) void path.look();
  }

  async #pathOf(choice: ServerChoice): Promise<ServerPath | undefined> {
    const identity = identityOf(choice.uri);
    const known = this.#paths.find((path) => path.identity === identity);
    known?.becomes(choice);
    try {
      return known ?? (await startPath(choice, this.#around));
    } catch (error) {
      this.#around.observer({ event: 'warning', detail: `server left out: ${messageOf(error)}` });
      return undefined;
    }
  }

  #become(paths: readonly ServerPath[]): void {
    const first = this.#paths.length === 0;
    this.#paths = paths;
    if (first) this.#active = this.#names();
    else this.#tellChange('the list of servers is another one');
    for (const path of paths) path.attend();
  }

  #names(): readonly string[] {
    return active(this.#paths).map(({ name }) => name);
  }

  #tellChange(why: string): void {
    const from = this.#active;
    const to = this.#names();
    this.#active = to;
    if (this.#stopped || to.join() === from.join() || !this.#around.several()) return;
    this.#around.observer({ event: 'servers-changed', from, to, why });
  }
}

/**
 * Each server once, where it stands first.
 * @throws ConfigError for servers that cannot stand in for each other.
 */
export function distinct(choices: readonly ServerChoice[]): readonly ServerChoice[] {
  const wires = choices.map(({ uri }) => uri.wire);
  // A password that a remote is to hear cannot be said to a server that knows nothing of passwords.
  if (choices.some(({ uri }) => uri.remoteAuth === true) && wires.includes('shadowsocks')) {
    throw new ConfigError(mixedAuth);
  }
  const identities = choices.map(({ uri }) => identityOf(uri));
  return choices.filter((_, at) => identities.indexOf(identities[at] ?? '') === at);
}

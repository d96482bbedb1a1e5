/** What a remote remembers of openings, so that a recorded one is not answered again, whichever of its ports it comes to. */
import { createHmac } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cipher } from '../shared/codec/stream.js';
import type { Environment } from '../shared/environment.js';
import { ConfigError, messageOf } from '../shared/errors.js';
import { exactReplayStore, hashedReplayStore, type ReplayStore } from '../shared/net/replay.js';
import type { Observer } from '../shared/observe/events.js';

/** What one port needs of it. */
export interface PortMemory {
  readonly replay: ReplayStore;
  /** Unix seconds: a stamped opening older than this may have been recorded before anybody could remember it. */
  readonly notBefore: number;
  /**
   * Whoever knew what datagrams the port was sent is gone: the Unix second from which on none can have been seen by that
   * one. Settles when it has begun.
   */
  forgotten(): Promise<number>;
  /** The port is closed. */
  release(): Promise<void>;
}

/** The memories of all ports of a remote. */
export interface Memory {
  /**
   * The memory for one more port. Rejects when its `signal` fires while it waits, and with a ConfigError when another
   * remote of this process keeps the journal of its key.
   */
  take(cipher: Cipher, options: TakingOptions): Promise<PortMemory>;
}

export interface ReplayMemoryOptions {
  readonly environment: Environment;
  readonly observer: Observer;
  /** The directory of the journals; undefined keeps everything in memory only. */
  readonly stateDirectory: string | undefined;
  /** Where one is named, for the warning that there is none. */
  readonly toldBy?: string;
}

export interface TakingOptions {
  /** Nothing can have been recorded under its key. */
  readonly freshKey: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A packet of the 2022 edition can be played again for so long, in milliseconds (SIP022 §3.2.4). */
const playableMs = 61_000;

/**
 * Memories of ports that are closed, for keys that no journal is kept for: nobody else knows what was used under them.
 * So many are kept, the newest, for panels that change passwords for years; an empty one takes 16 KiB.
 */
const mostKept = 4096;

interface OpenStore {
  readonly store: ReplayStore;
  /** Whether a file remembers what it does. */
  readonly journal: boolean;
}

interface SharedStore {
  readonly opened: Promise<OpenStore>;
  ports: number;
}

/** The memories, in this process. */
export class ReplayMemory implements Memory {
  readonly #environment: Environment;
  readonly #observer: Observer;
  readonly #directory: string | undefined;
  readonly #toldBy: string;
  /** Of all 2022 ports: their salts are too long to meet. */
  readonly #exact = exactReplayStore();
  /** Of 2017 ports, by key: two ports with one key would answer the same opening. */
  readonly #hashed = new Map<string, SharedStore>();
  /** Those of them that have no port any more, the one that was closed first before all others. */
  readonly #kept = new Map<string, SharedStore>();
  readonly #closing = new Map<string, Promise<void>>();
  #notBefore: number;
  /** That there is no place for journals. */
  #warned = false;
  #forgotAt = -Infinity;

  constructor({
    environment,
    observer,
    stateDirectory,
    toldBy = 'STATE_DIRECTORY, XDG_STATE_HOME or HOME',
  }: ReplayMemoryOptions) {
    this.#environment = environment;
    this.#observer = observer;
    this.#directory = stateDirectory;
    this.#toldBy = toldBy;
    this.#notBefore = this.#nextSecond();
  }

  async take({ method, key }: Cipher, { freshKey, signal }: TakingOptions): Promise<PortMemory> {
    if (method.edition === 2022) {
      const notBefore = freshKey ? 0 : await this.#begun(signal);
      return {
        replay: this.#exact,
        notBefore,
        forgotten: () => {
          this.#forgotAt = performance.now();
          return this.#begun(undefined);
        },
        release: () => {
          this.#forgotAt = performance.now();
          return Promise.resolve();
        },
      };
    }
    const hashKey = createHmac('sha256', key).update('halflight replay journal').digest();
    const name = hashKey.toString('hex');
    await this.#closing.get(name);
    const known = this.#hashed.get(name) ?? this.#kept.get(name);
    const shared = known ?? { opened: this.#open(hashKey, freshKey), ports: 0 };
    this.#kept.delete(name);
    this.#hashed.set(name, shared);
    shared.ports += 1;
    const { store: replay } = await shared.opened.catch((error: unknown) => {
      if (this.#hashed.get(name) === shared) this.#hashed.delete(name);
      throw error;
    });
    let released: Promise<void> | undefined;
    return {
      replay,
      notBefore: 0,
      // Packets of this edition have no stamp, and nothing is remembered of them.
      forgotten: () => Promise.resolve(0),
      release: () => (released ??= this.#release(name, shared)),
    };
  }

  async #release(name: string, shared: SharedStore): Promise<void> {
    shared.ports -= 1;
    if (shared.ports > 0) return;
    this.#hashed.delete(name);
    const closing = shared.opened.then(({ store, journal }) => {
      if (!journal) this.#keep(name, shared);
      return journal ? store.close() : undefined;
    });
    this.#closing.set(name, closing);
    await closing.finally(() => this.#closing.delete(name));
  }

  #keep(name: string, shared: SharedStore): void {
    this.#kept.set(name, shared);
    const [first] = this.#kept.keys();
    if (this.#kept.size > mostKept && first !== undefined) this.#kept.delete(first);
  }

  /**
   * A 2022 opening recorded before this process began cannot be in its memory. Its stamp is in whole seconds, so the
   * remote waits for the next one and takes nothing older: no second is then half remembered (docs/probes.md T-05).
   * The datagrams of a port are forgotten with it: whatever port comes soon after waits again.
   */
  async #begun(signal: AbortSignal | undefined): Promise<number> {
    if (performance.now() - this.#forgotAt < playableMs) this.#notBefore = this.#nextSecond();
    const notBefore = this.#notBefore;
    await sleep(Math.max(0, notBefore * 1000 - this.#environment.now()), undefined, { signal }).catch(
      (error: unknown) => {
        signal?.throwIfAborted();
        throw error;
      },
    );
    return notBefore;
  }

  #nextSecond(): number {
    return Math.floor(this.#environment.now() / 1000) + 1;
  }

  async #open(hashKey: Buffer, freshKey: boolean): Promise<OpenStore> {
    const warn = (detail: string): void => {
      this.#observer({ event: 'warning', detail });
    };
    if (this.#directory === undefined) {
      if (!freshKey && !this.#warned) {
        this.#warned = true;
        warn(`replay journal: expected ${this.#toldBy}, got none: it cannot be kept`);
      }
      return { store: hashedReplayStore(hashKey, undefined), journal: false };
    }
    const file = path.join(this.#directory, `salts-${hashKey.toString('hex', 0, 4)}`);
    try {
      const { openJournal } = await import('../shared/net/journal.js');
      const journal = await openJournal(file, hashKey, warn);
      return { store: hashedReplayStore(hashKey, journal), journal: true };
    } catch (error) {
      if (error instanceof ConfigError) throw error;
      warn(
        `replay journal: expected to write ${file}, got ${messageOf(error)}; a restart will forget used salts`,
      );
      return { store: hashedReplayStore(hashKey, undefined), journal: false };
    }
  }
}

/** The plugins of a local: one for each remote that wants any, however many workers go through it. */
import { formatTarget, type Target } from '../../shared/codec/address.js';
import type { Observer } from '../../shared/observe/events.js';
import { type PluginWay, startPluginTo } from '../../shared/serve/plugin.js';
import type { LocalParentAnswers } from './orders.js';

interface Shared {
  readonly name: string;
  readonly way: Promise<PluginWay>;
  /** The workers that go through it. */
  readonly workers: Set<number>;
}

export class LocalPlugins {
  readonly #observer: Observer;
  readonly #running = new Map<string, Shared>();
  readonly #ending = new Set<Promise<void>>();

  constructor(observer: Observer) {
    this.#observer = observer;
  }

  /** What a worker is answered about them. */
  answers(worker: number): Pick<LocalParentAnswers, 'startPlugin' | 'leavePlugin'> {
    return {
      startPlugin: async ({ remote, plugin }) => {
        const name = JSON.stringify([remote.host, remote.port, plugin.name, plugin.options]);
        const shared = this.#running.get(name) ?? {
          name,
          way: startPluginTo(remote, plugin, this.#observer),
          workers: new Set(),
        };
        this.#running.set(name, shared);
        shared.workers.add(worker);
        try {
          return (await shared.way).local;
        } catch (error) {
          this.#running.delete(name);
          throw error;
        }
      },
      leavePlugin: (local) => {
        void this.#leave(worker, local);
      },
    };
  }

  /** A worker has ended: one that it alone went through is stopped. */
  left(worker: number): void {
    for (const shared of this.#running.values()) this.#drop(worker, shared);
  }

  async stop(): Promise<void> {
    const all = Array.from(this.#running.values());
    this.#running.clear();
    for (const shared of all) this.#end(shared);
    await Promise.all(this.#ending);
  }

  async #leave(worker: number, local: Target): Promise<void> {
    for (const shared of this.#running.values()) {
      const way = await shared.way.catch(() => undefined);
      if (way !== undefined && formatTarget(way.local) === formatTarget(local)) {
        this.#drop(worker, shared);
      }
    }
  }

  #drop(worker: number, shared: Shared): void {
    const { name, workers } = shared;
    if (!workers.delete(worker) || workers.size > 0) return;
    this.#running.delete(name);
    this.#end(shared);
  }

  /** Whoever stops waits for all that end. */
  #end({ way }: Shared): void {
    const ended = way.then(
      (plugin) => plugin.stop(),
      () => undefined,
    );
    this.#ending.add(ended);
    void ended.finally(() => this.#ending.delete(ended));
  }
}

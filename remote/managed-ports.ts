/** The ports that a panel has opened. */
import { weakPassword } from '../shared/codec/keys.js';
import type { ManagerSettings, PortSettings } from '../shared/config/settings.js';
import { codeOf, messageOf, ProtocolError, StoppedError } from '../shared/errors.js';
import { mayStand, moreDescriptors, seldom } from '../shared/net/descriptors.js';
import type { Observer } from '../shared/observe/events.js';
import { listReplies, managerReplies, pingReplies, type PortRequest } from '../shared/proxy/ss-manager.js';
import { portSettings, same } from './managed-settings.js';
import type { Port } from './port.js';

/** Requests that may wait for their turn, for one port and for all. */
const mostWaiting = { port: 64, total: 4096 } as const;
/** What a port cannot be had for: everything else is wrong in the request. */
const unavailable: readonly unknown[] = ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'EPERM'];
/** Descriptors of one port: two listeners, and a journal or the pipes of its plugin. */
const descriptorsEach = 4;
/** Of the names without meaning in a request, so many characters are told. */
const longestIgnored = 200;

export interface ManagedPortsOptions {
  readonly open: (settings: PortSettings, signal: AbortSignal) => Promise<Port>;
  readonly observer: Observer;
}

interface Managed {
  readonly settings: PortSettings;
  readonly port: Port;
}

interface Turns {
  waiting: number;
  /** Of the last of them; never rejects. */
  over: Promise<unknown>;
}

/** What a manager has opened. Requests for one port are carried out one after the other. */
export class ManagedPorts {
  readonly #settings: ManagerSettings;
  readonly #options: ManagedPortsOptions;
  readonly #open = new Map<number, Managed>();
  readonly #turns = new Map<number, Turns>();
  readonly #stopping = new AbortController();
  readonly #warnWeak: (port: number, why: string) => void;
  readonly #warnFull: () => void;
  #waiting = 0;

  constructor(settings: ManagerSettings, options: ManagedPortsOptions) {
    this.#settings = settings;
    this.#options = options;
    const warn = (detail: string): void => {
      options.observer({ event: 'warning', detail: `manager: ${detail}` });
    };
    this.#warnWeak = seldom((port, why) => {
      warn(`port ${port}: ${why}; it is taken because panels make such ones; let yours make longer ones`);
    });
    this.#warnFull = seldom(() => {
      warn(`expected descriptors for one more port, got too few: ${moreDescriptors}`);
    });
  }

  /** Opens those that it has from the start. Rejects as opening them does; those before stay open then. */
  async openFirst(): Promise<readonly Port[]> {
    const { ports = [] } = this.#settings;
    for (const settings of ports) await this.#openPort(settings);
    return Array.from(this.#open.values(), ({ port }) => port);
  }

  list(): readonly string[] {
    return listReplies(
      Array.from(
        this.#open,
        ([
          port,
          {
            settings: { secret, method, users },
          },
        ]) => ({
          port,
          password: secret,
          method: method.name,
          ...(users && { users: users.map(({ name, secret: password }) => ({ name, password })) }),
        }),
      ),
    );
  }

  ping(): readonly string[] {
    return pingReplies(Array.from(this.#open, ([number, { port }]) => [number, port.accounts.bytes]));
  }

  /**
   * Opens it, or gives it what is new. The one that is there has to go first, for both have one address: what runs through
   * it is cut. If what should take its place cannot be opened, it comes back as it was. Rejects for what cannot be
   * carried out, and, as `remove` does, when too much waits already.
   */
  add(added: PortRequest): Promise<string> {
    return this.#inTurn(added.port, async () => {
      const settings = portSettings(added, this.#settings);
      const before = this.#open.get(added.port);
      if (before !== undefined && same(before.settings, settings)) return managerReplies.done;
      if (before === undefined && !mayStand(descriptorsEach)) {
        this.#warnFull();
        this.#tell(added.port, 'refused: there are too few descriptors');
        return managerReplies.taken;
      }
      await this.#close(added.port);
      this.#remark(added, settings);
      try {
        await this.#openPort(settings);
        return managerReplies.done;
      } catch (error) {
        if (before !== undefined) await this.#restore(before.settings);
        if (!unavailable.includes(codeOf(error))) throw error;
        this.#tell(added.port, `refused: ${messageOf(error)}`);
        return managerReplies.taken;
      }
    });
  }

  /** There may be none: libev says yes to that, too. */
  remove(port: number): Promise<string> {
    return this.#inTurn(port, async () => {
      await this.#close(port);
      return managerReplies.done;
    });
  }

  /** What is being opened meanwhile is given up. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort(new StoppedError('manager: expected to open a port, got its end'));
    const ports = Array.from(this.#open.values(), ({ port }) => port.stop(graceMs));
    await Promise.all([...ports, ...Array.from(this.#turns.values(), ({ over }) => over)]);
  }

  async #openPort(settings: PortSettings): Promise<void> {
    const { signal } = this.#stopping;
    const { port: number } = settings.listen;
    const port = await this.#options.open(settings, signal);
    this.#open.set(number, { settings, port });
    if (signal.aborted) await this.#close(number);
  }

  async #restore(settings: PortSettings): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const { port } = settings.listen;
    try {
      await this.#openPort(settings);
      this.#tell(port, 'as it was before');
    } catch (error) {
      this.#tell(port, `gone: ${messageOf(error)}`);
    }
  }

  #remark({ port, ignored }: PortRequest, { method, secret }: PortSettings): void {
    const weak = method.edition === 2017 ? weakPassword(secret) : undefined;
    if (weak !== undefined) this.#warnWeak(port, weak);
    const unused = ignored.length > 0 ? `, without ${ignored.join(', ').slice(0, longestIgnored)}` : '';
    this.#tell(port, `opening, with ${method.name}${unused}`);
  }

  #tell(port: number, detail: string): void {
    this.#options.observer({ event: 'managed', port, detail });
  }

  /** Cuts whatever runs through it. */
  async #close(number: number): Promise<void> {
    const managed = this.#open.get(number);
    if (managed === undefined) return;
    this.#open.delete(number);
    this.#tell(number, 'closing');
    await managed.port.stop(0);
  }

  async #inTurn<T>(port: number, work: () => Promise<T>): Promise<T> {
    const turns = this.#turns.get(port) ?? { waiting: 0, over: Promise.resolve() };
    if (turns.waiting >= mostWaiting.port || this.#waiting >= mostWaiting.total) {
      throw new ProtocolError(`port ${port}: expected to wait for its turn, got too many that do`);
    }
    this.#turns.set(port, turns);
    turns.waiting += 1;
    this.#waiting += 1;
    const mine = turns.over.then(() => {
      this.#stopping.signal.throwIfAborted();
      return work();
    });
    turns.over = mine
      .catch(() => undefined)
      .finally(() => {
        turns.waiting -= 1;
        this.#waiting -= 1;
        if (turns.waiting === 0) this.#turns.delete(port);
      });
    return mine;
  }
}

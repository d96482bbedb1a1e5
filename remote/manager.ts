/** The ports of a remote that a panel opens and closes while it runs (shared/proxy/ss-manager.ts). */
import { masterKey, weakPassword } from '../shared/codec/keys.js';
import { findMethod } from '../shared/codec/methods.js';
import { Users } from '../shared/codec/users.js';
import type { ManagerSettings, PortSettings } from '../shared/config/settings.js';
import { codeOf, ConfigError, messageOf } from '../shared/errors.js';
import { seldom } from '../shared/net/descriptors.js';
import { hearUdp, type MessageReceived, type MessageSocket } from '../shared/net/messages.js';
import type { Plugin } from '../shared/net/plugin.js';
import { hearUnix } from '../shared/net/unix-messages.js';
import type { Observer } from '../shared/observe/events.js';
import {
  listReplies,
  managerReplies,
  type ManagerRequest,
  pingReplies,
  type PortRequest,
  readManagerRequest,
} from '../shared/proxy/ss-manager.js';
import type { OwnAddresses } from './own-addresses.js';
import type { Port } from './port.js';

/** Requests that may wait for their turn; more are dropped, as a socket that is full would. */
const mostWaiting = 4096;
/** What a port cannot be had for: everything else is wrong in the request. */
const unavailable: readonly unknown[] = ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'EPERM'];

export interface ManagerOptions {
  readonly open: (settings: PortSettings) => Promise<Port>;
  readonly own: OwnAddresses;
  readonly observer: Observer;
}

/** A manager that is listened to. */
export interface Manager {
  /** Where: HOST:PORT or a path. */
  readonly listen: string;
  /** Listens no longer, and stops its ports as a whole remote does. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Listens to a manager. Rejects with a ConfigError for a path that cannot be had, or with the system's error for such
 * an address.
 */
export async function startManager(settings: ManagerSettings, options: ManagerOptions): Promise<Manager> {
  const { observer, own } = options;
  const ports = new ManagedPorts(settings, options);
  const warn = (detail: string): void => {
    observer({ event: 'warning', detail });
  };
  // Anybody on this machine may send nonsense as fast as it likes.
  const complain = seldom((error: unknown) => {
    warn(`manager: ${messageOf(error)}`);
  });
  let waiting = 0;
  const received: MessageReceived = (message, answer) => {
    if (waiting >= mostWaiting) return;
    waiting += 1;
    void ports
      .answer(message)
      .catch((error: unknown): readonly string[] => {
        complain(error);
        return [managerReplies.failed];
      })
      .then((replies) => {
        waiting -= 1;
        for (const reply of replies) answer(Buffer.from(reply));
      });
  };
  const socket = await hear(settings.address, received, { own, warn });
  return {
    listen: socket.text,
    async stop(graceMs) {
      await Promise.all([socket.close(), ports.stop(graceMs)]);
    },
  };
}

async function hear(
  address: ManagerSettings['address'],
  received: MessageReceived,
  { own, warn }: { readonly own: OwnAddresses; readonly warn: (detail: string) => void },
): Promise<MessageSocket> {
  if ('path' in address) return hearUnix(address.path, { received, warn });
  const socket = await hearUdp(address, received);
  own.add(socket.address);
  return socket;
}

interface Managed {
  readonly settings: PortSettings;
  readonly port: Port;
}

/** What a manager has opened. Requests for one port are carried out one after the other. */
class ManagedPorts {
  readonly #settings: ManagerSettings;
  readonly #options: ManagerOptions;
  readonly #open = new Map<number, Managed>();
  readonly #turns = new Map<number, Promise<unknown>>();
  readonly #warnWeak: (port: number, why: string) => void;
  #stopped = false;

  constructor(settings: ManagerSettings, options: ManagerOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#warnWeak = seldom((port, why) => {
      const advice = 'it is taken because panels make such ones; let yours make longer ones';
      options.observer({ event: 'warning', detail: `manager: port ${port}: ${why}; ${advice}` });
    });
  }

  /** The datagrams to answer with. Rejects for a request that makes no sense, or that cannot be carried out. */
  async answer(message: Uint8Array): Promise<readonly string[]> {
    const request = readManagerRequest(message);
    if (request === undefined) return [];
    return answers[request.command](this, request as never);
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

  add(added: PortRequest): Promise<string> {
    return this.#inTurn(added.port, async () => {
      const settings = portSettings(added, this.#settings);
      const before = this.#open.get(added.port);
      if (before !== undefined && same(before.settings, settings)) return managerReplies.done;
      this.#remark(added, settings);
      await this.#close(added.port);
      try {
        const port = await this.#options.open(settings);
        this.#open.set(added.port, { settings, port });
        if (this.#stopped) await this.#close(added.port);
        return managerReplies.done;
      } catch (error) {
        if (unavailable.includes(codeOf(error))) return managerReplies.taken;
        throw error;
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

  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    await Promise.all(Array.from(this.#open.values(), ({ port }) => port.stop(graceMs)));
  }

  #remark({ port, ignored }: PortRequest, { method, secret }: PortSettings): void {
    const { observer } = this.#options;
    const weak = method.edition === 2017 ? weakPassword(secret) : undefined;
    if (weak !== undefined) this.#warnWeak(port, weak);
    const unused = ignored.length > 0 ? `, without ${ignored.join(', ')}` : '';
    observer({ event: 'managed', port, detail: `opening, with ${method.name}${unused}` });
  }

  /** Cuts whatever runs through it. */
  async #close(number: number): Promise<void> {
    const managed = this.#open.get(number);
    if (managed === undefined) return;
    this.#open.delete(number);
    this.#options.observer({ event: 'managed', port: number, detail: 'closing' });
    await managed.port.stop(0);
  }

  #inTurn<T>(port: number, work: () => Promise<T>): Promise<T> {
    const mine = (this.#turns.get(port) ?? Promise.resolve()).then(work);
    const over = mine
      .catch(() => undefined)
      .finally(() => {
        if (this.#turns.get(port) === over) this.#turns.delete(port);
      });
    this.#turns.set(port, over);
    return mine;
  }
}

type Answers = {
  readonly [Command in ManagerRequest['command']]: (
    ports: ManagedPorts,
    request: Extract<ManagerRequest, { readonly command: Command }>,
  ) => readonly string[] | Promise<readonly string[]>;
};

const answers: Answers = {
  add: async (ports, { added }) => [await ports.add(added)],
  remove: async (ports, { port }) => [await ports.remove(port)],
  list: (ports) => ports.list(),
  ping: (ports) => ports.ping(),
};

/** Whether datagrams are served. */
const modes: ReadonlyMap<string, boolean> = new Map([
  ['tcp_only', false],
  ['tcp_and_udp', true],
]);

/** ConfigError for what cannot be opened. */
function portSettings(added: PortRequest, manager: ManagerSettings): PortSettings {
  const { port, password: secret, mode, users = [] } = added;
  const method = added.method === undefined ? manager.method : findMethod(added.method);
  const key = masterKey(method, secret);
  const members = users.map(({ name, password }) => ({ name, secret: password }));
  // Before the port that is there already makes room.
  if (members.length > 0) new Users({ method, key, backend: 'native' }, members);
  const udp = mode === undefined ? manager.udp : modes.get(mode);
  if (udp === undefined)
    throw new ConfigError(`port ${port}: expected mode tcp_only or tcp_and_udp, got another`);
  const plugin = readPlugin(added, manager);
  return {
    listen: { host: manager.host, port },
    method,
    secret,
    udp,
    freshKey: false,
    ...(plugin && { plugin }),
    ...(members.length > 0 && { users: members }),
  };
}

/** Whoever can name a plugin can run a program: only those that the operator has named before (T-35). */
function readPlugin(
  { port, plugin: name = '', pluginOptions: options = '' }: PortRequest,
  { allowPlugins }: ManagerSettings,
): Plugin | undefined {
  if (name === '') return undefined;
  if (!allowPlugins.includes(name)) {
    throw new ConfigError(`port ${port}: expected a plugin that --allow-plugin names, got another`);
  }
  return { name, ...(options !== '' && { options }) };
}

function same(one: PortSettings, other: PortSettings): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

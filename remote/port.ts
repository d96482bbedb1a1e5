/** One port of a remote: who is let in there, and where they are served. */
import { loadCiphers } from '../shared/codec/aead.js';
import { masterKey } from '../shared/codec/keys.js';
import type { Cipher } from '../shared/codec/stream.js';
import { streamUsers, Users } from '../shared/codec/users.js';
import type { PortSettings, RemoteSettings } from '../shared/config/settings.js';
import type { Environment } from '../shared/environment.js';
import { StoppedError } from '../shared/errors.js';
import type { Hooks } from '../shared/hooks/hooks.js';
import type { Guard } from '../shared/net/guard.js';
import type { Crowd, ListenOptions } from '../shared/net/listen.js';
import type { Resolver } from '../shared/net/resolve.js';
import type { Observer } from '../shared/observe/events.js';
import type { Outbound } from '../shared/outbound/outbound.js';
import { type Account, Accounts } from '../shared/serve/accounts.js';
import { Attempts } from '../shared/serve/attempts.js';
import { authenticate, type Gate, type WaitingRoom } from '../shared/serve/authenticate.js';
import { Connections, warnCrowded } from '../shared/serve/connections.js';
import { liveUsers, noUsers, type UserRecords } from '../shared/serve/live-users.js';
import type { RemotePlugins } from '../shared/serve/plugin.js';
import type { Inbound, Machine } from '../shared/serve/serve.js';
import type { Timeouts } from '../shared/serve/timeouts.js';
import type { Unproven } from '../shared/serve/unproven.js';
import type { UserStore } from '../shared/serve/user-store.js';
import { converse, Resting, type Room } from './conversation.js';
import type { OwnAddresses } from './own-addresses.js';
import { openSockets, type Within } from './port-sockets.js';
import type { Memory } from './replay-memory.js';

/** What the ports of a remote share. */
export interface Premises {
  readonly cipherBackend: RemoteSettings['cipherBackend'];
  readonly environment: Environment;
  readonly observer: Observer;
  readonly timeouts: Timeouts;
  readonly resolver: Resolver;
  readonly guard: Guard;
  readonly own: OwnAddresses;
  readonly outbound: Outbound;
  readonly inbound: Inbound;
  readonly hooks: Hooks | undefined;
  readonly memory: Memory;
  readonly plugins: RemotePlugins;
  /** Whether datagrams are served only once `Port.serveDatagrams` says so. */
  readonly datagramsLater: boolean;
  readonly unproven: Unproven;
  readonly crowd: Crowd;
  readonly waiting: WaitingRoom;
  readonly noDescriptor: () => void;
}

/** A port that is open. */
export interface Port {
  /** Where it listens, as `[::]:8388`, with the port that was really taken. */
  readonly listen: string;
  readonly users: UserStore;
  readonly accounts: Accounts;
  /**
   * Serves datagrams from now on, where the port is to have any. With `again` somebody did before, and nothing is known of
   * what that one was sent. Rejects with the system's error when it cannot listen.
   */
  serveDatagrams(options: { readonly again: boolean }): Promise<void>;
  /** Stops as a whole remote does (`Service.stop`). */
  stop(graceMs: number): Promise<void>;
}

export interface OpeningOptions {
  /** Told of changes to its users. */
  readonly records?: UserRecords | undefined;
  /** Gives up what waits, and then it rejects with its reason. What needs no waiting is opened all the same. */
  readonly signal?: AbortSignal;
}

/**
 * Opens a port. Rejects with a ConfigError for what cannot be used, or with the
 * system's error when it cannot listen.
 */
export async function openPort(
  settings: PortSettings,
  premises: Premises,
  { records, signal }: OpeningOptions = {},
): Promise<Port> {
  const { method, secret } = settings;
  await loadCiphers(method, premises.cipherBackend);
  const cipher: Cipher = { method, key: masterKey(method, secret), backend: premises.cipherBackend };
  const users = settings.users && new Users(cipher, settings.users);
  const memory = await premises.memory.take(cipher, { freshKey: settings.freshKey, signal });
  const within: Within = { settings, premises, cipher, users, memory, accounts: new Accounts(), signal };
  const { accounts } = within;
  const { door, proven, stop } = openDoor(within);
  const sockets = await openSockets(within, door).catch(async (error: unknown) => {
    await memory.release();
    throw error;
  });
  users?.watch({
    added: () => undefined,
    removed: ({ name }) => {
      proven.cut(accounts.accountOf(name), new StoppedError('user: expected one of ours, got one no more'));
      sockets.cut(name);
    },
  });
  const removed = (name: string): void => {
    accounts.forget(name);
  };
  return {
    listen: sockets.text,
    users: users === undefined ? noUsers() : liveUsers(users, { removed, records }),
    accounts,
    serveDatagrams: async ({ again }) =>
      sockets.serveDatagrams(again ? await memory.forgotten() : memory.notBefore),
    async stop(graceMs) {
      sockets.close();
      await stop(graceMs);
      await sockets.plugin?.stop();
      await memory.release();
    },
  };
}

interface Door {
  readonly door: ListenOptions;
  /** Those who were let in. */
  readonly proven: Connections;
  readonly stop: (graceMs: number) => Promise<void>;
}

/** Who comes by stream is let in, or not, and served. */
function openDoor({ settings, premises, cipher, users, memory, accounts }: Within): Door {
  const { environment, observer, timeouts, unproven, waiting, inbound, outbound, hooks } = premises;
  const { resolver, guard, noDescriptor, crowd } = premises;
  const { replay, notBefore } = memory;
  const { absorbMs, idleMs } = timeouts;
  const proven = new Connections();
  const attempts = new Attempts();
  let stopped = false;
  const absorbed = (why: string): void => {
    observer({ event: 'absorbed', why });
  };
  const gate: Gate = {
    cipher,
    users: users && {
      ...streamUsers(cipher, users, environment),
      has: (name, theirs) => users.has(name, theirs),
    },
    environment,
    replay,
    notBefore,
    waiting,
    hidesSources: settings.plugin !== undefined,
    absorbMs,
    absorbed,
  };
  const resting = new Resting(timeouts);
  const machines = new WeakMap<Account, Machine>();
  const room: Room = {
    machineOf: (account) => {
      const machine = machines.get(account) ?? {
        role: 'remote',
        outbound,
        observer,
        idleMs,
        attempts,
        account,
        ...(hooks && { hooks }),
      };
      machines.set(account, machine);
      return machine;
    },
    environment,
    timeouts,
    replay,
    inbound,
    uot: settings.udp ? { resolver, guard, observer, hooks, noDescriptor, timeouts } : undefined,
    absorbed,
    resting,
  };
  return {
    door: {
      accept: (tcp) => {
        unproven.add(tcp);
        authenticate(tcp, gate, (opened) => {
          // Let go of while its salt was looked up: the socket is gone, though nobody has been told yet.
          if (!unproven.remove(tcp)) return;
          if (stopped) {
            tcp.drop();
            return;
          }
          const account = accounts.accountOf(opened.user);
          proven.add(tcp, account);
          converse(tcp, opened, { ...room, account });
        });
      },
      crowd,
      crowded: warnCrowded(observer),
      filling: () => {
        if (!unproven.makeRoom()) resting.makeRoom();
      },
    },
    proven,
    stop: async (graceMs) => {
      stopped = true;
      attempts.stop();
      resting.stop();
      await proven.drain(graceMs);
      await attempts.settled();
    },
  };
}

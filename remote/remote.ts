import type { Target } from '../shared/codec/address.js';
import { listeningBy } from '../shared/config/exit.js';
import { formatListen } from '../shared/config/listen.js';
import type {
  ManagedSettings,
  PortSettings,
  PremisesSettings,
  RemoteSettings,
} from '../shared/config/settings.js';
import type { Environment } from '../shared/environment.js';
import { ConfigError } from '../shared/errors.js';
import { hooksOf } from '../shared/hooks/hooks-of.js';
import { seldom } from '../shared/net/descriptors.js';
import { loadLater } from '../shared/net/later.js';
import { Crowd } from '../shared/net/listen.js';
import { createResolver } from '../shared/net/resolve.js';
import type { Observer } from '../shared/observe/events.js';
import { directDialer } from '../shared/outbound/direct.js';
import { type Binder, lazyWay, type Outbound, refusingBinder } from '../shared/outbound/outbound.js';
import { warnNoDescriptors } from '../shared/serve/association-shortages.js';
import { WaitingRoom } from '../shared/serve/authenticate.js';
import { credentialCheck } from '../shared/serve/credentials.js';
import { frontDoor, lazyHttp } from '../shared/serve/inbound.js';
import { ownPlugins } from '../shared/serve/plugin.js';
import type { UserRecords } from '../shared/serve/live-users.js';
import type { Inbound } from '../shared/serve/serve.js';
import { defaultTimeouts, type Timeouts } from '../shared/serve/timeouts.js';
import { Unproven } from '../shared/serve/unproven.js';
import type { UsageStore } from '../shared/serve/usage-store.js';
import type { UserStore } from '../shared/serve/user-store.js';
import type { Service } from '../shared/service.js';
import type { Manager } from './manager.js';
import { OwnAddresses } from './own-addresses.js';
import { openPort, type Port, type Premises } from './port.js';
import { ReplayMemory } from './replay-memory.js';

/** Bindings that wait at once: each is an open port. */
const mostBindings = 64;

/** What only some clients need, or some ports that a manager opens, and is not there from the start. */
const rarer = [
  () => import('../shared/net/journal.js'),
  () => import('../shared/net/plugin.js'),
  () => import('../shared/outbound/bind.js'),
  () => import('../shared/serve/http.js'),
];

/** What can be told of one port of a running remote. */
export interface ServedPort {
  /** Where it listens, as `[::]:8388`, with the port that was really taken. */
  readonly listen: string;
  readonly users: UserStore;
  readonly usage: UsageStore;
}

/** A remote that runs, with or without a port of its own. */
interface RunningRemote extends Service {
  /** Its own, if it has one, first, then those of the settings in their order. What a manager adds is not among them. */
  readonly ports: readonly ServedPort[];
  /** Where it listens to a manager, HOST:PORT or a path. */
  readonly manager?: string;
  /** Leads nobody to this address from now on, private targets or not: something of the operator's listens there. */
  readonly protect: (address: Target) => void;
}

/** A remote that runs. */
export interface RemoteService extends RunningRemote {
  /** Of its own port, the one of `listen`. */
  readonly users: UserStore;
  readonly usage: UsageStore;
}

/** A remote that runs and has the ports that its manager wants; it is the manager that it listens to. */
export interface ManagedRemoteService extends RunningRemote {
  readonly manager: string;
}

/**
 * Starts a remote: authenticates carriers and Shadowsocks connections, dials what they ask for, answers honestly.
 * Rejects with a ConfigError for a key that does not fit or a plugin that does not run, or with the system's error when
 * it cannot listen.
 */
export async function startRemote(
  settings: RemoteSettings,
  environment: Environment,
  observer: Observer,
  shared: Shared = {},
): Promise<RemoteService> {
  const house = await furnish(settings, { environment, observer }, shared);
  return house.run(async () => {
    const own = served(await house.open(settings, await recordsOf(settings)));
    return { ...own, ...(await house.openRest()) };
  });
}

async function recordsOf({ usersFile, method, secret }: RemoteSettings): Promise<UserRecords | undefined> {
  if (usersFile === undefined) return undefined;
  const { usersFileRecords } = await import('../shared/config/users-file-edit.js');
  return usersFileRecords(usersFile.path, { ...usersFile, method, secret });
}

/** Starts a remote without a port of its own. Rejects as `startRemote` does, and as `startManager`. */
export async function startManagedRemote(
  settings: ManagedSettings,
  environment: Environment,
  observer: Observer,
  shared: Shared = {},
): Promise<ManagedRemoteService> {
  const house = await furnish(settings, { environment, observer }, shared);
  return house.run(async () => {
    const { manager = '', ...rest } = await house.openRest();
    return { ...rest, listen: manager, manager };
  });
}

/**
 * What one that is started has from elsewhere: a process of a remote what it shares with the others, a remote that was
 * stopped what it remembers.
 */
export type Shared = Partial<Pick<Premises, 'memory' | 'plugins' | 'datagramsLater'>>;

/** One of the processes of a remote. */
export interface RemoteShare extends RunningRemote {
  /** Of all ports: see `Port.serveDatagrams`. */
  readonly serveDatagrams: Port['serveDatagrams'];
}

/** Starts one process of a remote; who may use it is written down elsewhere. Rejects as `startRemote` does. */
export async function startShare(
  settings: RemoteSettings,
  around: Pick<Premises, 'environment' | 'observer'>,
  shared: Shared,
): Promise<RemoteShare> {
  const house = await furnish(settings, around, shared);
  return house.run(async () => {
    const { listen } = await house.open(settings);
    return { listen, serveDatagrams: (how) => house.serveDatagrams(how), ...(await house.openRest()) };
  });
}

/** A house with the hooks that it is to have. */
async function furnish(
  settings: PremisesSettings,
  around: Pick<Premises, 'environment' | 'observer'>,
  shared: Shared,
): Promise<House> {
  const hooks = await hooksOf(settings, { role: 'remote', observer: around.observer });
  return new House(settings, around, { ...shared, hooks });
}

/** A remote, as far as it has been built. */
class House {
  readonly #settings: PremisesSettings;
  readonly #premises: Premises;
  readonly #stopping = new AbortController();
  readonly #ports: Port[] = [];
  #manager: Manager | undefined;

  constructor(
    settings: PremisesSettings,
    { environment, observer }: Pick<Premises, 'environment' | 'observer'>,
    { hooks, ...shared }: Shared & Pick<Premises, 'hooks'>,
  ) {
    const { allowPrivate, stateDirectory, cipherBackend } = settings;
    const timeouts = { ...defaultTimeouts, ...settings.timeouts };
    const own = new OwnAddresses();
    const resolver = createResolver();
    const guard = { allowPrivate, own: () => own.all };
    this.#settings = settings;
    this.#premises = {
      cipherBackend,
      environment,
      observer,
      timeouts,
      resolver,
      guard,
      own,
      outbound: waysOut(settings, { resolver, guard, timeouts }),
      hooks,
      inbound: receiveRaw(settings, timeouts, this.#stopping.signal),
      memory: shared.memory ?? new ReplayMemory({ environment, observer, stateDirectory }),
      plugins: shared.plugins ?? ownPlugins,
      datagramsLater: shared.datagramsLater ?? false,
      unproven: new Unproven(),
      crowd: new Crowd(),
      waiting: new WaitingRoom(),
      noDescriptor: seldom(warnNoDescriptors(observer)),
    };
  }

  /** What `build` brings. When it fails, nothing of it is left. */
  async run<T>(build: () => Promise<T>): Promise<T> {
    try {
      return await build();
    } catch (error) {
      await this.#stop(0);
      throw error;
    }
  }

  async open(settings: PortSettings, records?: UserRecords): Promise<Port> {
    const port = await openPort(settings, this.#premises, { records });
    this.#ports.push(port);
    return port;
  }

  async serveDatagrams(how: Parameters<Port['serveDatagrams']>[0]): Promise<void> {
    await Promise.all(this.#ports.map((port) => port.serveDatagrams(how)));
  }

  /** Opens the ports beside its own, and listens to the manager. */
  async openRest(): Promise<Omit<RunningRemote, 'listen'>> {
    const { ports = [], manager } = this.#settings;
    const { own, observer } = this.#premises;
    for (const [place, port] of ports.entries()) await this.#openFurther(port, place);
    if (manager !== undefined) {
      const open = (port: PortSettings, signal: AbortSignal): Promise<Port> =>
        openPort(port, this.#premises, { signal });
      const { startManager } = await import('./manager.js');
      this.#manager = await startManager(manager, { open, own, observer });
    }
    loadLater(rarer);
    const open = [...this.#ports, ...(this.#manager?.ports ?? [])].map(served);
    this.#premises.hooks?.started(open.map((port) => port.listen));
    return {
      ports: open,
      ...(this.#manager && { manager: this.#manager.listen }),
      protect: (address) => {
        own.add(address);
      },
      stop: (graceMs) => this.#stop(graceMs),
    };
  }

  /** Errors name the port: there may be many. */
  async #openFurther(port: PortSettings, place: number): Promise<void> {
    try {
      await listeningBy(`ports[${place}].listen`, this.open(port));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      throw new ConfigError(`port ${formatListen(port.listen)}: ${error.message}`, { cause: error });
    }
  }

  async #stop(graceMs: number): Promise<void> {
    const running = [...(this.#manager === undefined ? [] : [this.#manager]), ...this.#ports];
    const stopped = running.map((each) => each.stop(graceMs));
    this.#premises.unproven.drop();
    this.#stopping.abort();
    await Promise.all(stopped);
    this.#premises.resolver.close();
    await this.#premises.hooks?.stop();
  }
}

function served({ listen, users, accounts }: Port): ServedPort {
  return { listen, users, usage: accounts };
}

/** The ways to targets. */
function waysOut(
  { allowBind, announce }: PremisesSettings,
  { resolver, guard, timeouts }: Pick<Premises, 'resolver' | 'guard' | 'timeouts'>,
): Outbound {
  const { dialMs, bindMs: timeoutMs } = timeouts;
  const binder = async (): Promise<Binder> => {
    const { directBinder } = await import('../shared/outbound/bind.js');
    return directBinder({ resolver, guard, announce, timeoutMs, dialMs, most: mostBindings });
  };
  return {
    dial: directDialer({ resolver, guard, timeoutMs: dialMs }),
    bind: allowBind ? lazyWay(binder) : refusingBinder,
  };
}

/** The clients of halflight locals, inside their conversations. */
function receiveRaw({ credentials }: PremisesSettings, timeouts: Timeouts, stopping: AbortSignal): Inbound {
  const { requestMs: deadlineMs, deniedMs, idleMs } = timeouts;
  const check = credentialCheck(credentials);
  const door = { deadlineMs, deniedMs, ...(check && { check }) };
  return frontDoor({ ...door, http: lazyHttp({ ...door, idleMs, stopping }) });
}

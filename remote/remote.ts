import type { Target } from '../shared/codec/address.js';
import { formatListen } from '../shared/config/listen.js';
import type { PortSettings, RemoteSettings } from '../shared/config/settings.js';
import { usersFileRecords } from '../shared/config/users-file-edit.js';
import type { Environment } from '../shared/environment.js';
import { ConfigError } from '../shared/errors.js';
import { seldom } from '../shared/net/descriptors.js';
import { createResolver } from '../shared/net/resolve.js';
import type { Observer } from '../shared/observe/events.js';
import { directBinder, refusingBinder } from '../shared/outbound/bind.js';
import { directDialer } from '../shared/outbound/direct.js';
import type { Outbound } from '../shared/outbound/outbound.js';
import { warnNoDescriptors } from '../shared/serve/association-shortages.js';
import { WaitingRoom } from '../shared/serve/authenticate.js';
import { credentialCheck } from '../shared/serve/credentials.js';
import { frontDoor, lazyHttp } from '../shared/serve/inbound.js';
import type { Inbound } from '../shared/serve/serve.js';
import { defaultTimeouts, type Timeouts } from '../shared/serve/timeouts.js';
import { Unproven } from '../shared/serve/unproven.js';
import type { UsageStore } from '../shared/serve/usage-store.js';
import type { UserStore } from '../shared/serve/user-store.js';
import type { Service } from '../shared/service.js';
import { OwnAddresses } from './own-addresses.js';
import { openPort, type Port, type Premises } from './port.js';
import { ReplayMemory } from './replay-memory.js';

/** Bindings that wait at once: each is an open port. */
const mostBindings = 64;

/** What can be told of one port of a running remote. */
export interface ServedPort {
  /** Where it listens, as `[::]:8388`, with the port that was really taken. */
  readonly listen: string;
  readonly users: UserStore;
  readonly usage: UsageStore;
}

/** A remote that runs. */
export interface RemoteService extends Service {
  /** Of its own port, the one of `listen`. */
  readonly users: UserStore;
  readonly usage: UsageStore;
  /** All ports, its own first, then those of the settings in their order. */
  readonly ports: readonly ServedPort[];
  /** Leads nobody to this address from now on, private targets or not: something of the operator's listens there. */
  readonly protect: (address: Target) => void;
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
): Promise<RemoteService> {
  const { stateDirectory } = settings;
  const timeouts = { ...defaultTimeouts, ...settings.timeouts };
  const stopping = new AbortController();
  const own = new OwnAddresses();
  const resolver = createResolver();
  const guard = { allowPrivate: settings.allowPrivate, own: () => own.all };
  const premises: Premises = {
    cipherBackend: settings.cipherBackend,
    environment,
    observer,
    timeouts,
    resolver,
    guard,
    own,
    outbound: waysOut(settings, { resolver, guard, timeouts }),
    inbound: receiveRaw(settings, timeouts, stopping.signal),
    memory: new ReplayMemory({ environment, observer, stateDirectory }),
    unproven: new Unproven(),
    waiting: new WaitingRoom(),
    noDescriptor: seldom(warnNoDescriptors(observer)),
  };
  const records = settings.usersFile === undefined ? undefined : usersFileRecords(settings.usersFile);
  const open: Port[] = [];
  const stop = async (graceMs: number): Promise<void> => {
    const stopped = open.map((port) => port.stop(graceMs));
    premises.unproven.drop();
    stopping.abort();
    await Promise.all(stopped);
    resolver.close();
  };
  try {
    const main = await openPort(settings, premises, records);
    open.push(main);
    for (const port of settings.ports ?? []) open.push(await openFurther(port, premises));
    const protect = (address: Target): void => {
      own.add(address);
    };
    return { ...served(main), ports: open.map(served), protect, stop };
  } catch (error) {
    await stop(0);
    throw error;
  }
}

function served({ listen, users, accounts }: Port): ServedPort {
  return { listen, users, usage: accounts };
}

/** Errors name the port: there may be many. */
async function openFurther(port: PortSettings, premises: Premises): Promise<Port> {
  try {
    return await openPort(port, premises);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`port ${formatListen(port.listen)}: ${error.message}`, { cause: error });
  }
}

/** The ways to targets. */
function waysOut(
  { allowBind, announce }: RemoteSettings,
  { resolver, guard, timeouts }: Pick<Premises, 'resolver' | 'guard' | 'timeouts'>,
): Outbound {
  const { dialMs, bindMs: timeoutMs } = timeouts;
  return {
    dial: directDialer({ resolver, guard, timeoutMs: dialMs }),
    bind: allowBind
      ? directBinder({ resolver, guard, announce, timeoutMs, dialMs, most: mostBindings })
      : refusingBinder,
  };
}

/** The clients of halflight locals, inside their conversations. */
function receiveRaw({ credentials }: RemoteSettings, timeouts: Timeouts, stopping: AbortSignal): Inbound {
  const { requestMs: deadlineMs, deniedMs, idleMs } = timeouts;
  const check = credentialCheck(credentials);
  const door = { deadlineMs, deniedMs, ...(check && { check }) };
  return frontDoor({ ...door, http: lazyHttp({ ...door, idleMs, stopping }) });
}

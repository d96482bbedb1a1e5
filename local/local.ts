import type { LocalSettings, ServerChoice } from '../shared/config/settings.js';
import type { Environment } from '../shared/environment.js';
import { hooksOf } from '../shared/hooks/hooks-of.js';
import type { Hooks } from '../shared/hooks/hooks.js';
import { Crowd, listen } from '../shared/net/listen.js';
import { loadLater } from '../shared/net/later.js';
import { createResolver } from '../shared/net/resolve.js';
import type { CheckResult, Observer } from '../shared/observe/events.js';
import { Attempts } from '../shared/serve/attempts.js';
import { Connections, warnCrowded } from '../shared/serve/connections.js';
import { credentialCheck } from '../shared/serve/credentials.js';
import type { Forwards, ForwardsOptions, OpenForward } from '../shared/serve/forwards.js';
import type { HttpOptions } from '../shared/serve/http.js';
import { type FrontDoor, frontDoor, lazyHttp } from '../shared/serve/inbound.js';
import type { StartPluginTo } from '../shared/serve/plugin.js';
import { type Inbound, type Machine, serveStream } from '../shared/serve/serve.js';
import { defaultTimeouts, type Timeouts } from '../shared/serve/timeouts.js';
import { type CarrierCounts, noCounts } from '../shared/outbound/carriers.js';
import type { Service } from '../shared/service.js';
import { type Leaving, leavingThrough } from './leaving.js';
import { pacPage } from './pac.js';
import { passingDoor } from './passing.js';
import { ServerList } from './server-list.js';
import { vouchedDoor } from './vouched.js';

const wantsCredentials =
  'expected one that lets clients in without credentials, got one that asks for them; ' +
  'paste the line that it prints now, or write ?auth=remote before the # of its URI';

/** A name server that nearly every network reaches. */
const defaultProbeTarget = { host: '1.1.1.1', port: 53 };

/** What only some clients need, or some servers, and is not there from the start. */
const rarer = [
  () => import('../shared/net/plugin.js'),
  () => import('../shared/outbound/associate.js'),
  () => import('../shared/outbound/associate-stream.js'),
  () => import('../shared/outbound/bind.js'),
  () => import('../shared/outbound/probe.js'),
  () => import('../shared/serve/http.js'),
  () => import('../shared/serve/plugin.js'),
  () => import('./passing-http.js'),
];

/** The outcome of a check of one of the servers. */
export interface ServerCheck {
  /** Its name: the one behind the # of its URI, else host and port. */
  readonly server: string;
  readonly check: CheckResult;
}

/** A running local. */
export interface LocalService extends Service {
  /** Its forwards, in the order of the settings. */
  readonly forwards: readonly OpenForward[];
  /**
   * Tries the path to the remote: the name, the connection, then one authenticated conversation. Of several servers it
   * tries all, and the outcome is that of the first one that works, else that of the first.
   */
  check(): Promise<CheckResult>;
  /** Tries the paths to all servers, with the outcome of each, in the order of the list. */
  checkServers(): Promise<readonly ServerCheck[]>;
  /**
   * Other servers from now on, for new conversations: those that run go on. What is known of servers that were there
   * before is kept. An empty list changes nothing.
   * @throws ConfigError for servers that cannot stand in for each other.
   */
  replaceServers(servers: readonly ServerChoice[]): void;
  /** What became of its carriers so far: connections to its remotes that have one conversation after another. */
  carriers(): CarrierCounts;
}

/** What a local that is one process of several does not do by itself. */
export interface LocalParts {
  readonly startPlugin?: StartPluginTo;
}

/**
 * Starts a local: one port for SOCKS4, SOCKS5 and HTTP whose requests leave through one of its servers. It does not need
 * any of them to be there. Rejects with a ConfigError for a key that does not fit or a plugin that does not run, or with
 * the system's error when it cannot listen.
 */
export async function startLocal(
  settings: LocalSettings,
  environment: Environment,
  observer: Observer,
  parts: LocalParts = {},
): Promise<LocalService> {
  const hooks = await hooksOf(settings, { role: 'local', observer });
  try {
    return await openLocal({ ...parts, settings, environment, observer, hooks });
  } catch (error) {
    await hooks?.stop();
    throw error;
  }
}

interface Opening extends LocalParts {
  readonly settings: LocalSettings;
  readonly environment: Environment;
  readonly observer: Observer;
  readonly hooks: Hooks | undefined;
}

async function openLocal({
  settings,
  environment,
  observer,
  hooks,
  startPlugin,
}: Opening): Promise<LocalService> {
  const timeouts = { ...defaultTimeouts, ...settings.timeouts };
  const resolver = createResolver();
  const attempts = new Attempts();
  const stopping = new AbortController();
  const { probeTarget = defaultProbeTarget } = settings;
  const carriers = { ...noCounts };
  const servers = new ServerList({
    settings,
    timeouts,
    environment,
    resolver,
    observer,
    attempts,
    probeTarget,
    startPlugin,
    count: (what, times = 1) => {
      carriers[what] += times;
    },
  });
  await servers.start(settings.servers);
  const leaving = leavingThrough(servers, settings, timeouts);
  const { outbound } = leaving;
  const { idleMs } = timeouts;
  const machine: Machine = { role: 'local', outbound, observer, idleMs, attempts, ...(hooks && { hooks }) };
  const clients = new Connections();
  const inbound = receive({
    settings,
    servers,
    leaving,
    timeouts,
    hooked: hooks !== undefined,
    stopping: stopping.signal,
  });
  const crowd = new Crowd();
  const around = { machine, timeouts, environment, resolver, way: leaving.forward, crowd };
  const forwards = await forwardsOf(settings, around).catch(async (error: unknown) => {
    await servers.stop();
    throw error;
  });
  const listener = await listen(settings.listen, {
    accept: (client) => {
      clients.add(client);
      void serveStream(client, inbound, machine);
    },
    crowded: warnCrowded(observer),
    crowd,
  }).catch(async (error: unknown) => {
    forwards?.close();
    await forwards?.drain(0);
    await servers.stop();
    throw error;
  });
  const checkServers = async (): Promise<readonly ServerCheck[]> => {
    const checks = await servers.check();
    for (const { path, check } of checks) {
      if (!check.ok || check.wantsCredentials !== true || path.uri.remoteAuth === true) continue;
      const what = checks.length > 1 ? `server ${path.name}` : 'remote';
      observer({ event: 'warning', detail: `${what}: ${wantsCredentials}` });
    }
    return checks.map(({ path, check }) => ({ server: path.name, check }));
  };
  if (servers.all.length > 1) void servers.check();
  loadLater(rarer);
  hooks?.started([listener.text, ...(forwards?.listening ?? [])]);
  forwards?.begin();
  return {
    listen: listener.text,
    forwards: forwards?.open ?? [],
    checkServers,
    check: async () => {
      const checks = (await checkServers()).map(({ check }) => check);
      const [first] = checks;
      const best = checks.find(({ ok }) => ok) ?? first;
      if (best === undefined) throw new Error('servers: expected at least one, got none');
      return best;
    },
    replaceServers: (choices) => {
      servers.replace(choices);
    },
    async stop(graceMs) {
      const first = !stopping.signal.aborted;
      listener.close();
      forwards?.close();
      servers.rest();
      attempts.stop();
      stopping.abort();
      await Promise.all([clients.drain(graceMs), forwards?.drain(graceMs)]);
      await attempts.settled();
      await servers.stop();
      resolver.close();
      if (first) observer({ event: 'carriers', ...carriers });
      await hooks?.stop();
    },
    carriers: () => ({ ...carriers }),
  };
}

/** What only some locals have is loaded for those. */
async function forwardsOf(
  { forwards = [] }: Pick<LocalSettings, 'forwards'>,
  options: ForwardsOptions,
): Promise<Forwards | undefined> {
  if (forwards.length === 0) return undefined;
  const { openForwards } = await import('../shared/serve/forwards.js');
  return openForwards(forwards, options);
}

interface Receiving {
  readonly settings: LocalSettings;
  readonly servers: ServerList;
  readonly leaving: Leaving;
  readonly timeouts: Timeouts;
  readonly hooked: boolean;
  readonly stopping: AbortSignal;
}

/**
 * On the raw wire the clients' own words go to the remote. Where those mean nothing to a far end (the standard wire), or
 * are for the local alone (its own credentials), the local carries out what it is asked.
 */
function receive({ settings, servers, leaving, timeouts, hooked, stopping }: Receiving): Inbound {
  const { credentials, pacDirect } = settings;
  const { handshakeMs: deadlineMs, deniedMs, idleMs } = timeouts;
  const check = credentialCheck(credentials);
  const known = check === undefined ? {} : { check };
  const vouched = (): boolean => servers.all.some(({ uri }) => uri.remoteAuth === true);
  const asks = (): boolean => check !== undefined || vouched();
  const own: HttpOptions['own'] = (...asked) =>
    pacPage({ direct: pacDirect, asksForCredentials: asks() })(...asked);
  const http = lazyHttp({ deadlineMs, deniedMs, idleMs, stopping, own, ...known });
  const door: FrontDoor = { deadlineMs, deniedMs, http, ...known };
  const passing = { ...door, pass: leaving.pass, optimistic: settings.optimistic === true, hooked };
  const doors = {
    front: frontDoor(door),
    passing: passingDoor(passing),
    vouched: vouchedDoor({ ...passing, optimistic: false, greet: leaving.greet }),
  };
  // The servers may become others.
  const open = (): keyof typeof doors => {
    if (check !== undefined || servers.all.some(({ uri }) => uri.wire === 'shadowsocks')) return 'front';
    return vouched() ? 'vouched' : 'passing';
  };
  return (...newcomer) => doors[open()](...newcomer);
}

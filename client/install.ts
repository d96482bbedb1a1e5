/**
 * Proxies for code that is not ours: it asks Node's global agents, or the global dispatcher of `fetch`, and those are
 * replaced. `net` is never touched: whoever opens sockets by himself is not meant.
 */
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { ProxyDialer } from './dialer.js';
import { inputError } from './proxy-error.js';

/** What has been put in the place of Node's own. */
export interface Installed extends AsyncDisposable {
  /** Puts back what was there before, and closes all connections of what was installed. May be repeated. */
  uninstall(): Promise<void>;
}

/** A dispatcher of undici, of any version. */
interface Dispatcher {
  dispatch(...request: unknown[]): boolean;
  close?(): Promise<void>;
  destroy?(): Promise<void>;
}

type AgentKind = new (options: { readonly connect: ProxyDialer['connect'] }) => Dispatcher;

interface Undici {
  readonly Agent: AgentKind;
  setGlobalDispatcher(dispatcher: Dispatcher): void;
}

/** Where every undici of a process, that of Node too, keeps its global dispatcher; the number is that of its interface. */
const slots = ['undici.globalDispatcher.2', 'undici.globalDispatcher.1'].map((name) => Symbol.for(name));
const globals = globalThis as unknown as Record<symbol, Dispatcher | undefined>;

/** A place where the whole process looks something up. */
interface Place<T> {
  get(): T;
  set(value: T): void;
}

/** What stands in a place now, of ours, and what stood there before. */
interface Replacement {
  readonly place: Place<unknown>;
  readonly ours: unknown;
  before: unknown;
}

const httpPlace: Place<http.Agent> = {
  get: () => http.globalAgent,
  set: (agent) => (http.globalAgent = agent),
};
const httpsPlace: Place<https.Agent> = {
  get: () => https.globalAgent,
  set: (agent) => (https.globalAgent = agent),
};
const dispatcherPlaces = slots.map((slot): Place<Dispatcher | undefined> => ({
  get: () => globals[slot],
  set: (dispatcher) => (globals[slot] = dispatcher),
}));

/** All that is installed, the oldest first. */
const replacements: Replacement[] = [];

/**
 * Makes the dialer everybody's, until it is uninstalled.
 * @throws GeneralProxyError when a global dispatcher of undici is of a special kind (a mock, a proxy): nobody is to
 * believe that `fetch` goes through the proxy when it does not.
 */
export function installDialer(dialer: ProxyDialer): Installed {
  const dispatchers = installDispatchers(dialer.connect);
  const mine = [
    replace(httpPlace, dialer.agent),
    replace(httpsPlace, dialer.httpsAgent),
    ...dispatchers.replaced,
  ];
  let uninstalling: Promise<void> | undefined;
  const uninstall = (): Promise<void> =>
    (uninstalling ??= (async () => {
      mine.forEach(putBack);
      for (const agent of dispatchers.agents) await agent.destroy?.();
      await dialer.close();
    })());
  return { uninstall, [Symbol.asyncDispose]: uninstall };
}

function replace<T>(place: Place<T>, ours: T): Replacement {
  const before = place.get();
  place.set(ours);
  return noted({ place, ours, before });
}

function noted(replacement: Replacement): Replacement {
  replacements.push(replacement);
  return replacement;
}

/** What stood there before stands there again, or is what the one that was installed later puts back. */
function putBack(replacement: Replacement): void {
  const { place, ours, before } = replacement;
  replacements.splice(replacements.indexOf(replacement), 1);
  const later = replacements.find((other) => other.place === place && other.before === ours);
  if (later !== undefined) later.before = before;
  else if (place.get() === ours) place.set(before);
}

interface Dispatchers {
  readonly agents: readonly Dispatcher[];
  readonly replaced: readonly Replacement[];
}

function installDispatchers(connect: ProxyDialer['connect']): Dispatchers {
  const undici = undiciOfTheProgram();
  // Node loads its own undici when somebody asks for one of these.
  Reflect.get(globalThis, 'Response');
  const before = dispatcherPlaces.map((place) => place.get());
  const agents: Dispatcher[] = [];
  if (undici !== undefined) {
    const agent = new undici.Agent({ connect });
    agents.push(agent);
    undici.setGlobalDispatcher(agent);
  }
  const replaced: Replacement[] = [];
  for (const [at, place] of dispatcherPlaces.entries()) {
    const there = before[at];
    if (there === undefined) continue;
    const now = place.get();
    if (now !== there) replaced.push(noted({ place, ours: now, before: there }));
    else {
      // It belongs to another version: it gets an agent of the version it has.
      const agent = likeness(there, agents, connect);
      if (agent === undefined) {
        replaced.forEach(putBack);
        const expected = 'expected an Agent of undici, which can be replaced';
        throw inputError(`global dispatcher: ${expected}, got ${there.constructor.name}`);
      }
      agents.push(agent);
      replaced.push(replace(place, agent));
    }
  }
  return { agents, replaced };
}

/** An agent of the same version. Newer versions keep one for older ones, which wraps their own. */
function likeness(
  there: Dispatcher,
  ours: readonly Dispatcher[],
  connect: ProxyDialer['connect'],
): Dispatcher | undefined {
  const { name } = there.constructor;
  if (name === 'Agent') return new (there.constructor as AgentKind)({ connect });
  const inner = ours.at(-1);
  if (name !== 'Dispatcher1Wrapper' || inner === undefined) return undefined;
  return new (there.constructor as new (inner: Dispatcher) => Dispatcher)(inner);
}

/** The undici that the program itself has installed, which may be another version than Node's own. */
function undiciOfTheProgram(): Undici | undefined {
  const start = process.argv[1] ?? path.join(process.cwd(), 'program.js');
  try {
    return createRequire(path.resolve(start))('undici') as Undici;
  } catch {
    return undefined;
  }
}

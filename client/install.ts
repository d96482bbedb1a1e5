/**
 * Proxies for code that is not ours: it asks Node's global agents, or the global dispatcher of `fetch`, and those are
 * replaced. `net` is never touched: whoever opens sockets by himself is not meant.
 */
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { ProxyDialer } from './dialer.js';

/** What has been put in the place of Node's own. */
export interface Installed extends AsyncDisposable {
  /** Whether `fetch` goes through the proxy as well. It does unless its dispatcher is one of a special kind. */
  readonly fetch: boolean;
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

/** Makes the dialer everybody's, until it is uninstalled. */
export function installDialer(dialer: ProxyDialer): Installed {
  const agents = { http: http.globalAgent, https: https.globalAgent };
  const restore = installDispatchers(dialer.connect);
  http.globalAgent = dialer.agent;
  https.globalAgent = dialer.httpsAgent;
  let uninstalling: Promise<void> | undefined;
  const uninstall = (): Promise<void> =>
    (uninstalling ??= (async () => {
      if (http.globalAgent === dialer.agent) http.globalAgent = agents.http;
      if (https.globalAgent === dialer.httpsAgent) https.globalAgent = agents.https;
      await restore.all();
      await dialer.close();
    })());
  return { fetch: restore.complete, uninstall, [Symbol.asyncDispose]: uninstall };
}

interface Restore {
  readonly complete: boolean;
  all(): Promise<void>;
}

function installDispatchers(connect: ProxyDialer['connect']): Restore {
  const undici = undiciOfTheProgram();
  // Node loads its own undici when somebody asks for one of these.
  Reflect.get(globalThis, 'Response');
  const before = slots.map((slot) => globals[slot]);
  const ours: Dispatcher[] = [];
  if (undici !== undefined) {
    const agent = new undici.Agent({ connect });
    ours.push(agent);
    undici.setGlobalDispatcher(agent);
  }
  // What that one has not replaced belongs to another version: it gets an agent of the version it has.
  for (const [at, slot] of slots.entries()) {
    const there = before[at];
    if (there === undefined || globals[slot] !== there) continue;
    const agent = likeness(there, ours, connect);
    if (agent === undefined) continue;
    ours.push(agent);
    globals[slot] = agent;
  }
  const replaced = slots.map((slot) => globals[slot]);
  return {
    complete: slots.every((_, at) => replaced[at] === undefined || replaced[at] !== before[at]),
    all: async () => {
      for (const [at, slot] of slots.entries()) {
        if (globals[slot] !== undefined && globals[slot] === replaced[at]) globals[slot] = before[at];
      }
      for (const agent of ours) await agent.destroy?.();
    },
  };
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

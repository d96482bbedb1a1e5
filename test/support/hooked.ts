/** A forward of one target with hooks, over real sockets, and what its hooks were told. */
import { once } from 'node:events';
import net from 'node:net';
import { onTestFinished } from 'vitest';
import { createHooks } from '../../shared/hooks/create.js';
import type { Hook, HookEvent } from '../../shared/hooks/hook.js';
import type { Hooks } from '../../shared/hooks/hooks.js';
import type { HookLimits } from '../../shared/hooks/limits.js';
import { listen } from '../../shared/net/listen.js';
import { createResolver } from '../../shared/net/resolve.js';
import type { ObservedEvent } from '../../shared/observe/events.js';
import { directDialer } from '../../shared/outbound/direct.js';
import { Attempts } from '../../shared/serve/attempts.js';
import { fixedTarget } from '../../shared/serve/inbound.js';
import { type Inbound, serveStream } from '../../shared/serve/serve.js';
import { connect, Peer } from './peer.js';

const names = [
  'started',
  'stopped',
  'accepted',
  'requested',
  'dialed',
  'first-byte',
  'closed',
  'error',
] as const satisfies readonly HookEvent['event'][];

/** A hook that writes down what it is told. */
export function recorder(): { readonly hook: Hook; readonly events: HookEvent[] } {
  const events: HookEvent[] = [];
  const on = Object.fromEntries(names.map((name) => [name, (event: HookEvent) => events.push(event)]));
  return { hook: { on }, events };
}

export interface Hooked {
  /** A client's end of a new connection, and the target's end of what it leads to. */
  readonly join: () => Promise<{ readonly client: Peer; readonly target: Peer }>;
  /** Where clients connect to, and where the target listens. */
  readonly port: number;
  readonly targetPort: number;
  readonly hooks: Hooks;
  /** What the observer of the log was told, and what was warned of. */
  readonly observed: readonly ObservedEvent[];
  readonly warnings: readonly string[];
  readonly events: readonly HookEvent[];
  /** Settles with the event, when there is one of that name that fits. */
  readonly heard: <Name extends HookEvent['event']>(
    name: Name,
    fits?: (event: Extract<HookEvent, { readonly event: Name }>) => boolean,
  ) => Promise<Extract<HookEvent, { readonly event: Name }>>;
}

export interface HookedOptions {
  readonly limits?: Partial<HookLimits>;
  readonly inbound?: (targetPort: number) => Inbound;
  readonly host?: string;
}

/** Hooks in order, each called by its own name or its place; the last one, `watch`, is the recorder. */
export async function hooked(hooks: readonly Hook[], options: HookedOptions = {}): Promise<Hooked> {
  const { host = '127.0.0.1', limits } = options;
  const { hook: watch, events } = recorder();
  const warnings: string[] = [];
  const observed: ObservedEvent[] = [];
  const wakers = new Set<() => void>();
  const wake: Hook = {
    on: Object.fromEntries(
      names.map((name) => [
        name,
        () => {
          for (const waker of wakers) waker();
        },
      ]),
    ),
  };
  const named = hooks.map((hook, at) => ({ name: hook.name ?? `h${String(at + 1)}`, hook }));
  const all = createHooks([...named, { name: 'watch', hook: watch }, { name: 'wake', hook: wake }], {
    role: 'forward',
    warn: (detail) => warnings.push(detail),
    ...(limits && { limits }),
  });
  const arrivals: ((peer: Peer) => void)[] = [];
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.setNoDelay(true).on('error', () => undefined);
    arrivals.shift()?.(new Peer(socket));
  });
  server.listen(0, host);
  await once(server, 'listening');
  const targetPort = (server.address() as net.AddressInfo).port;
  const resolver = createResolver();
  const machine = {
    role: 'forward',
    outbound: { dial: directDialer({ resolver, timeoutMs: 5_000 }) },
    observer: (event: ObservedEvent) => observed.push(event),
    idleMs: 60_000,
    attempts: new Attempts(),
    hooks: all,
  } as const;
  const inbound = options.inbound?.(targetPort) ?? fixedTarget({ host, port: targetPort });
  const listener = await listen(
    { host, port: 0 },
    { accept: (client) => void serveStream(client, inbound, machine), crowded: () => undefined },
  );
  all.started([listener.text]);
  onTestFinished(async () => {
    listener.close();
    server.close();
    resolver.close();
    await all.stop();
  });
  const { port } = listener.address;
  return {
    join: async () => {
      const arrival = new Promise<Peer>((resolve) => arrivals.push(resolve));
      const client = await connect(port, host);
      return { client, target: await arrival };
    },
    port,
    targetPort,
    hooks: all,
    observed,
    warnings,
    events,
    heard: (name, fits = () => true) =>
      new Promise((resolve) => {
        const look = (): void => {
          for (const event of events) {
            if (event.event !== name || !fits(event as Parameters<typeof fits>[0])) continue;
            wakers.delete(look);
            resolve(event as Parameters<typeof fits>[0]);
            return;
          }
        };
        wakers.add(look);
        look();
      }),
  };
}

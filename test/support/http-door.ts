/** A port whose clients speak HTTP and are served here, and a client that reads what comes. */
import { onTestFinished } from 'vitest';
import type { Target } from '../../shared/codec/address.js';
import { listen } from '../../shared/net/listen.js';
import { createResolver } from '../../shared/net/resolve.js';
import type { ObservedEvent } from '../../shared/observe/events.js';
import { directDialer } from '../../shared/outbound/direct.js';
import type { Dialer } from '../../shared/outbound/outbound.js';
import { Attempts } from '../../shared/serve/attempts.js';
import { httpInbound, type HttpOptions } from '../../shared/serve/http.js';
import { serveStream } from '../../shared/serve/serve.js';

export interface HttpDoor {
  readonly port: number;
  /** What was observed so far, oldest first. */
  readonly events: readonly ObservedEvent[];
  /** Stops as a service does: no new exchanges. */
  stop(): void;
}

/** Listens on a free port until the test is over; private targets are let through. */
export async function httpDoor(
  changes: Partial<HttpOptions> & { readonly dial?: Dialer } = {},
): Promise<HttpDoor> {
  const { dial, ...options } = changes;
  const resolver = createResolver();
  const guard = { allowPrivate: true, own: (): readonly Target[] => [] };
  const stopping = new AbortController();
  const attempts = new Attempts();
  const events: ObservedEvent[] = [];
  const inbound = httpInbound({
    deadlineMs: 10_000,
    idleMs: 60_000,
    deniedMs: 1,
    stopping: stopping.signal,
    ...options,
  });
  const machine = {
    role: 'remote',
    outbound: { dial: dial ?? directDialer({ resolver, guard, timeoutMs: 5_000 }) },
    observer: (event: ObservedEvent): void => {
      events.push(event);
    },
    idleMs: 60_000,
    attempts,
  } as const;
  const listener = await listen(
    { host: '127.0.0.1', port: 0 },
    {
      accept: (stream) => {
        void serveStream(stream, inbound, machine);
      },
      crowded: () => undefined,
    },
  );
  const stop = (): void => {
    attempts.stop();
    stopping.abort();
  };
  onTestFinished(() => {
    stop();
    listener.close();
    resolver.close();
  });
  return { port: listener.address.port, events, stop };
}

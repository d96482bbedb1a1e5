/** A remote whose only ports are those of its manager, and a panel that speaks to it. */
import { randomInt } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { findMethod, type MethodName, type ObservedEvent, systemEnvironment } from '../../index.js';
import { type ManagedRemoteService, startManagedRemote } from '../../remote/remote.js';
import { readService } from '../../shared/config/service-address.js';
import type { ManagerSettings } from '../../shared/config/settings.js';
import { codeOf } from '../../shared/errors.js';
import { bindDatagrams } from '../../shared/net/datagrams.js';
import { freeAddress } from '../../shared/net/plugin.js';
import { type Panel, panel } from './manager.js';
import type { FarEnd } from './tunnel.js';

export const customary = 'chacha20-ietf-poly1305';

export interface Managed extends Panel {
  readonly events: readonly ObservedEvent[];
  readonly port: number;
  readonly service: ManagedRemoteService;
}

/** One that is stopped when the test is over. */
export async function managed(changes: Partial<ManagerSettings> = {}): Promise<Managed> {
  const events: ObservedEvent[] = [];
  const remote = await startManagedRemote(
    {
      cipherBackend: 'native',
      allowPrivate: true,
      credentials: [],
      allowBind: false,
      announce: undefined,
      stateDirectory: undefined,
      manager: {
        address: { host: '127.0.0.1', port: 0 },
        host: '127.0.0.1',
        method: findMethod(customary),
        udp: true,
        allowPlugins: [],
        ...changes,
      },
    },
    systemEnvironment,
    (event) => {
      events.push(event);
    },
  );
  onTestFinished(() => remote.stop(0));
  const at = readService(remote.listen);
  return { ...(await panel(at)), events, port: at.port, service: remote };
}

/** What the operator was told of the manager. */
export function warnings(events: readonly ObservedEvent[]): readonly string[] {
  return events.flatMap((event) =>
    event.event === 'warning' && event.detail.startsWith('manager:') ? [event.detail] : [],
  );
}

export function farEnd(port: number, secret: string, method: MethodName = customary): FarEnd {
  return { port, settings: { method: findMethod(method), secret, credentials: [] } };
}

/**
 * A port on which nobody listens, for connections or datagrams. Not one of those that the system gives out: tests beside
 * this one could be given it before the manager has opened it.
 */
export async function portToOpen(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_000);
    try {
      await freeAddress({ host: '127.0.0.1', port });
      (await bindDatagrams({ host: '127.0.0.1', port })).close();
      return port;
    } catch (error) {
      if (codeOf(error) !== 'EADDRINUSE') throw error;
    }
  }
}

import type { ForwardSettings } from '../shared/config/settings.js';
import type { Environment } from '../shared/environment.js';
import { hooksOf } from '../shared/hooks/hooks-of.js';
import { createResolver } from '../shared/net/resolve.js';
import type { Observer } from '../shared/observe/events.js';
import { Attempts } from '../shared/serve/attempts.js';
import { type OpenForward, openForwards } from '../shared/serve/forwards.js';
import { defaultTimeouts } from '../shared/serve/timeouts.js';
import type { Service } from '../shared/service.js';

/** Forwards that run. `listen` is where the first of them does. */
export interface ForwardService extends Service {
  /** In the order of the settings. */
  readonly forwards: readonly OpenForward[];
}

/**
 * Starts ports and unix sockets that lead to one target each. It does not need any of the targets to be there. All of them
 * listen or none: rejects with an Error that names the first that cannot, and has the system's `code`.
 */
export async function startForward(
  settings: ForwardSettings,
  environment: Environment,
  observer: Observer,
): Promise<ForwardService> {
  const hooks = await hooksOf(settings, { role: 'forward', observer });
  const timeouts = { ...defaultTimeouts, ...settings.timeouts };
  const { idleMs } = timeouts;
  const resolver = createResolver();
  const attempts = new Attempts();
  const machine = { role: 'forward', observer, idleMs, attempts, ...(hooks && { hooks }) } as const;
  const around = { machine, timeouts, environment, resolver };
  const forwards = await openForwards(settings.forwards, around).catch(async (error: unknown) => {
    resolver.close();
    await hooks?.stop();
    throw error;
  });
  hooks?.started(forwards.listening);
  forwards.begin();
  return {
    listen: forwards.open[0]?.listen ?? '',
    forwards: forwards.open,
    async stop(graceMs) {
      forwards.close();
      attempts.stop();
      await forwards.drain(graceMs);
      await attempts.settled();
      resolver.close();
      await hooks?.stop();
    },
  };
}

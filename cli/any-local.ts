import type { LocalService } from '../local/local.js';
import type { SubscribedLocal } from '../local/subscribed.js';
import type { WholeLocalSettings } from '../shared/config/local-flags.js';
import type { LocalSettings } from '../shared/config/settings.js';
import { systemEnvironment } from '../shared/net/system.js';
import type { Observer } from '../shared/observe/events.js';
import type { Log } from '../shared/observe/log.js';
import type { OpenForward } from '../shared/serve/forwards.js';
import type { ControlCrew } from './control.js';
import type { LocalCrewOptions } from './workers/local-crew.js';

/** A local that runs, in one process or in several. */
export interface AnyLocal extends Pick<SubscribedLocal, 'listen' | 'servers' | 'checkServers' | 'stop'> {
  /** Of several processes: how many conversations they have open. */
  readonly open?: () => Promise<number>;
  readonly control?: ControlCrew;
  /** Of one process. */
  readonly forwards?: readonly OpenForward[];
}

/**
 * Starts the local that is asked for: in one process or in several, with servers that stay the same or with those of a
 * list that is followed.
 */
export async function startAnyLocal(
  { subscription, workers, ...settings }: WholeLocalSettings,
  { observer, log }: { readonly observer: Observer; readonly log: Log },
): Promise<AnyLocal> {
  const start =
    workers === undefined ? await startAlone(observer) : await startCrew({ workers, observer, log });
  if (subscription === undefined) return { ...(await start(settings)), servers: settings.servers };
  const { startFollowing } = await import('../local/subscribed.js');
  return startFollowing(
    { ...settings, subscription },
    {
      environment: systemEnvironment,
      observer,
      start: (servers) => start({ ...settings, servers }),
    },
  );
}

type Start = (
  settings: LocalSettings,
) => Promise<Omit<AnyLocal, 'servers'> & Pick<LocalService, 'replaceServers'>>;

async function startAlone(observer: Observer): Promise<Start> {
  const { startLocal } = await import('../local/local.js');
  return (settings) => startLocal(settings, systemEnvironment, observer);
}

async function startCrew(options: LocalCrewOptions): Promise<Start> {
  const { startLocalCrew } = await import('./workers/local-crew.js');
  return (settings) => startLocalCrew(settings, options);
}

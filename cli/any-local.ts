import type { SubscribedLocal } from '../local/subscribed.js';
import type { WholeLocalSettings } from '../shared/config/local-flags.js';
import { systemEnvironment } from '../shared/net/system.js';
import type { Observer } from '../shared/observe/events.js';

/** Starts the local that is asked for: with servers that stay the same, or with those of a list that is followed. */
export async function startAnyLocal(
  { subscription, ...settings }: WholeLocalSettings,
  observer: Observer,
): Promise<SubscribedLocal> {
  if (subscription === undefined) {
    const { startLocal } = await import('../local/local.js');
    return { ...(await startLocal(settings, systemEnvironment, observer)), servers: settings.servers };
  }
  const { startSubscribedLocal } = await import('../local/subscribed.js');
  return startSubscribedLocal({ ...settings, subscription }, systemEnvironment, observer);
}

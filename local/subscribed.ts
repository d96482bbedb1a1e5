import type { SubscriptionSettings } from '../shared/config/subscription.js';
import type { LocalSettings, ServerChoice } from '../shared/config/settings.js';
import type { ServerUri } from '../shared/config/uri.js';
import type { Environment } from '../shared/environment.js';
import { ConfigError, messageOf } from '../shared/errors.js';
import type { Observer } from '../shared/observe/events.js';
import { type LocalService, startLocal } from './local.js';
import { followSubscription, type SubscriptionPauses } from './subscription.js';

/** All that a local with a subscription is told: its own servers, of which there may be none, come before the list. */
export interface SubscribedSettings extends LocalSettings {
  readonly subscription: SubscriptionSettings;
  /** Pauses between questions for the list that differ from the defaults. */
  readonly pauses?: Partial<SubscriptionPauses>;
}

/** A running local whose servers are those of a list as it is now. */
export interface SubscribedLocal extends LocalService {
  /** Its own, then those of the list. */
  readonly servers: readonly ServerChoice[];
}

/**
 * Starts a local whose servers a subscription names. It listens as soon as it knows a server: at once when it has some of
 * its own or a copy of the list, else when the list could be had for the first time. Until then it asks again and again,
 * and says why. Rejects as `startLocal` does, and when `signal` fires meanwhile.
 */
export async function startSubscribedLocal(
  settings: SubscribedSettings,
  environment: Environment,
  observer: Observer,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<SubscribedLocal> {
  return startFollowing(settings, {
    environment,
    observer,
    signal,
    start: (servers) => startLocal({ ...settings, servers }, environment, observer),
  });
}

/** What a local must be able to do to follow a list. */
type Follower = Pick<LocalService, 'replaceServers' | 'stop'>;

interface Following<Local extends Follower> {
  readonly environment: Environment;
  readonly observer: Observer;
  /** Nobody waits for the list any more. */
  readonly signal?: AbortSignal | undefined;
  readonly start: (servers: readonly ServerChoice[]) => Promise<Local>;
}

/** The same with a local that `start` starts. */
export async function startFollowing<Local extends Follower>(
  { servers: own, subscription, pauses = {} }: SubscribedSettings,
  { environment, observer, signal, start }: Following<Local>,
): Promise<Local & Pick<SubscribedLocal, 'servers'>> {
  let servers: readonly ServerChoice[] = own;
  let running: Local | undefined;
  const changed = (list: readonly ServerUri[]): void => {
    servers = together(own, list);
    try {
      running?.replaceServers(servers);
    } catch (error) {
      observer({ event: 'warning', detail: `the list of the subscription is not used: ${messageOf(error)}` });
    }
  };
  const following = await followSubscription(subscription, { environment, observer, changed, pauses });
  const giveUp = (): void => void following.stop();
  signal?.addEventListener('abort', giveUp);
  try {
    signal?.throwIfAborted();
    if (own.length === 0) await following.first;
    signal?.throwIfAborted();
    const known = servers;
    const { local, whole } = await startWith({ servers, own }, start);
    running = local;
    if (!whole || servers !== known) changed(following.servers);
    return {
      ...local,
      get servers() {
        return servers;
      },
      stop: async (graceMs) => {
        await Promise.all([following.stop(), local.stop(graceMs)]);
      },
    };
  } catch (error) {
    await following.stop();
    throw error;
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

/** A plugin that does not run costs the servers that need it, unless that is all of them. Own ones are all needed. */
async function startWith<Local>(
  { servers, own }: { readonly servers: readonly ServerChoice[]; readonly own: readonly ServerChoice[] },
  start: (servers: readonly ServerChoice[]) => Promise<Local>,
): Promise<{ readonly local: Local; readonly whole: boolean }> {
  try {
    return { local: await start(servers), whole: true };
  } catch (error) {
    const plain = servers.filter((server) => own.includes(server) || server.uri.plugin === undefined);
    if (!(error instanceof ConfigError) || [0, servers.length].includes(plain.length)) throw error;
    return { local: await start(plain), whole: false };
  }
}

/** A list has no order but its own, and each of its servers stands in for those before it. */
function together(own: readonly ServerChoice[], list: readonly ServerUri[]): readonly ServerChoice[] {
  const behind = Math.max(-1, ...own.map(({ order }) => order)) + 1;
  return [...own, ...list.map((uri, place) => ({ uri, order: behind + place, weight: 1 }))];
}

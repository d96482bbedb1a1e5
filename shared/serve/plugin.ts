/** The plugins of the two halves: where each stands, and who hears of it. */
import { formatTarget, type Target } from '../codec/address.js';
import type { Listener } from '../net/listen.js';
import type { Plugin, PluginOptions, RunningPlugin } from '../net/plugin.js';
import type { Observer } from '../observe/events.js';

/** What runs them; few run any. */
const programs = (): Promise<typeof import('../net/plugin.js')> => import('../net/plugin.js');

/** Where the plugin of a local listens, and where a remote listens for its plugin: for nobody but this machine. */
export const pluginSide: Target = { host: '127.0.0.1', port: 0 };

/** The plugin of a local; streams to the remote go to `local`. */
export interface PluginWay extends RunningPlugin {
  readonly local: Target;
}

/** Starts the plugin of a local. Rejects as `startPlugin` does. */
export async function startPluginTo(remote: Target, plugin: Plugin, observer: Observer): Promise<PluginWay> {
  const { freeAddress, startPlugin } = await programs();
  const local = await freeAddress(pluginSide);
  const options = { listensOn: 'local', ...news(plugin, observer) } as const;
  const running = await startPlugin(plugin, { remote, local }, options);
  return { local, stop: () => running.stop() };
}

export type StartPluginTo = typeof startPluginTo;

/** What a remote asks for the plugins of its ports; several processes of one remote have one of each. */
export interface RemotePlugins {
  /** Where a port listens for its plugin that is to be reached at `wanted`. */
  readonly side: (wanted: Target) => Promise<Target>;
  /** As {@link reservePublic}. */
  readonly reserve: (wanted: Target) => Promise<Listener>;
  /** As {@link startPluginBefore}. */
  readonly start: typeof startPluginBefore;
}

/** The address that the plugin of a remote is to listen on, as if it did already. Rejects as `listen` does. */
export async function reservePublic(wanted: Target): Promise<Listener> {
  const { freeAddress } = await programs();
  const address = await freeAddress(wanted);
  return { address, text: formatTarget(address), close: () => undefined };
}

/**
 * Starts the plugin of a remote, which listens on `remote` and passes on to `local`. Rejects as `startPlugin` does,
 * after it has called `close`; `signal` gives up the start, with its reason.
 */
export async function startPluginBefore(
  place: { readonly remote: Target; readonly local: Target },
  plugin: Plugin,
  {
    observer,
    close,
    signal,
  }: { readonly observer: Observer; readonly close: () => void; readonly signal?: AbortSignal | undefined },
): Promise<RunningPlugin> {
  try {
    const { startPlugin } = await programs();
    return await startPlugin(plugin, place, { listensOn: 'remote', ...news(plugin, observer), signal });
  } catch (error) {
    close();
    throw error;
  }
}

/** Plugins of this process alone. */
export const ownPlugins: RemotePlugins = {
  side: () => Promise.resolve(pluginSide),
  reserve: reservePublic,
  start: startPluginBefore,
};

function news({ name }: Plugin, observer: Observer): Pick<PluginOptions, 'said' | 'ended'> {
  return {
    said: (line) => {
      observer({ event: 'plugin-said', plugin: name, line });
    },
    ended: (detail) => {
      observer({ event: 'warning', detail });
    },
  };
}

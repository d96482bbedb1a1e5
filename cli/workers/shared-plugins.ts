/** The plugins of a remote, one for each port that has any, run by the process that all workers belong to. */
import { formatTarget } from '../../shared/codec/address.js';
import { freeAddress, type RunningPlugin } from '../../shared/net/plugin.js';
import type { Observer } from '../../shared/observe/events.js';
import { pluginSide, startPluginBefore } from '../../shared/serve/plugin.js';
import type { PluginSides, RemoteParentAnswers } from './orders.js';

export interface SharedPlugins {
  /** What workers are answered about them. */
  readonly answers: Pick<RemoteParentAnswers, 'pluginPlace' | 'startPlugin'>;
  readonly stop: () => Promise<void>;
}

/** None runs before the first worker wants it to: by then that one listens behind it. */
export function sharedPlugins(observer: Observer): SharedPlugins {
  const places = new Map<string, Promise<PluginSides>>();
  const running = new Map<string, Promise<RunningPlugin>>();
  return {
    answers: {
      pluginPlace: (wanted) => {
        const name = formatTarget(wanted);
        const place = places.get(name) ?? placeFor(wanted);
        places.set(name, place);
        return place;
      },
      startPlugin: async ({ plugin, remote, local }) => {
        const name = formatTarget(remote);
        // What becomes of its workers when it ends is for them: each has a door of its own.
        const options = { observer, close: () => undefined };
        const start = running.get(name) ?? startPluginBefore({ remote, local }, plugin, options);
        running.set(name, start);
        await start;
      },
    },
    stop: async () => {
      await Promise.allSettled(Array.from(running.values(), async (plugin) => (await plugin).stop()));
    },
  };
}

async function placeFor(wanted: Parameters<typeof freeAddress>[0]): Promise<PluginSides> {
  return { remote: await freeAddress(wanted), local: await freeAddress(pluginSide) };
}

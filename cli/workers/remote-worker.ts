/** A worker of a remote: one process of it, whose memory of openings, users and plugins are those of its parent. */
import { startShare, type RemoteShare } from '../../remote/remote.js';
import { formatTarget } from '../../shared/codec/address.js';
import { systemEnvironment } from '../../shared/net/system.js';
import type { RemotePlugins } from '../../shared/serve/plugin.js';
import type { Conversations } from '../conversations.js';
import { askedMemory } from './asked-memory.js';
import type { Line } from './line.js';
import type { RemoteParentAnswers, RemoteWorkerAnswers } from './orders.js';

/** What it answers. */
export function remoteAnswers(
  line: Line<RemoteParentAnswers>,
  { observer, open }: Conversations,
): RemoteWorkerAnswers {
  let starting: Promise<RemoteShare> | undefined;
  const started = (): Promise<RemoteShare> =>
    starting ?? Promise.reject(new Error('worker: expected to be started first, got another question'));
  const shared = { memory: askedMemory(line), plugins: pluginsOf(line), datagramsLater: true };
  return {
    open,
    start: async (settings) => {
      starting = startShare(settings, { environment: systemEnvironment, observer }, shared);
      return (await starting).ports.map(({ listen }) => listen);
    },
    serveDatagrams: async (how) => {
      await (await started()).serveDatagrams(how);
    },
    change: async ({ port, name, secret }) => {
      const users = (await started()).ports[port]?.users;
      if (secret === undefined) await users?.remove(name);
      else if (!(await users?.replace(name, secret))) await users?.add({ name, secret });
    },
    protect: async (address) => {
      (await started()).protect(address);
    },
    usage: async () => Promise.all((await started()).ports.map(({ usage }) => usage.all())),
    stop: async (graceMs) => {
      await (await started()).stop(graceMs);
    },
  };
}

/** The plugins that the parent runs for all its workers. */
function pluginsOf(line: Line<RemoteParentAnswers>): RemotePlugins {
  return {
    side: async (wanted) => (await line.ask('pluginPlace', wanted)).local,
    reserve: async (wanted) => {
      const { remote } = await line.ask('pluginPlace', wanted);
      return { address: remote, text: formatTarget(remote), close: () => undefined };
    },
    start: async (place, plugin, { close }) => {
      try {
        await line.ask('startPlugin', { ...place, plugin });
      } catch (error) {
        close();
        throw error;
      }
      return { stop: () => Promise.resolve() };
    },
  };
}

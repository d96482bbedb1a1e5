/** A worker of a local: one process of it, with paths of its own to the servers, and the plugins of its parent. */
import { type LocalService, startLocal } from '../../local/local.js';
import { systemEnvironment } from '../../shared/net/system.js';
import type { StartPluginTo } from '../../shared/serve/plugin.js';
import type { Conversations } from '../conversations.js';
import type { Line } from './line.js';
import type { LocalParentAnswers, LocalWorkerAnswers } from './orders.js';

/** What it answers. */
export function localAnswers(
  line: Line<LocalParentAnswers>,
  { observer, open }: Conversations,
): LocalWorkerAnswers {
  let starting: Promise<LocalService> | undefined;
  const started = (): Promise<LocalService> =>
    starting ?? Promise.reject(new Error('worker: expected to be started first, got another question'));
  const startPlugin: StartPluginTo = async (remote, plugin) => {
    const local = await line.ask('startPlugin', { remote, plugin });
    return {
      local,
      stop: () => {
        line.tell('leavePlugin', local);
        return Promise.resolve();
      },
    };
  };
  return {
    open,
    start: async (settings) => {
      starting = startLocal(settings, systemEnvironment, observer, { startPlugin });
      return (await starting).listen;
    },
    replaceServers: async (servers) => {
      (await started()).replaceServers(servers);
    },
    check: async () => (await started()).checkServers(),
    stop: async (graceMs) => {
      await (await started()).stop(graceMs);
    },
  };
}

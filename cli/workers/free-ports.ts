/** Ports that the system chooses, chosen once for all workers: each of them would be given another one. */
import type { ListenAddress, PortSettings, RemoteSettings } from '../../shared/config/settings.js';
import { codeOf } from '../../shared/errors.js';
import { anyAddress, bindDatagrams } from '../../shared/net/datagrams.js';
import { freeAddress } from '../../shared/net/plugin.js';

/** Ports that are asked for until one is free for both. */
const mostTries = 8;

/** The same with ports that are free now, where it says 0; the very same when there is none. */
export async function freePorts(settings: RemoteSettings): Promise<RemoteSettings> {
  const { ports = [] } = settings;
  if ([settings, ...ports].every(({ listen }) => listen.port !== 0)) return settings;
  const chosen: PortSettings[] = [];
  for (const port of ports) chosen.push({ ...port, listen: await freePort(port.listen, port) });
  const own = { ...settings, listen: await freePort(settings.listen, settings) };
  return { ...own, ...(ports.length > 0 && { ports: chosen }) };
}

/** The same address with a port that is free now, for datagrams as well if there are any. */
export async function freePort(
  { host, port }: ListenAddress,
  { udp }: { readonly udp: boolean },
): Promise<ListenAddress> {
  for (let tries = 1; port === 0; tries += 1) {
    const free = await freeAddress({ host, port });
    try {
      if (udp) (await bindDatagrams({ host: host === '' ? anyAddress[4] : host, port: free.port })).close();
      return { host, port: free.port };
    } catch (error) {
      if (codeOf(error) !== 'EADDRINUSE' || tries === mostTries) throw error;
    }
  }
  return { host, port };
}

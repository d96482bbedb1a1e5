/** What the operator of a remote, and programs, are told of its ports. */
import type { PagePort } from '../shared/config/paste.js';
import { remoteUri } from '../shared/config/remote-uri.js';
import { readService } from '../shared/config/service-address.js';
import type { PortSettings, PremisesSettings } from '../shared/config/settings.js';
import { formatServerUri } from '../shared/config/uri.js';
import type { Service } from '../shared/service.js';

/** A port, as whoever started its remote is told of it. */
export function pagePort(port: PortSettings, listen: string, { settings, host }: Premises): PagePort {
  const uri = remoteUri({ ...settings, ...port }, host, readService(listen).port);
  return { listen, uri, users: port.users?.length };
}

/** The ports beside its own, in the order of the settings; `open`: where they really listen. */
export function furtherPorts(
  open: readonly Pick<Service, 'listen'>[],
  premises: Premises,
): readonly PagePort[] {
  const { ports = [] } = premises.settings;
  return ports.map((port, at) => pagePort(port, open[at]?.listen ?? '', premises));
}

/** What all ports of a remote have in common. */
export interface Premises {
  readonly settings: PremisesSettings;
  readonly host: string;
}

/** What programs are told when a remote is ready: the URI of each port, where there is one for everybody. */
export function remoteReady(main: PagePort, others: readonly PagePort[]): object {
  const ports = others.length > 0 ? { ports: others.map(readyPort) } : {};
  return { event: 'ready', role: 'remote', ...readyPort(main), ...ports };
}

/** The same of one that has no port of its own. */
export function managedReady(manager: string, ports: readonly PagePort[]): object {
  return { event: 'ready', role: 'remote', manager, ports: ports.map(readyPort) };
}

function readyPort({ listen, uri, users }: PagePort): object {
  return { listen, ...(users === undefined ? { uri: formatServerUri(uri) } : { users }) };
}

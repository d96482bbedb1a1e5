/** What the operator of a remote, and programs, are told of its ports. */
import { hostname } from 'node:os';
import type { PagePort } from '../shared/config/paste.js';
import { readService } from '../shared/config/service-address.js';
import type { PortSettings, PremisesSettings, RemoteSettings } from '../shared/config/settings.js';
import { formatServerUri, type ServerUri } from '../shared/config/uri.js';
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

type UriSettings = Pick<RemoteSettings, 'method' | 'secret' | 'credentials'>;

/** What all ports of a remote have in common. */
export interface Premises {
  readonly settings: PremisesSettings;
  readonly host: string;
}

/** What to paste at a laptop. */
export function remoteUri(settings: UriSettings, host: string, port: number): ServerUri {
  const { method, secret, credentials } = settings;
  const asks = credentials.length > 0 ? { remoteAuth: true as const } : {};
  return { wire: 'raw', method, secret, host, port, tag: hostname(), ...asks };
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

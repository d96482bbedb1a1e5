import { createServer, type RequestListener, type Server } from 'node:http';
import { networkInterfaces } from 'node:os';
import { formatTarget } from '../../shared/codec/address.js';
import { listenForTest } from './serving.js';

/** An HTTP server; gone when the test is, with all its connections. */
export interface Site {
  readonly port: number;
  /** HOST:PORT, as a URL has it. */
  readonly authority: string;
  /** The far ends (HOST:PORT) of the connections it has had, in the order in which they came. */
  readonly peers: () => readonly string[];
  readonly server: Server;
}

/** Starts a server on a free port of `host`, an IP address. */
export async function startSite(answer: RequestListener, host = '127.0.0.1'): Promise<Site> {
  const peers: string[] = [];
  const server = createServer(answer);
  server.on('connection', (socket) => {
    const { remoteAddress = '', remotePort = 0 } = socket;
    peers.push(formatTarget({ host: remoteAddress, port: remotePort }));
  });
  const port = await listenForTest(server, host);
  return { port, authority: formatTarget({ host, port }), peers: () => peers, server };
}

/**
 * An IPv4 address of this machine that is not loopback, which programs that obey no_proxy, and browsers, would never ask
 * a proxy for.
 */
export function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((some = []) => some);
  const own = addresses.find(({ family, internal }) => family === 'IPv4' && !internal);
  if (own === undefined) throw new Error('own address: expected one beyond loopback, got none');
  return own.address;
}

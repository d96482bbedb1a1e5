/**
 * What the examples of the documents find around them. They stand there as readers would write them; here two halves,
 * proxies and targets on loopback take the places that they name.
 *
 * | in an example                         | here                                                                     |
 * | ------------------------------------- | ------------------------------------------------------------------------ |
 * | `127.0.0.1:1080`                      | the port of a local                                                      |
 * | `proxy.example.net:1080`, `:8080`     | the port of a local that lets in `ann` with the password `secret`        |
 * | `proxy.example.net:443`               | the same behind TLS                                                      |
 * | `time.example.net:123`                | answers each datagram with as many bytes                                 |
 * | HALFLIGHT_URI, all_proxy              | a remote of its own; the first local                                     |
 *
 * These have the ports of the moment written in their place. What locals are asked for keeps its name, for their remote
 * knows where these targets are:
 */
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import { formatTarget, type Target } from '../../shared/codec/address.js';
import { formatServerUri } from '../../shared/config/uri.js';
import { localHalf, remoteHalf, uriOf } from '../support/tunnel.js';
import { udpPeer } from '../support/udp.js';
import { keyAndCertificate, page, startWeb } from '../support/web.js';
import { startPostgres, startRedis } from './databases.js';

const targets: Readonly<Record<string, () => Promise<Target>>> = {
  'example.com:80': () => startSite('none'),
  'example.com:443': () => startSite('examples'),
  // Nobody listens there.
  'example.com:81': () => Promise.resolve({ host: '127.0.0.1', port: 1 }),
  'redis.example.net:6379': startRedis,
  'db.example.net:5432': startPostgres,
};

export interface Surroundings {
  /** What stands in an example, and what is to be written in its place. */
  readonly places: ReadonlyMap<string, string>;
  readonly variables: Readonly<Record<string, string>>;
}

/** Where the targets of the examples really are. */
export type Targets = ReadonlyMap<string, Target>;

/** Starts all of it for one test; `known` is told where the targets are. */
export async function startSurroundings(known: (targets: Targets) => void): Promise<Surroundings> {
  const started = Object.entries(targets).map(async ([name, start]) => [name, await start()] as const);
  known(new Map(await Promise.all(started)));
  const remote = await remoteHalf({ allowBind: true });
  // Not the same one: a remote never leads to itself.
  const other = await remoteHalf({ allowBind: true });
  const open = await localHalf(remote);
  const asking = await localHalf(remote, { credentials: [{ user: 'ann', password: 'secret' }] });
  const secured = await startSecured(asking.port);
  const clock = await udpPeer({ answer: (question) => question });
  const here = (port: number): string => `127.0.0.1:${port}`;
  return {
    places: new Map([
      ['127.0.0.1:1080', here(open.port)],
      ['proxy.example.net:1080', here(asking.port)],
      ['proxy.example.net:8080', here(asking.port)],
      ['proxy.example.net:443', here(secured.port)],
      ['time.example.net:123', formatTarget(clock)],
    ]),
    variables: {
      HALFLIGHT_URI: formatServerUri(uriOf(other)),
      all_proxy: `socks5://${here(open.port)}`,
      NODE_EXTRA_CA_CERTS: path.resolve(import.meta.dirname, '../support/certificates/examples.pem'),
    },
  };
}

/** A site that says hello, to whoever speaks HTTP, and says back what it hears over a WebSocket. */
async function startSite(certificate: 'none' | 'examples'): Promise<Target> {
  const { port, server } = await startWeb(page('hello'), { certificate });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.on('message', (message, isBinary) => {
      socket.send(message, { binary: isBinary });
    });
  });
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
  });
  return { host: '127.0.0.1', port };
}

/** TLS before the port of a proxy. */
async function startSecured(behind: number): Promise<Target> {
  const server = tls.createServer(keyAndCertificate('examples'), (socket) => {
    const onward = net.connect(behind, '127.0.0.1');
    socket.pipe(onward).pipe(socket);
    for (const end of [socket, onward]) {
      end.on('error', () => undefined);
      end.on('close', () => {
        socket.destroy();
        onward.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return { host: '127.0.0.1', port: (server.address() as net.AddressInfo).port };
}

import net from 'node:net';
import type { Target } from '../codec/address.js';
import { formatTarget } from '../codec/address.js';
import { codeOf } from '../errors.js';
import {
  countStanding,
  descriptorLimit,
  descriptorsToShare,
  openDatagramSockets,
  seldom,
} from './descriptors.js';
import { acceptSockets, atPath } from './lending.js';
import { TcpStream } from './tcp.js';

/** As many as the kernel lets wait (net.core.somaxconn caps it): a browser opens its connections all at once. */
const backlog = 4096;
/** A connection that comes, and the one that it is relayed to. */
const descriptorsEach = 2;
/** What a listener takes at once, however few descriptors there are. */
const fewest = 16;
const fillingShare = 3 / 4;
/** How long somebody who finds the listener full may take to close after our FIN, ms, and how many may at once. */
const seeOffMs = 1_000;
const mostSeenOff = 64;

export interface Listener {
  /** The addresses it really listens on; `host` may be a wildcard. That of a unix socket is its path, with port 0. */
  readonly address: Target;
  /** As `127.0.0.1:1080` or `[::]:8388`, or the path. */
  readonly text: string;
  /** Stops accepting. Connections that are open stay open. */
  close(): void;
}

export interface ListenOptions {
  readonly accept: (stream: TcpStream) => void;
  /** More connections than this process has descriptors for: said at most once a minute. */
  readonly crowded: (limit: number) => void;
  /** Somebody comes, and more than three quarters of what may be open is: time to close what can be spared. */
  readonly filling?: () => void;
  /** Those with whom it shares what may be open: by default it has a share for itself. */
  readonly crowd?: Crowd;
}

/** Listeners that share the connections they may have open, however they are spread: the ports of one remote. */
export class Crowd {
  open = 0;
  listeners = 0;
}

/**
 * Listens on `address`; host '' means every address of this host, IPv6 and IPv4. Rejects with the system's error
 * (EADDRINUSE, EACCES, …).
 */
export function listen(
  address: Target | { readonly path: string },
  options: ListenOptions,
): Promise<Listener> {
  if ('path' in address) return listenOn(address, options);
  return onAnyAddress(address, (each) => listenOn(each, options));
}

/** What `open` brings at `address`; host '' means every address of this host. */
export async function onAnyAddress<T>(
  { host, port }: Target,
  open: (address: Target) => Promise<T>,
): Promise<T> {
  if (host !== '') return open({ host, port });
  try {
    return await open({ host: '::', port });
  } catch (error) {
    // A host without IPv6 still has all of its IPv4.
    if (codeOf(error) !== 'EAFNOSUPPORT' && codeOf(error) !== 'EADDRNOTAVAIL') throw error;
    return open({ host: '0.0.0.0', port });
  }
}

/** Those of this process share its descriptors evenly: `up` has two, and a conversation passes through both. */
const crowds = new Set<Crowd>();

async function listenOn(
  place: Target | { readonly path: string },
  options: ListenOptions,
): Promise<Listener> {
  const { crowd = new Crowd() } = options;
  const files = descriptorLimit();
  const share = (): number => {
    const each = (descriptorsToShare(files) - openDatagramSockets()) / Math.max(1, crowds.size);
    return Math.max(fewest, Math.floor(each / descriptorsEach));
  };
  const crowded = seldom(options.crowded);
  const left = (): void => {
    crowd.open -= 1;
  };
  const seeOff = doorman();
  const path = 'path' in place ? place.path : undefined;
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true });
  const come = (socket: net.Socket): void => {
    // Without descriptors Node accepts and closes without a word; better to refuse before that, and to say so.
    const limit = share();
    if (crowd.open > limit * fillingShare) options.filling?.();
    if (crowd.open >= limit) {
      seeOff(socket);
      crowded(limit);
      return;
    }
    crowd.open += 1;
    const stream = new TcpStream(socket);
    stream.onClosed(left);
    options.accept(stream);
  };
  server.once('listening', () => {
    // An accept that fails later (a descriptor limit, a lost interface) must not end the process.
    server.on('error', () => undefined);
    acceptSockets(
      server,
      path === undefined
        ? come
        : (socket) => {
            come(atPath(socket, path));
          },
    );
  });
  const close = await ('path' in place ? bindPath(server, place.path) : bind(server, place));
  join(crowd);
  const standing = countStanding();
  let closed = false;
  const actual = path === undefined ? addressOf(server) : { host: path, port: 0 };
  return {
    address: actual,
    text: path ?? formatTarget(actual),
    close: () => {
      if (closed) return;
      closed = true;
      leave(crowd);
      standing.uncount();
      close();
    },
  };
}

async function bindPath(server: net.Server, path: string): Promise<() => void> {
  const { listenUnix } = await import('./unix-listen.js');
  return listenUnix(server, path);
}

/** Settles with what closes it. */
function bind(server: net.Server, { host, port }: Target): Promise<() => void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog }, () => {
      server.off('error', reject);
      resolve(() => server.close());
    });
  });
}

function addressOf(server: net.Server): Target {
  const { address, port } = server.address() as net.AddressInfo;
  return { host: address, port };
}

function join(crowd: Crowd): void {
  crowds.add(crowd);
  crowd.listeners += 1;
}

function leave(crowd: Crowd): void {
  crowd.listeners -= 1;
  if (crowd.listeners === 0) crowds.delete(crowd);
}

/**
 * Refuses connections with a FIN at once, the same for whatever they have sent: a socket closed with unread bytes would
 * send a reset instead (docs/adr/0002-one-silent-reaction.md). When too many are on their way out, the one that has
 * had the longest time for it gives up its descriptor.
 */
function doorman(): (socket: net.Socket) => void {
  const leaving = new Set<net.Socket>();
  return (socket) => {
    const [oldest] = leaving;
    if (leaving.size >= mostSeenOff) oldest?.destroy();
    leaving.add(socket);
    const deadline = setTimeout(() => socket.destroy(), seeOffMs);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearTimeout(deadline);
      leaving.delete(socket);
    });
    socket.resume().end();
  };
}

/**
 * The port of a BIND: it waits for one connection from one host, and is gone after it (RFC 1928 §4; SOCKS4, "BIND").
 *
 * Whoever comes first decides. A stranger could have been shown the door and the wait gone on, but both texts mean it
 * otherwise: SOCKS4 has the proxy answer 91 and close when another host came, and an application that announced
 * its port to one host and hears of another has to know. The stranger gains nothing by it but that one binding.
 */
import { createSocket } from 'node:dgram';
import net from 'node:net';
import { canonicalIp } from '../codec/ip.js';
import { DialError } from '../errors.js';
import type { Binding, Connected } from '../outbound/outbound.js';
import { dialErrorOf } from './dial-errors.js';
import { adoptSocket, relayedSocketOptions } from './lending.js';
import { TcpStream } from './tcp.js';

/** What is asked for the way to a host; nothing is sent to it. RFC 863: whoever listens there would throw it away. */
const discardPort = 9;

/**
 * The address of this host from which packets to `ip` leave, asked of the kernel by a UDP socket that sends nothing.
 * @throws DialError when there is no way to it.
 */
export function addressTowards(ip: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(ip.includes(':') ? 'udp6' : 'udp4');
    socket.once('error', (error) => {
      socket.close();
      reject(dialErrorOf(error));
    });
    socket.once('connect', () => {
      const { address } = socket.address();
      socket.close();
      resolve(address);
    });
    socket.connect(discardPort, ip);
  });
}

export interface BindingOptions {
  /** The IP literals it may come from. */
  readonly from: readonly string[];
  /** How long to wait for it, in milliseconds. */
  readonly timeoutMs: number;
  /** Waits no longer, with its reason as the error of `accepted`. */
  readonly signal: AbortSignal;
}

/**
 * Listens on a free port of `ip`, an address of this host, and accepts one connection. Rejects with a DialError when
 * it cannot listen, or with the reason of its signal.
 */
export async function openBinding(ip: string, options: BindingOptions): Promise<Binding> {
  const server = net.createServer({ ...relayedSocketOptions, pauseOnConnect: true });
  await listening(server, ip);
  if (options.signal.aborted) {
    server.close();
    throw options.signal.reason as Error;
  }
  const { address, port } = server.address() as net.AddressInfo;
  const wait = new Wait(server, options);
  return {
    bound: { host: address, port },
    accepted: wait.accepted,
    close: () => {
      wait.fail(new DialError('general-failure', 'binding: expected a connection, got closed'));
    },
  };
}

function listening(server: net.Server, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(dialErrorOf(error));
    });
    // Not shared with other processes of a cluster.
    server.listen({ host, port: 0, backlog: 1, exclusive: true }, () => {
      server.removeAllListeners('error');
      // An accept that fails later, for want of a descriptor, must not end the process.
      server.on('error', () => undefined);
      resolve();
    });
  });
}

/** The time between the two replies. */
class Wait {
  readonly accepted: Promise<Connected>;
  readonly #server: net.Server;
  readonly #from: ReadonlySet<string>;
  readonly #signal: AbortSignal;
  readonly #deadline: NodeJS.Timeout;
  #resolve: (connected: Connected) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  #over = false;

  constructor(server: net.Server, { from, timeoutMs, signal }: BindingOptions) {
    this.#server = server;
    this.#from = new Set(from.map(canonicalIp));
    this.#signal = signal;
    this.accepted = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // It may break before anybody asks for it.
    this.accepted.catch(() => undefined);
    this.#deadline = setTimeout(() => {
      const message = `binding: expected a connection within ${timeoutMs / 1000} s, got none`;
      this.fail(new DialError('timed-out', message));
    }, timeoutMs);
    signal.addEventListener('abort', this.#aborted);
    server.on('connection', this.#arrived);
  }

  fail(error: Error): void {
    if (!this.#finish()) return;
    this.#reject(error);
  }

  readonly #arrived = (socket: net.Socket): void => {
    const { remoteAddress, remotePort } = socket;
    // Gone again before it was accepted: nobody can say who that was, and there is nothing to relay.
    if (remoteAddress === undefined || remotePort === undefined) {
      socket.destroy();
      return;
    }
    const host = canonicalIp(remoteAddress);
    if (!this.#from.has(host)) {
      socket.resetAndDestroy();
      this.fail(new DialError('not-allowed', 'binding: expected the host that was named, got another one'));
      return;
    }
    if (!this.#finish()) socket.destroy();
    else this.#resolve({ stream: new TcpStream(adoptSocket(socket)), bound: { host, port: remotePort } });
  };

  readonly #aborted = (): void => {
    this.fail(this.#signal.reason as Error);
  };

  /** False when it was over already. */
  #finish(): boolean {
    if (this.#over) return false;
    this.#over = true;
    clearTimeout(this.#deadline);
    this.#signal.removeEventListener('abort', this.#aborted);
    this.#server.close();
    return true;
  }
}

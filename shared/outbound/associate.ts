/**
 * UDP ASSOCIATE at the local (RFC 1928 §4, §7): it owns the socket that the client sends to, and passes datagrams on to
 * the remote as Shadowsocks packets.
 *
 * Whatever is wrong with a datagram, it is dropped, and nobody is told: that is how UDP fails.
 */
import type { Target } from '../codec/address.js';
import { canonicalIp } from '../codec/ip.js';
import { type OpenedAnswer, type PacketClient, packetClient } from '../codec/packets.js';
import type { Cipher } from '../codec/stream.js';
import type { Environment } from '../environment.js';
import { codeOf, DialError } from '../errors.js';
import { anyAddress, bindDatagrams, type Datagrams, type Endpoint, type Sent } from '../net/datagrams.js';
import { mostDatagramSockets, openDatagramSockets, seldom } from '../net/descriptors.js';
import type { Resolver } from '../net/resolve.js';
import { routedAddress } from '../net/routes.js';
import { within } from '../net/within.js';
import { FragmentQueue, reassemblyMs } from '../proxy/fragments.js';
import { UdpHeaders } from '../proxy/udp-header.js';
import {
  type Association,
  type AssociationClient,
  type Associator,
  type DatagramCounts,
  type DialerOptions,
  FarFailure,
} from './outbound.js';

/** The far end of associations. */
export interface PacketTunnel {
  readonly remote: Target;
  readonly cipher: Cipher;
  readonly environment: Environment;
  readonly resolver: Resolver;
  readonly timeouts: { readonly dialMs: number };
  /** This process has no descriptors for one more association: said at most once a minute. */
  readonly crowded: () => void;
}

/**
 * Through any Shadowsocks server that takes datagrams, ours included: they travel to the host and port that streams
 * travel to. Whether somebody is there cannot be told: the association opens as soon as the remote has an address.
 */
export function tunnelAssociator(tunnel: PacketTunnel): Associator {
  const most = mostDatagramSockets();
  const crowded = seldom(tunnel.crowded);
  return async (client, { signal }) => {
    try {
      const address = await remoteAddress(tunnel, signal);
      const hosts = [canonicalIp(client.near.host), anyAddress[address.includes(':') ? 6 : 4]] as const;
      if (openDatagramSockets() + hosts.length > most) {
        const message = `sockets for datagrams: expected at most ${most}, got more`;
        throw Object.assign(new Error(message), { code: 'EMFILE' });
      }
      const [near, far] = await bindBoth(hosts, signal);
      const remote = { address, port: tunnel.remote.port };
      return new Relay(client, near, new PacketWay(far, remote, tunnel));
    } catch (error) {
      if (codeOf(error) === 'EMFILE') crowded();
      signal.throwIfAborted();
      throw new FarFailure(tunnel.remote, error);
    }
  };
}

/** The way to such a server alone, for whoever has no client on this machine. Rejects as a `Dialer` does. */
export async function packetWay(tunnel: PacketTunnel, { signal }: DialerOptions): Promise<FarWay> {
  const address = await remoteAddress(tunnel, signal);
  const far = await bindDatagrams({ host: anyAddress[address.includes(':') ? 6 : 4], port: 0 });
  if (signal.aborted) {
    far.close();
    throw signal.reason as Error;
  }
  return new PacketWay(far, { address, port: tunnel.remote.port }, tunnel);
}

/** Two sockets, or none at all. They count from the start, so that nobody else is promised their descriptors. */
async function bindBoth(
  hosts: readonly [near: string, far: string],
  signal: AbortSignal,
): Promise<[near: Datagrams, far: Datagrams]> {
  const bind = (host: string): Promise<Datagrams> => bindDatagrams({ host, port: 0 });
  const both = [bind(hosts[0]), bind(hosts[1])] as const;
  try {
    const bound = await Promise.all(both);
    signal.throwIfAborted();
    return bound;
  } catch (error) {
    for (const one of both) {
      void one.then(
        (socket) => {
          socket.close();
        },
        () => undefined,
      );
    }
    throw error;
  }
}

/** Where the remote is now, in the spelling in which the system will name it as a sender. */
async function remoteAddress(
  { remote, resolver, timeouts }: PacketTunnel,
  signal: AbortSignal,
): Promise<string> {
  const found = resolver.resolve(remote.host).then(routedAddress);
  const address = await within(found, timeouts.dialMs, signal);
  if (address === undefined) throw new DialError('name-not-resolved', 'name: expected an address, got none');
  return canonicalIp(address);
}

/** What becomes of what comes back. */
export interface FarSink {
  readonly answered: (source: Target, payload: Uint8Array) => void;
  /** Something came that is no answer. */
  readonly dropped: () => void;
  /** It has ended, undefined when cleanly. */
  readonly ended: (broken: Error | undefined) => void;
}

/** The way of datagrams to the remote and back. */
export interface FarWay {
  attach(sink: FarSink): void;
  /**
   * Sends; the payload is lent. `sent` as in `Datagrams`.
   * @throws ProtocolError for a host that nothing can name there.
   */
  send(target: Target, payload: Uint8Array, sent: Sent): void;
  close(): void;
}

/** By Shadowsocks packets. */
class PacketWay implements FarWay {
  readonly #far: Datagrams;
  readonly #remote: Endpoint;
  readonly #packets: PacketClient;
  /** A packet proves whom it is from and whom it answers. */
  readonly #provesItself: boolean;

  constructor(far: Datagrams, remote: Endpoint, { cipher, environment }: PacketTunnel) {
    this.#far = far;
    this.#remote = remote;
    this.#packets = packetClient(cipher, environment);
    this.#provesItself = cipher.method.edition === 2022;
  }

  attach({ answered, dropped, ended }: FarSink): void {
    const received = (packet: Uint8Array, from: Endpoint): void => {
      const answer = this.#open(packet, from);
      if (answer === undefined) dropped();
      else answered(answer.source, answer.payload);
    };
    this.#far.attach({ received, failed: ended });
  }

  send(target: Target, payload: Uint8Array, sent: Sent): void {
    this.#far.send(this.#packets.seal(target, payload), this.#remote, sent);
  }

  close(): void {
    this.#far.close();
  }

  /** Undefined: not from our remote, or not new. */
  #open(packet: Uint8Array, from: Endpoint): OpenedAnswer | undefined {
    try {
      return this.#isRemote(from) ? this.#packets.open(packet) : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * A remote with several addresses may answer from another one than was asked: the system chooses, and Node cannot
   * tell it. The 2022 edition makes an answer of anybody else worthless; the 2017 edition does not even tell an answer
   * to another association. The port is the remote's in any case, which keeps out what comes by chance.
   */
  #isRemote({ address, port }: Endpoint): boolean {
    return port === this.#remote.port && (this.#provesItself || address === this.#remote.address);
  }
}

/** Between a client and the way to the remote. */
export class Relay implements Association {
  readonly bound: Target;
  readonly closed: Promise<Error | undefined>;
  readonly #near: Datagrams;
  readonly #far: FarWay;
  readonly #headers = new UdpHeaders();
  readonly #fragments = new FragmentQueue();
  readonly #clientHost: string;
  /** The one port of the client that is listened to: its request names it, or else its first datagram does. */
  #clientPort: number | undefined;
  #client: Endpoint | undefined;
  #reassembly: NodeJS.Timeout | undefined;
  #settle: (broken: Error | undefined) => void = () => undefined;
  #up = 0;
  #down = 0;
  #datagramsUp = 0;
  #datagramsDown = 0;
  #dropped = 0;

  constructor(client: AssociationClient, near: Datagrams, far: FarWay) {
    this.bound = near.address;
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#near = near;
    this.#far = far;
    this.#clientHost = canonicalIp(client.host);
    const { host, port } = client.announced;
    this.#clientPort = port !== 0 && canonicalIp(host) === this.#clientHost ? port : undefined;
    near.attach({ received: this.#fromClient, failed: this.#end });
    far.attach({ answered: this.#answered, dropped: this.#drop, ended: this.#end });
  }

  counts(): DatagramCounts {
    return {
      up: this.#up,
      down: this.#down,
      datagramsUp: this.#datagramsUp,
      datagramsDown: this.#datagramsDown,
      dropped: this.#dropped,
    };
  }

  close(): void {
    this.#end(undefined);
  }

  readonly #end = (broken: Error | undefined): void => {
    clearTimeout(this.#reassembly);
    this.#near.close();
    this.#far.close();
    this.#settle(broken);
  };

  readonly #drop = (): void => {
    this.#dropped += 1;
  };

  readonly #sent: Sent = (error) => {
    if (error !== null) this.#drop();
  };

  readonly #fromClient = (datagram: Uint8Array, from: Endpoint): void => {
    const header = this.#isClient(from) ? this.#headers.read(datagram) : undefined;
    if (header === undefined) {
      this.#dropped += 1;
      return;
    }
    this.#clientPort = from.port;
    this.#client = from;
    const whole = this.#fragments.accept(header, performance.now());
    if (whole === undefined) this.#awaitRest(header.fragment);
    else this.#pass(whole.target, whole.payload);
  };

  #isClient({ address, port }: Endpoint): boolean {
    return address === this.#clientHost && (this.#clientPort ?? port) === port;
  }

  /** A sequence that has just begun is forgotten if it does not become whole; the queue has no clock of its own. */
  #awaitRest(fragment: number): void {
    if (fragment !== 1) return;
    this.#reassembly ??= setTimeout(() => {
      // Put off by every sequence, so none is younger, however the two clocks are rounded.
      this.#fragments.expire(Infinity);
    }, reassemblyMs);
    this.#reassembly.refresh();
  }

  #pass(target: Target, payload: Uint8Array): void {
    try {
      this.#far.send(target, payload, this.#sent);
    } catch {
      // A host that no packet can name.
      this.#drop();
      return;
    }
    this.#up += payload.length;
    this.#datagramsUp += 1;
  }

  readonly #answered = (source: Target, payload: Uint8Array): void => {
    if (this.#client === undefined) {
      this.#drop();
      return;
    }
    this.#down += payload.length;
    this.#datagramsDown += 1;
    this.#near.send(this.#headers.write(source, payload), this.#client, this.#sent);
  };
}

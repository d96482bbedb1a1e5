import type { Target } from '../codec/address.js';
import { parseIp } from '../codec/ip.js';
import type { PacketSealer } from '../codec/packets.js';
import { codeOf, DialError } from '../errors.js';
import { type Datagrams, type Endpoint, openDatagrams, type Sent } from '../net/datagrams.js';
import { admitAddress, admitAddresses, admitAgain, admitTarget, type Guard } from '../net/guard.js';
import type { Resolver } from '../net/resolve.js';
import { routedAddress } from '../net/routes.js';
import type { HookedConnection, Hooks } from '../hooks/hooks.js';
import type { ConnectionFacts, ConnectionRow, SocketEnds } from '../observe/connection.js';
import type { Observer } from '../observe/events.js';
import type { Account, Carried, Carrier } from './accounts.js';
import { type Named, Names } from './association-names.js';
import { enter, leave, type OpenConnection } from './open.js';
import { nowhere } from './socket-ends.js';
import { named, nextConversation } from './visit.js';

/** What all associations of a port share. */
export interface Surroundings {
  readonly resolver: Resolver;
  readonly guard: Guard;
  readonly observer: Observer;
  /** The socket that clients send to, and that answers leave by. */
  readonly listener: Pick<Datagrams, 'send'>;
  /** A socket could not be had for want of a descriptor. */
  readonly noDescriptor: () => void;
  readonly hooks?: Hooks | undefined;
}

/** In whose name. */
export interface Owned {
  readonly account: Account;
}

/** Where clients are whose datagrams come in a stream. */
export interface InStream {
  readonly ends?: SocketEnds | undefined;
}

const dnsPort = 53;

/** From which socket, and where to. */
interface Way {
  readonly family: 4 | 6;
  readonly to: Endpoint;
}

/** A target that the guard has let pass. */
interface Admitted extends Way {
  readonly target: Target;
}

/**
 * The datagrams of one client of a remote, on their way to any number of targets and back: one socket for each family,
 * so that a target sees the same sender in all of them. Whoever has learned its port may answer (RFC 4787 §5).
 */
export class Association implements Carrier, OpenConnection {
  /** Where answers go. Changes with every genuine packet: clients move (T-22). */
  client: Endpoint;
  /** Ends it, wherever it is kept. */
  giveUp: () => void = () => {
    this.close();
  };
  readonly #ends: SocketEnds | undefined;
  readonly #hooked: HookedConnection | undefined;
  readonly #sealer: PacketSealer;
  readonly #around: Surroundings;
  readonly #account: Account;
  readonly #names: Names;
  readonly #sockets = new Map<4 | 6, Datagrams>();
  readonly id: number = nextConversation();
  readonly #startedAt = performance.now();
  #lastActive = this.#startedAt;
  #onlyNameServers = true;
  /** Where the last datagram to an IP literal went: most go where the one before went. */
  #last: Admitted | undefined;
  #closed = false;
  #broken: Error | undefined;
  #cutBy: Error | undefined;
  #up = 0;
  #down = 0;
  #datagramsUp = 0;
  #datagramsDown = 0;
  #dropped = 0;

  constructor(
    client: Endpoint,
    sealer: PacketSealer,
    { account, ends, ...around }: Surroundings & Owned & InStream,
  ) {
    this.client = client;
    this.#ends = ends;
    this.#sealer = sealer;
    this.#around = around;
    this.#names = new Names(this.#find, { found: this.#found, lost: this.#lost });
    this.#account = account;
    account.open(this);
    enter(this);
    around.observer({ event: 'opened', id: this.id, role: 'remote', ...named(account) });
    this.#hooked = around.hooks?.accept(
      () => this.#facts(),
      (reason) => {
        this.cut(reason);
      },
    );
  }

  /** Tells of itself, once it is kept where it can be ended: a hook may do so at once. */
  accepted(): void {
    this.#hooked?.accepted();
  }

  describe(): ConnectionRow {
    return { ...this.#facts(), state: 'open', up: this.#up, down: this.#down };
  }

  cut(reason: Error): void {
    if (this.#closed) return;
    this.#cutBy = reason;
    this.giveUp();
  }

  get kind(): 'association' {
    return 'association';
  }

  /** The name of whose it is, where each user has a key of its own. */
  get user(): string | undefined {
    return this.#account.user;
  }

  carried(): Carried {
    return {
      up: this.#up,
      down: this.#down,
      datagramsUp: this.#datagramsUp,
      datagramsDown: this.#datagramsDown,
    };
  }

  /** When it last carried anything, on the clock of `performance`. */
  get lastActive(): number {
    return this.#lastActive;
  }

  /** Whether all that it has ever been asked for were name servers: such a client does not come back. */
  get onlyNameServers(): boolean {
    return this.#onlyNameServers;
  }

  /** Passes a datagram on to its target, as far as the guard lets it. Its payload is kept. */
  forward(datagram: Named): void {
    // A hook may have ended it with its first datagram.
    if (this.#closed) return;
    const { target } = datagram;
    this.#lastActive = performance.now();
    if (target.port !== dnsPort) this.#onlyNameServers = false;
    try {
      if (target === this.#last?.target) {
        admitAgain(this.#around.guard, target.host, target.port);
        this.#pass(datagram.payload, this.#last);
        return;
      }
      admitTarget(this.#around.guard, target);
      if (parseIp(target.host) === undefined) this.#names.resolve(datagram);
      else this.#last = { target, ...this.#send(target.host, datagram) };
    } catch {
      this.#lost();
    }
  }

  /** Ends it, and tells the observer. */
  close(): void {
    this.#closed = true;
    // As long as a socket is left, a failure of another did not end it.
    const broken = this.#cutBy ?? (this.#sockets.size === 0 ? this.#broken : undefined);
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
    this.#account.close(this);
    leave(this);
    this.#around.observer({
      event: 'closed',
      id: this.id,
      ...named(this.#account),
      up: this.#up,
      down: this.#down,
      ms: Math.round(performance.now() - this.#startedAt),
      datagrams: { up: this.#datagramsUp, down: this.#datagramsDown, dropped: this.#dropped },
      ...(broken && { error: codeOf(broken) ?? 'internal' }),
    });
    this.#hooked?.closed(broken, { up: this.#up, down: this.#down });
  }

  /** It has any number of targets, and so it names none. */
  #facts(): ConnectionFacts {
    const { address: host, port } = this.client;
    return {
      id: this.id,
      role: 'remote',
      transport: 'udp',
      openedAt: Math.round(performance.timeOrigin + this.#startedAt),
      client: this.#ends ?? { ...nowhere, remote: { host, port } },
      ...named(this.#account),
      command: 'associate',
    };
  }

  readonly #find = async ({ host, port }: Target): Promise<string> => {
    const { resolver, guard } = this.#around;
    const ip = await routedAddress(admitAddresses(guard, await resolver.resolve(host), port));
    if (ip === undefined) throw new DialError('name-not-resolved', 'name: expected an address, got none');
    return ip;
  };

  /** A name has got its address; the association may have ended meanwhile. */
  readonly #found = (ip: string, datagram: Named): void => {
    try {
      if (!this.#closed) this.#send(ip, datagram);
    } catch {
      this.#lost();
    }
  };

  /**
   * Asks the guard about the very address that it sends to, each time (T-27).
   * @throws RefusedError when it says no.
   */
  #send(ip: string, { target, payload }: Named): Way {
    admitAddress(this.#around.guard, ip, target.port);
    const way = { family: ip.includes(':') ? 6 : 4, to: { address: ip, port: target.port } } as const;
    this.#pass(payload, way);
    return way;
  }

  #pass(payload: Uint8Array, { family, to }: Way): void {
    this.#up += payload.length;
    this.#datagramsUp += 1;
    this.#socketFor(family).send(payload, to, this.#sent);
  }

  #socketFor(family: 4 | 6): Datagrams {
    const open = this.#sockets.get(family);
    if (open !== undefined) return open;
    const failed = (error: Error): void => {
      this.#failed(family, error);
    };
    const socket = openDatagrams(family, { received: this.#answered, failed });
    this.#sockets.set(family, socket);
    return socket;
  }

  readonly #answered = (payload: Uint8Array, { address, port }: Endpoint): void => {
    let packet: Uint8Array;
    try {
      packet = this.#sealer.seal({ host: address, port }, payload);
    } catch {
      this.#lost();
      return;
    }
    this.#lastActive = performance.now();
    this.#down += payload.length;
    this.#datagramsDown += 1;
    this.#around.listener.send(packet, this.client, this.#sent);
  };

  readonly #sent: Sent = (error) => {
    if (error !== null) this.#lost();
  };

  /**
   * No descriptors, most likely, or a family that this host does not have: the other one goes on. The client sends
   * again, and may be luckier then.
   */
  #failed(family: 4 | 6, error: Error): void {
    this.#broken = error;
    if (codeOf(error) === 'EMFILE') this.#around.noDescriptor();
    this.#lost();
    this.#sockets.get(family)?.close();
    this.#sockets.delete(family);
  }

  readonly #lost = (): void => {
    this.#dropped += 1;
  };
}

/**
 * Datagrams at the remote: from the one socket that all clients send to, through their associations, to targets and
 * back. What is not genuine and new meets silence, and nothing is kept of it but a count.
 */
import type { Target } from '../codec/address.js';
import { type OpenedPacket, packetServer, type PacketServer } from '../codec/packets.js';
import type { Cipher, Roster } from '../codec/session.js';
import type { Environment } from '../environment.js';
import { codeOf, messageOf } from '../errors.js';
import { bindDatagrams, type Datagrams, type Endpoint } from '../net/datagrams.js';
import {
  countStanding,
  moreDescriptors,
  mostDatagramSockets,
  openDatagramSockets,
} from '../net/descriptors.js';
import type { Guard } from '../net/guard.js';
import type { Resolver } from '../net/resolve.js';
import type { Hooks } from '../hooks/hooks.js';
import type { Observer } from '../observe/events.js';
import type { Accounts } from './accounts.js';
import { Association, type Surroundings } from './association.js';
import { type Shortage, Shortages } from './association-shortages.js';
import { AssociationTable, type IdleLimits, type Places } from './association-table.js';
import { sourceOf } from './authenticate.js';
import { Forgeries } from './forgeries.js';

export interface DatagramOptions {
  /** Where the remote listens for connections: the same host and port are taken for datagrams. */
  readonly listen: Target;
  readonly cipher: Cipher;
  /** Those who are let in, where each has a key of its own; undefined lets in whoever has the key of the remote. */
  readonly users?: Roster | undefined;
  readonly accounts: Pick<Accounts, 'accountOf'>;
  readonly environment: Environment;
  readonly resolver: Resolver;
  readonly guard: Guard;
  readonly observer: Observer;
  readonly hooks?: Hooks | undefined;
  /** Unix seconds: a stamped packet older than this may have been recorded before we could remember it (T-05). */
  readonly notBefore: number;
  readonly timeouts: IdleLimits;
}

/** What can be seen of a service. What its associations carry, they tell themselves. */
export interface DatagramServiceCounts {
  /** Those that are open now. */
  readonly associations: number;
  /** Datagrams that were not genuine. */
  readonly forged: number;
  /** Genuine datagrams that were seen before, or for which there was no room. */
  readonly dropped: number;
}

/** A running service. */
export interface DatagramService {
  readonly counts: () => DatagramServiceCounts;
  /** Ends the associations of one user, who is none any more or has another key now. */
  cut(user: string): void;
  /** Ends all associations. */
  close(): void;
}

const defaultPlaces: Places = { total: 4096, perSource: 256 };
/** One for each family. */
const socketsEach = 2;
/** How often the idle are looked for. */
const sweepMs = 5_000;

/** Serves datagrams. Rejects with the system's error when the port cannot be had. */
export async function serveDatagrams(
  options: DatagramOptions,
  places: Places = defaultPlaces,
): Promise<DatagramService> {
  return new Associations(await bindDatagrams(options.listen, countStanding), options, places);
}

class Associations implements DatagramService {
  readonly #listener: Datagrams;
  readonly #around: Surroundings;
  readonly #accounts: DatagramOptions['accounts'];
  readonly #server: PacketServer;
  readonly #table: AssociationTable;
  readonly #forgeries: Forgeries;
  readonly #shortages: Shortages;
  readonly #notBefore: number;
  readonly #sweep: NodeJS.Timeout;
  #dropped = 0;

  constructor(listener: Datagrams, options: DatagramOptions, wanted: Places) {
    const { cipher, users, environment, resolver, guard, observer, hooks, notBefore, timeouts } = options;
    this.#notBefore = notBefore;
    this.#accounts = options.accounts;
    this.#listener = listener;
    const noDescriptor = (): void => {
      this.#shortages.add('descriptors');
    };
    this.#around = { resolver, guard, observer, hooks, listener, noDescriptor };
    this.#server = packetServer(cipher, environment, users);
    const affordable = Math.floor(mostDatagramSockets() / socketsEach);
    const places = { ...wanted, total: Math.min(wanted.total, affordable) };
    this.#table = new AssociationTable(places);
    const advice = places.total < wanted.total ? moreDescriptors : undefined;
    this.#shortages = new Shortages(observer, places, advice);
    this.#forgeries = new Forgeries((why) => {
      observer({ event: 'absorbed', why });
    });
    this.#sweep = setInterval(() => {
      this.#table.endIdle(timeouts);
      const now = performance.now();
      this.#forgeries.tick(now);
      this.#shortages.tick(now);
    }, sweepMs);
    // That one datagram cannot be received is no reason not to receive the next.
    listener.attach({ received: this.#received, failed: () => undefined });
  }

  counts(): DatagramServiceCounts {
    return { associations: this.#table.size, forged: this.#forgeries.total, dropped: this.#dropped };
  }

  cut(user: string): void {
    this.#table.cut(user);
  }

  close(): void {
    clearInterval(this.#sweep);
    this.#listener.close();
    this.#table.endAll();
  }

  readonly #received = (packet: Uint8Array, from: Endpoint): void => {
    if (this.#forgeries.any && this.#isForger(from)) {
      this.#forgeries.add(sourceOf(from.address), 'too many of one source');
      return;
    }
    let opened: OpenedPacket;
    try {
      opened = this.#server.open(packet, from.address);
    } catch (error) {
      // The network repeats packets too; whoever repeats them on purpose has gained nothing.
      if (codeOf(error) === 'replay') this.#dropped += 1;
      else this.#forgeries.add(sourceOf(from.address), messageOf(error));
      return;
    }
    const association = this.#associationOf(opened, from);
    if (association === undefined) {
      this.#dropped += 1;
      return;
    }
    // Not before everything about the packet has proved to be right: this moves the answers (T-22).
    association.client = from;
    association.forward(opened);
  };

  /** Clients that have proved to be genuine are heard whatever else comes in their name: that is easily forged. */
  #isForger({ address }: Endpoint): boolean {
    const source = sourceOf(address);
    return this.#forgeries.tooMany(source) && !this.#table.knows(source);
  }

  /** What there is too little of for one more. Other ports, and streams of datagrams, have their share of the sockets. */
  #shortageFor(source: string): Shortage | undefined {
    const shortage = this.#table.makeRoom(source);
    if (shortage !== undefined) return shortage;
    return openDatagramSockets() + socketsEach > mostDatagramSockets() ? 'descriptors' : undefined;
  }

  /** Its association, which may begin with it; undefined when it may belong to none. */
  #associationOf(
    { session, sealer, timestamp, user }: OpenedPacket,
    from: Endpoint,
  ): Association | undefined {
    const key = session ?? `${from.address} ${from.port} ${user ?? ''}`;
    const open = this.#table.get(key);
    const recorded = timestamp !== undefined && timestamp < this.#notBefore;
    if (open !== undefined) return recorded ? undefined : open;
    const source = sourceOf(from.address);
    const shortage = recorded ? undefined : this.#shortageFor(source);
    if (shortage !== undefined) this.#shortages.add(shortage);
    if (recorded || shortage !== undefined) {
      session?.end();
      return undefined;
    }
    const account = this.#accounts.accountOf(user);
    const association = new Association(from, sealer, { ...this.#around, account });
    this.#table.add(key, source, association);
    association.accepted();
    return association;
  }
}

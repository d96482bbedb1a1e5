/** Forwards of datagrams: a session for each address and port that sends some (RFC 4787 §4.3, §5: as a careful NAT). */
import type { Target } from '../codec/address.js';
import { StoppedError } from '../errors.js';
import { bindDatagrams, type Datagrams, type Endpoint } from '../net/datagrams.js';
import { countStanding, mostDatagramSockets, openDatagramSockets, seldom } from '../net/descriptors.js';
import { onAnyAddress } from '../net/listen.js';
import { warnNoDescriptors } from './association-shortages.js';
import { DatagramSession, type SessionAround } from './forward-session.js';

/** Clients of one forward at once. */
const mostSessions = 4096;
/** How often the idle are looked for, ms. */
const sweepMs = 5_000;
const dnsPort = 53;
/** Whoever asks a name server has its answer by then, ms. */
const nameServerIdleMs = 10_000;

export interface DatagramForwardOptions extends Pick<SessionAround, 'machine' | 'target' | 'talk'> {
  /** Where to listen. An empty host means all addresses. */
  readonly listen: Target;
  /** A session that carries nothing for so long ends. */
  readonly idleMs: number;
  /** By default 4,096. */
  readonly most?: number;
}

export interface DatagramForward {
  /** Where it really listens. */
  readonly address: Target;
  /** Hears from now on; what comes before is lost. */
  readonly begin: () => void;
  /** Listens no more, and ends all sessions. */
  readonly close: () => void;
}

/** Leads datagrams to a target, once it has begun. Rejects with the system's error when it cannot listen. */
export async function forwardDatagrams(options: DatagramForwardOptions): Promise<DatagramForward> {
  const near = await onAnyAddress(options.listen, (address) => bindDatagrams(address, countStanding));
  return new Sessions(near, options);
}

class Sessions implements DatagramForward {
  readonly address: Target;
  readonly #near: Datagrams;
  readonly #around: SessionAround;
  readonly #idleMs: number;
  readonly #most: number;
  readonly #crowded: () => void;
  /** By address and port; whoever has been idle for longest is the first. */
  readonly #open = new Map<string, Open>();
  #sweep: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    near: Datagrams,
    { machine, target, talk, idleMs, most = mostSessions }: DatagramForwardOptions,
  ) {
    this.address = near.address;
    this.#near = near;
    this.#idleMs = target.port === dnsPort ? Math.min(idleMs, nameServerIdleMs) : idleMs;
    this.#most = most;
    this.#crowded = seldom(warnNoDescriptors(machine.observer));
    this.#around = { machine, target, talk, near, active: this.#active, over: this.#forget };
  }

  readonly begin = (): void => {
    // That one datagram cannot be received is no reason not to receive the next.
    this.#near.attach({ received: this.#received, failed: () => undefined });
  };

  readonly close = (): void => {
    this.#closed = true;
    clearTimeout(this.#sweep);
    const reason = new StoppedError('stop: expected no session, got one');
    for (const { session } of this.#open.values()) session.close(reason);
    this.#near.close();
  };

  readonly #received = (datagram: Uint8Array, from: Endpoint): void => {
    const open = this.#open.get(keyOf(from))?.session ?? this.#begin(from);
    open?.receive(datagram);
  };

  /** Undefined when there is no descriptor for one more. */
  #begin(from: Endpoint): DatagramSession | undefined {
    const short = openDatagramSockets() >= mostDatagramSockets();
    const [idlest] = this.#open.values();
    if (short || this.#open.size >= this.#most) {
      if (short) this.#crowded();
      if (idlest === undefined) return undefined;
      idlest.session.close();
    }
    const session = new DatagramSession(from, this.#around);
    if (session.over) return undefined;
    this.#active(session);
    return session;
  }

  readonly #active = (session: DatagramSession): void => {
    const key = keyOf(session.client);
    this.#open.delete(key);
    this.#open.set(key, { session, at: performance.now() });
    this.#sweep ??= setTimeout(this.#endIdle, Math.min(sweepMs, this.#idleMs));
  };

  readonly #forget = (session: DatagramSession): void => {
    this.#open.delete(keyOf(session.client));
  };

  readonly #endIdle = (): void => {
    this.#sweep = undefined;
    const before = performance.now() - this.#idleMs;
    for (const { session, at } of this.#open.values()) {
      if (at > before) break;
      session.close();
    }
    if (this.#open.size === 0 || this.#closed) return;
    this.#sweep = setTimeout(this.#endIdle, Math.min(sweepMs, this.#idleMs));
  };
}

interface Open {
  readonly session: DatagramSession;
  /** When it last carried anything. */
  readonly at: number;
}

function keyOf({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}

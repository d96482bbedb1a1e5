import type { Cipher, OpenedRequest } from '../codec/stream.js';
import { RequestOpener } from '../codec/stream.js';
import type { Source } from '../codec/tried-users.js';
import type { StreamUsers, Users } from '../codec/users.js';
import { messageOf } from '../errors.js';
import type { Environment } from '../environment.js';
import type { ReplayStore } from '../net/replay.js';
import type { Sink } from '../net/stream.js';
import type { TcpStream } from '../net/tcp.js';

/**
 * Openings that may wait half-received at once, in all and from one source: they are all that takes memory. Behind a
 * plugin everybody comes from one address, and one of them must not keep out the others, nor those of other ports.
 */
const mostWaiting = { total: 4096, perSource: 64, hidden: 2048 } as const;

/** What a peer may send while its opening is judged before it is paused, bytes: more than any opening takes. */
const mostAhead = 128 * 1024;

/** What stands between an accepted connection and the machine. */
export interface Gate {
  readonly cipher: Cipher;
  /** Those who are let in, where each has a key of its own. */
  readonly users?: (StreamUsers & Pick<Users, 'has'>) | undefined;
  readonly environment: Environment;
  readonly replay: ReplayStore;
  /** Unix seconds: a stamped opening older than this may have been recorded before we could remember it. */
  readonly notBefore: number;
  readonly waiting: WaitingRoom;
  /** Whether a plugin stands before it, so that all peers have the address of this machine. */
  readonly hidesSources: boolean;
  readonly absorbMs: number;
  /** An opening was not authentic. `why` is for the log of the operator; the peer is told nothing. */
  readonly absorbed: (why: string) => void;
}

/**
 * Reads the opening of a connection and calls `authenticated` if it is genuine, new and of our time. Everything else
 * meets the same silence: read, discard, and one FIN at one deadline (docs/probes.md).
 */
export function authenticate(
  tcp: TcpStream,
  gate: Gate,
  authenticated: (opened: OpenedRequest) => void,
): void {
  // Let go of once it has been let through: the connection may then be idle for hours, and one of ten thousand.
  let opening: Opening | undefined = new Opening(tcp, gate, (opened) => {
    opening = undefined;
    authenticated(opened);
  });
  tcp.onClosed(() => opening?.leave());
  tcp.attach(opening);
}

/** Discards what a peer sends until `ms` have passed, answers its FIN at once and nothing else. */
export function absorb(tcp: TcpStream, ms: number): void {
  const deadline = setTimeout(() => {
    tcp.close();
  }, ms);
  tcp.onClosed(() => {
    clearTimeout(deadline);
  });
  tcp.attach({
    receive: () => undefined,
    ended: () => {
      tcp.end();
    },
    failed: () => undefined,
    writable: () => undefined,
  });
}

/** Counts the openings that are kept half-received, so that nobody can fill the memory with them. */
export class WaitingRoom {
  readonly #sources = new Map<Source, number>();
  #total = 0;

  /** False when there is no room for one more from this source (an IPv4 address or an IPv6 /64, or hidden). */
  enter(source: Source): boolean {
    const here = this.#sources.get(source) ?? 0;
    const most = source === undefined ? mostWaiting.hidden : mostWaiting.perSource;
    if (this.#total >= mostWaiting.total || here >= most) return false;
    this.#sources.set(source, here + 1);
    this.#total += 1;
    return true;
  }

  leave(source: Source): void {
    const here = this.#sources.get(source) ?? 0;
    if (here <= 1) this.#sources.delete(source);
    else this.#sources.set(source, here - 1);
    this.#total -= 1;
  }
}

class Opening implements Sink {
  readonly #tcp: TcpStream;
  readonly #gate: Gate;
  /** Its place among those that wait. */
  #place: { readonly source: Source } | undefined;
  readonly #authenticated: (opened: OpenedRequest) => void;
  readonly #opener: RequestOpener;
  readonly #startedAt = performance.now();
  readonly #deadline: NodeJS.Timeout;
  #bytes: Uint8Array = new Uint8Array(0);
  #filled = 0;
  #working = false;
  #saltChecked = false;
  #ended = false;
  #over = false;

  constructor(tcp: TcpStream, gate: Gate, authenticated: (opened: OpenedRequest) => void) {
    this.#tcp = tcp;
    this.#gate = gate;
    this.#authenticated = authenticated;
    const { cipher, environment, users } = gate;
    const asking = users && { users, source: this.#source() };
    this.#opener = new RequestOpener(cipher, environment, asking);
    this.#deadline = setTimeout(() => {
      gate.absorbed('expected an opening, got too little of it in time');
      this.leave();
      tcp.close();
    }, gate.absorbMs);
  }

  receive(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) this.#keep(piece);
    if (this.#filled > mostAhead) this.#tcp.pause();
    if (this.#working) return;
    this.#working = true;
    void this.#proceed();
  }

  ended(): void {
    this.#ended = true;
    // A genuine opening may come with the end of its direction: it is judged first.
    if (this.#working) return;
    // A prober that closes first is answered at once, the same for every length.
    this.leave();
    this.#tcp.end();
  }

  failed(): void {
    this.leave();
  }

  writable(): void {
    // Nothing is written before the peer is known.
  }

  async #proceed(): Promise<void> {
    try {
      const opened = await this.#open();
      this.#working = false;
      if (opened !== undefined) this.#admit(opened);
      else if (this.#ended) this.ended();
      else this.#tcp.resume();
    } catch (error) {
      this.#absorb(messageOf(error));
    }
  }

  /** The request, once all of it is here; undefined while more is needed. Throws whatever makes it not genuine. */
  async #open(): Promise<OpenedRequest | undefined> {
    for (;;) {
      const filled = this.#filled;
      const { saltLength } = this.#opener;
      if (!this.#saltChecked && filled >= saltLength) {
        this.#saltChecked = true;
        if (await this.#gate.replay.seen(this.#bytes.subarray(0, saltLength)))
          throw new Error('replayed salt');
      }
      const opened = this.#saltChecked ? this.#opener.open(this.#bytes.subarray(0, filled)) : undefined;
      if (opened !== undefined) {
        if (opened.timestamp !== undefined && opened.timestamp < this.#gate.notBefore) {
          throw new Error('timestamp: expected one after our start, got one before: it may be a replay');
        }
        if (!(await this.#gate.replay.checkAndAdd(opened.salt))) throw new Error('replayed salt');
        return opened;
      }
      if (filled === this.#filled) {
        this.#wait();
        return undefined;
      }
    }
  }

  #admit(opened: OpenedRequest): void {
    if (this.#over) return;
    const { user, cipher } = opened;
    // Removed, or given another key, while the salt was looked up.
    if (user !== undefined && this.#gate.users?.has(user, cipher) === false) {
      this.#absorb('key: expected that of a user, got one that was until just now');
      return;
    }
    this.leave();
    this.#tcp.giveBack(this.#bytes.subarray(opened.consumed, this.#filled));
    this.#authenticated(opened);
  }

  #wait(): void {
    if (this.#place !== undefined || this.#over) return;
    const source = this.#source();
    if (!this.#gate.waiting.enter(source)) {
      throw new Error('too many openings are waiting, in all or from this source');
    }
    this.#place = { source };
  }

  #absorb(why: string): void {
    if (this.#over) return;
    this.leave();
    this.#gate.absorbed(why);
    absorb(this.#tcp, Math.max(0, this.#gate.absorbMs - (performance.now() - this.#startedAt)));
  }

  /** Judges no longer, and makes room for others. */
  leave(): void {
    this.#over = true;
    clearTimeout(this.#deadline);
    if (this.#place !== undefined) this.#gate.waiting.leave(this.#place.source);
    this.#place = undefined;
  }

  #source(): Source {
    return this.#gate.hidesSources ? undefined : sourceOf(this.#tcp.peer);
  }

  /** Doubles its room as it grows: a dribbling peer must not make every byte a copy of all before it. */
  #keep(piece: Uint8Array): void {
    const needed = this.#filled + piece.length;
    if (this.#filled === 0) this.#bytes = this.#tcp.lends ? new Uint8Array(piece) : piece;
    else if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, needed));
      larger.set(this.#bytes.subarray(0, this.#filled));
      larger.set(piece, this.#filled);
      this.#bytes = larger;
    } else this.#bytes.set(piece, this.#filled);
    this.#filled = needed;
  }
}

/** What counts as one source: an IPv4 address, or the /64 of an IPv6 address. */
export function sourceOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(':')) return address;
  const [before = '', after] = address.split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  const groups = [...head, ...Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0'), ...tail];
  return groups.slice(0, 4).join(':');
}

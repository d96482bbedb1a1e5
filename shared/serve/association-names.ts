import type { Target } from '../codec/address.js';

/** How many names an association remembers, and how many it may wait for at once. */
const mostKnown = 256;
const mostSought = 16;
/** What may wait for one name: as much as a system holds back for a neighbour that it has to look for (arp(7)). */
const mostWaiting = { datagrams: 16, bytes: 1 << 16 } as const;
/** What may wait for all of its names, in bytes: name servers that never answer would hold it for seconds. */
const mostBytes = 1 << 17;

/** A datagram with the name that it has to wait for. */
export interface Named {
  readonly target: Target;
  readonly payload: Uint8Array;
}

/** What becomes of datagrams to names. */
export interface Outcome {
  /** May go on, to this IP literal. */
  readonly found: (ip: string, datagram: Named) => void;
  /** Nobody will get it. */
  readonly lost: () => void;
}

/** The addresses of the names that one association sends to: each is looked up once. */
export class Names {
  readonly #find: (target: Target) => Promise<string>;
  readonly #outcome: Outcome;
  /** Oldest first. */
  readonly #known = new Map<string, string>();
  readonly #sought = new Map<string, Named[]>();
  /** What waits for them, in bytes. */
  #waiting = 0;

  /** `find` rejects when there is no address, or none that may be sent to. */
  constructor(find: (target: Target) => Promise<string>, outcome: Outcome) {
    this.#find = find;
    this.#outcome = outcome;
  }

  /** Goes on with a datagram now, or once its name is known. */
  resolve(datagram: Named): void {
    const { host } = datagram.target;
    const known = this.#known.get(host);
    if (known !== undefined) this.#outcome.found(known, datagram);
    else if (!this.#wait(host, datagram)) this.#outcome.lost();
  }

  #wait(host: string, { target, payload }: Named): boolean {
    const waiting = this.#sought.get(host);
    const { length } = payload;
    if (this.#waiting + length > mostBytes) return false;
    // A copy: the payload is a part of its packet, whose padding would wait with it and has not been counted.
    const datagram = { target, payload: new Uint8Array(payload) };
    if (waiting === undefined) {
      if (this.#sought.size >= mostSought) return false;
      this.#sought.set(host, [datagram]);
      void this.#seek(target);
    } else {
      const bytes = waiting.reduce((sum, { payload }) => sum + payload.length, length);
      if (waiting.length >= mostWaiting.datagrams || bytes > mostWaiting.bytes) return false;
      waiting.push(datagram);
    }
    this.#waiting += length;
    return true;
  }

  async #seek(target: Target): Promise<void> {
    const ip = await this.#find(target).catch(() => undefined);
    const waiting = this.#sought.get(target.host) ?? [];
    this.#sought.delete(target.host);
    if (ip !== undefined) this.#remember(target.host, ip);
    for (const datagram of waiting) {
      this.#waiting -= datagram.payload.length;
      if (ip === undefined) this.#outcome.lost();
      else this.#outcome.found(ip, datagram);
    }
  }

  #remember(host: string, ip: string): void {
    this.#known.set(host, ip);
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostKnown && oldest !== undefined) this.#known.delete(oldest);
  }
}

/** Conversations on carriers that had waited, before the remote has said a word in them: each may wait in vain. */
import { DialError } from '../errors.js';
import type { Carrier } from '../net/carrier.js';
import type { OwnAddresses } from './own-addresses.js';

/** Addresses are looked at this often while such a conversation waits, ms. */
const lookEachMs = 500;

/** What a conversation waits for. */
export interface FirstWord {
  /** A carrier that was opened later has been answered meanwhile. */
  readonly outlived: boolean;
  /** It has come, or nobody waits for it any more. */
  over(): void;
}

interface Awaited {
  readonly carrier: Carrier;
  readonly heard: () => boolean;
  outlived: boolean;
}

export class FirstWords {
  readonly #awaited = new Set<Awaited>();
  readonly #look: () => void;
  #looking: NodeJS.Timeout | undefined;

  /** `look` is called every now and then while any is waited for. */
  constructor(look: () => void) {
    this.#look = look;
  }

  /** The first word on this carrier, which is `heard` already or not. */
  expect(carrier: Carrier, heard: () => boolean): FirstWord {
    const awaited: Awaited = { carrier, heard, outlived: false };
    this.#awaited.add(awaited);
    this.#looking ??= setInterval(() => {
      this.#look();
      if (this.#awaited.size > 0) return;
      clearInterval(this.#looking);
      this.#looking = undefined;
    }, lookEachMs).unref();
    return {
      get outlived() {
        return awaited.outlived;
      },
      over: () => {
        this.#awaited.delete(awaited);
      },
    };
  }

  /** The remote has said something on this carrier. */
  came({ id }: Carrier): void {
    for (const awaited of this.#awaited) if (awaited.carrier.id < id) awaited.outlived = true;
  }

  /** Breaks the carriers whose address is gone: who waits on one may begin once more elsewhere. */
  giveUp(addresses: OwnAddresses): void {
    for (const { carrier, heard } of this.#awaited) {
      if (heard() || !addresses.lacks(carrier.tcp.bound.host)) continue;
      const message = 'carrier: expected the address that it was opened with, got others';
      carrier.tcp.interrupt(new DialError('general-failure', message));
    }
  }
}

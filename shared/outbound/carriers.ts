/** The carriers of a local that wait for a conversation: those that have had one, and a few that were opened ahead. */
import type { Environment } from '../environment.js';
import type { Carrier } from '../net/carrier.js';
import { IdleCarriers } from '../net/idle-carriers.js';
import { type FirstWord, FirstWords } from './first-words.js';
import type { DialerOptions } from './outbound.js';
import { OwnAddresses } from './own-addresses.js';

/** After a crowd the memory has to come back: more than these are closed. */
const mostIdle = 64;
/** So many are to wait while conversations come. */
const mostWarm = 2;
/** The wall clock moves this much further than it should between two looks only where the computer has slept, ms. */
const sleepMs = 10_000;
/** To ask the system for its addresses costs as much as a small conversation does, ms. */
const addressesMs = 250;

/** What becomes of a carrier. */
export interface CarrierNews {
  readonly event: 'carrier';
  readonly carrier: number;
  /** `warmed`: opened ahead; `used`: a conversation begins on it that did not open it. */
  readonly what: 'opened' | 'warmed' | 'used' | 'kept' | 'closed';
  /** How many wait now. */
  readonly idle: number;
  readonly why?: string;
}

/** How often it happened since the start. */
export interface CarrierCounts {
  /** Carriers opened for a conversation that found none. */
  readonly opened: number;
  /** Carriers opened ahead. */
  readonly warmed: number;
  /** Conversations on a carrier that had had one, and on one that was opened ahead. */
  readonly reused: number;
  readonly usedWarm: number;
  /** Conversations that began once more on a new carrier, because the one that had waited was dead. */
  readonly replayed: number;
  /** Carriers that were given up while they waited, all at once: after sleep, with another address, without a remote. */
  readonly dropped: number;
}

export const noCounts: Record<keyof CarrierCounts, number> = {
  opened: 0,
  warmed: 0,
  reused: 0,
  usedWarm: 0,
  replayed: 0,
  dropped: 0,
};

/** Opens one more. Rejects as a `Dialer` does. */
type Open = (options: DialerOptions) => Promise<Carrier>;

export interface CarriersOptions {
  readonly environment: Environment;
  readonly timeouts: {
    readonly carrierIdleMs: number;
    readonly carrierWarmMs: number;
    readonly warmForMs: number;
  };
  /** Counts one more. */
  readonly count: (what: keyof CarrierCounts, times?: number) => void;
  readonly tell: (news: CarrierNews) => void;
  /** The addresses of this computer; by default those that the system names. */
  readonly addresses?: () => readonly string[];
}

/** The carriers to one remote. */
export class Carriers {
  readonly #open: Open;
  readonly #options: CarriersOptions;
  readonly #idle: IdleCarriers;
  readonly #closing = new AbortController();
  readonly #addresses: OwnAddresses;
  readonly #firstWords = new FirstWords(() => {
    this.#noticeAddresses();
  });
  #lookedAt = Infinity;
  #begunAt = -Infinity;
  #opening = 0;
  #lost = false;

  constructor(open: Open, options: CarriersOptions) {
    const { timeouts, addresses } = options;
    this.#open = open;
    this.#options = options;
    this.#addresses = new OwnAddresses(addresses);
    this.#idle = new IdleCarriers({
      idleMs: timeouts.carrierIdleMs,
      unusedMs: timeouts.carrierWarmMs,
      // Nothing is due there: whoever speaks now does not know the wire.
      heard: (carrier) => {
        carrier.tcp.abort();
        this.#tell(carrier, 'closed', 'it spoke out of turn');
      },
      gone: (carrier, why) => {
        this.#tell(carrier, 'closed', why);
      },
      swept: () => {
        this.look();
        this.#warmUp();
      },
    });
  }

  /** One that waits, if any does, and more of them soon. */
  take(): Carrier | undefined {
    this.look(addressesMs);
    const carrier = this.#idle.take();
    this.#begunAt = performance.now();
    if (carrier === undefined) return undefined;
    carrier.tcp.system.ref();
    this.#options.count(carrier.used ? 'reused' : 'usedWarm');
    this.#tell(carrier, 'used');
    this.#warmUp();
    return carrier;
  }

  /** One was opened for a conversation, perhaps `why` none that waited was good for it. */
  opened(carrier: Carrier, why?: string): void {
    this.#options.count('opened');
    this.#tell(carrier, 'opened', why);
    this.#warmUp();
  }

  /** A conversation waits for its first word on one that was taken, which has been `heard` already or not. */
  expect(carrier: Carrier, heard: () => boolean): FirstWord {
    return this.#firstWords.expect(carrier, heard);
  }

  /** The remote has answered on one. */
  answered(carrier: Carrier): void {
    this.#firstWords.came(carrier);
  }

  /** Lets one wait whose conversation has ended. */
  keep(carrier: Carrier): void {
    if (this.#closing.signal.aborted || this.#lost || carrier.spent || this.#idle.size >= mostIdle) {
      carrier.tcp.close();
      return;
    }
    this.#add(carrier);
    this.#tell(carrier, 'kept');
  }

  /** A conversation began once more, because its carrier was dead. */
  replayed(): void {
    this.#options.count('replayed');
  }

  /** Gives up all that wait, or those that were opened `before` another one. */
  drop(why: string, before?: Carrier): void {
    const waited = this.#idle.size;
    this.#idle.close(why, ({ id }) => before === undefined || id < before.id);
    if (this.#idle.size < waited) this.#options.count('dropped', waited - this.#idle.size);
  }

  /** While it is lost none waits. */
  set lost(lost: boolean) {
    this.#lost = lost;
    if (lost) this.drop('the remote cannot be reached');
  }

  /**
   * Gives up what cannot work any more, because this computer has slept or has other addresses now. A look at those
   * that is not `oldMs` old yet serves again.
   */
  look(oldMs = 0): void {
    this.#noticeSleep();
    if (this.#idle.size > 0) this.#noticeAddresses(oldMs);
  }

  /** Keeps none any more. */
  close(): void {
    this.#closing.abort();
    this.#idle.close('not needed any more');
  }

  #tell({ id: carrier }: Carrier, what: CarrierNews['what'], why?: string): void {
    this.#options.tell({
      event: 'carrier',
      carrier,
      what,
      idle: this.#idle.size,
      ...(why !== undefined && { why }),
    });
  }

  #add(carrier: Carrier): void {
    // While none waits, nobody looks at the clock, nor at the addresses.
    if (this.#idle.size === 0) {
      this.#lookedAt = this.#options.environment.now();
      this.#noticeAddresses(addressesMs);
    }
    // Whoever dials through us may have nothing else to do, and should end then.
    carrier.tcp.system.unref();
    this.#idle.add(carrier);
  }

  #noticeSleep(): void {
    const now = this.#options.environment.now();
    if (this.#idle.size > 0 && now - this.#lookedAt > sleepMs) this.drop('this computer has slept');
    this.#lookedAt = now;
  }

  #noticeAddresses(oldMs = 0): void {
    if (!this.#addresses.change(oldMs)) return;
    this.drop('this computer has other addresses now');
    this.#firstWords.giveUp(this.#addresses);
  }

  /** Opens as many as are missing while conversations come. */
  #warmUp(): void {
    const { timeouts } = this.#options;
    if (this.#closing.signal.aborted || this.#lost) return;
    if (performance.now() - this.#begunAt >= timeouts.warmForMs) return;
    const missing = mostWarm - this.#idle.size - this.#opening;
    for (let each = 0; each < missing; each += 1) void this.#openAhead();
  }

  async #openAhead(): Promise<void> {
    this.#opening += 1;
    try {
      const carrier = await this.#open({ signal: this.#closing.signal });
      if (this.#idle.size >= mostWarm || this.#lost || this.#closing.signal.aborted) carrier.tcp.close();
      else {
        this.#add(carrier);
        this.#options.count('warmed');
        this.#tell(carrier, 'warmed');
      }
    } catch {
      // Nobody waits for it. The next conversation finds out by itself, and says so.
      this.look();
    } finally {
      this.#opening -= 1;
    }
  }
}

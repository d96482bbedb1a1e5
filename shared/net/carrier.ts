import { concat } from '../bytes.js';
import type { Opener, Sealer } from '../codec/stream.js';
import type { Environment } from '../environment.js';
import { SealedStream, type SealedOptions } from './sealed.js';
import type { TcpStream } from './tcp.js';

/** Looked at between conversations only: after so many bytes the subkeys of a carrier have done enough. */
export const carrierBytes: number = 64 * 2 ** 30;

/** The keys of both directions. */
export interface CarrierEnds {
  readonly sealer: Sealer;
  readonly opener: Opener;
}

export interface CarrierOptions extends Pick<SealedOptions, 'tampered' | 'broken'> {
  readonly environment: Environment;
  /** The age from which it takes no further conversation, ms. */
  readonly ageMs: number;
  /** The same for the bytes of both directions together; by default `carrierBytes`. */
  readonly mostBytes?: number;
}

/** The limits of a carrier are up to this part longer or shorter than those of others, so that no rhythm shows. */
const spread = 0.1;

let carriers = 0;

/** A TCP connection between the halves that has one conversation after another (docs/raw-wire.md §2). */
export class Carrier {
  /** One for each of this process. */
  readonly id: number;
  readonly tcp: TcpStream;
  /** What its limits are multiplied by. */
  readonly patience: number;
  readonly #open: () => CarrierEnds;
  readonly #options: CarrierOptions;
  readonly #openedAt = performance.now();
  #ends: CarrierEnds | undefined;
  #conversations = 0;
  #whenOver: (() => void) | undefined;

  /** `open` makes the keys when the first conversation begins: what they begin with may carry the time. */
  constructor(tcp: TcpStream, open: () => CarrierEnds, options: CarrierOptions) {
    carriers += 1;
    this.id = carriers;
    this.tcp = tcp;
    const [dice = 0] = options.environment.randomBytes(1);
    this.patience = 1 - spread + (2 * spread * dice) / 255;
    this.#open = open;
    this.#options = options;
    tcp.onClosed(() => {
      this.#over();
    });
  }

  /** Whether it has had a conversation. */
  get used(): boolean {
    return this.#conversations > 0;
  }

  /** Whether it is to have no more conversations. */
  get spent(): boolean {
    const { received, sent } = this.tcp;
    const { ageMs, mostBytes = carrierBytes } = this.#options;
    return performance.now() - this.#openedAt >= ageMs || received + sent >= mostBytes;
  }

  /**
   * Its next conversation. `kept` is called when that has ended cleanly, with what came behind its end, lent: then
   * the carrier may have another one, or be closed. `early` is what came with the opening.
   */
  converse(kept: (rest: readonly Uint8Array[]) => void, early?: Uint8Array): SealedStream {
    this.#ends ??= this.#open();
    const follows = this.used;
    this.#conversations += 1;
    const { environment, tampered, broken } = this.#options;
    return new SealedStream(this.tcp, this.#ends, {
      wire: 'raw',
      environment,
      follows,
      ...(tampered && { tampered }),
      ...(broken && { broken }),
      ...(early && { early }),
      kept: (rest) => {
        this.#over();
        kept(rest);
      },
    });
  }

  /** Calls back once, when the present conversation is over, however it ends. */
  whenOver(action: () => void): void {
    this.#whenOver = action;
  }

  /** Puts what has come already, lent, in front of what comes next. */
  putBack(pieces: readonly Uint8Array[]): void {
    // The pieces may be views of what is read into next.
    if (pieces.length > 0) this.tcp.giveBack(Uint8Array.from(concat(pieces)));
  }

  #over(): void {
    const action = this.#whenOver;
    this.#whenOver = undefined;
    action?.();
  }
}

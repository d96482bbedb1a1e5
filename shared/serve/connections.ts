import { StoppedError } from '../errors.js';
import { moreDescriptors } from '../net/descriptors.js';
import type { TcpStream } from '../net/tcp.js';
import type { Observer } from '../observe/events.js';
import type { Account } from './accounts.js';

/** Says that a listener refuses connections because the process may hold no more of them. */
export function warnCrowded(observer: Observer): (limit: number) => void {
  return (limit) => {
    const detail = `connections: expected at most ${limit}, got more; ${moreDescriptors}`;
    observer({ event: 'warning', detail });
  };
}

/** The open connections of a service, so that it can be stopped without cutting them off, and a user with it. */
export class Connections {
  /** In whose name each is, if in anybody's. */
  readonly #open = new Map<TcpStream, Account | undefined>();
  #emptied: (() => void) | undefined;

  add(tcp: TcpStream, account?: Account): void {
    this.#open.set(tcp, account);
    tcp.onClosed(() => {
      if (this.#open.delete(tcp) && this.#open.size === 0) this.#emptied?.();
    });
  }

  /** Resets those of one account. */
  cut(account: Account, reason: Error): void {
    for (const [tcp, whose] of this.#open) if (whose === account) tcp.interrupt(reason);
  }

  /** Settles when the last one has closed; those still open after `graceMs`, if that ends, are reset. */
  async drain(graceMs: number): Promise<void> {
    if (this.#open.size === 0) return;
    const cut = (): void => {
      const reason = new StoppedError('stop: expected an end within the grace, got none');
      for (const tcp of this.#open.keys()) tcp.interrupt(reason);
    };
    // No timer is that long: it would fire at once.
    const grace = graceMs === Infinity ? undefined : setTimeout(cut, graceMs);
    await new Promise<void>((resolve) => {
      const before = this.#emptied;
      this.#emptied = () => {
        before?.();
        resolve();
      };
    });
    clearTimeout(grace);
  }
}

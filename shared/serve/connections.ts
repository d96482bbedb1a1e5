import { StoppedError } from '../errors.js';
import { moreDescriptors } from '../net/descriptors.js';
import type { TcpStream } from '../net/tcp.js';
import type { Observer } from '../observe/events.js';

/** Says that a listener refuses connections because the process may hold no more of them. */
export function warnCrowded(observer: Observer): (limit: number) => void {
  return (limit) => {
    const detail = `connections: expected at most ${limit}, got more; ${moreDescriptors}`;
    observer({ event: 'warning', detail });
  };
}

/** The open connections of a service, so that it can be stopped without cutting them off. */
export class Connections {
  readonly #open = new Set<TcpStream>();
  #emptied: (() => void) | undefined;

  add(tcp: TcpStream): void {
    this.#open.add(tcp);
    tcp.onClosed(() => {
      if (this.#open.delete(tcp) && this.#open.size === 0) this.#emptied?.();
    });
  }

  /** Settles when the last one has closed; those still open after `graceMs` are reset. */
  async drain(graceMs: number): Promise<void> {
    if (this.#open.size === 0) return;
    const grace = setTimeout(() => {
      const reason = new StoppedError('stop: expected an end within the grace, got none');
      for (const tcp of this.#open) tcp.interrupt(reason);
    }, graceMs);
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

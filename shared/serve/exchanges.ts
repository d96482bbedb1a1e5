import type { TcpStream } from '../net/tcp.js';

/** The connections to targets that one client has used, one after the other. Sockets count their bytes already. */
export class Exchanges {
  readonly #open = new Set<TcpStream>();
  #up = 0;
  #down = 0;

  add(target: TcpStream): void {
    this.#open.add(target);
    target.onClosed(() => {
      this.#open.delete(target);
      this.#up += target.sent;
      this.#down += target.received;
    });
  }

  counts(): { readonly up: number; readonly down: number } {
    let [up, down] = [this.#up, this.#down];
    for (const target of this.#open) {
      up += target.sent;
      down += target.received;
    }
    return { up, down };
  }
}

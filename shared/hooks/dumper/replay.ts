/** What a dump in packets says, as the pieces that it was made of. */
import type { Direction } from '../hook.js';
import { tcpFlags } from './packets.js';
import type { DumpedPacket, DumpListener } from './pcapng-reader.js';
import type { TextForm } from './text-recording.js';

/** Longer pieces are told in parts, bytes. */
const maxPiece = 16 * 1024 * 1024;

/** Tells all of a file to `form`. */
export class Replay implements DumpListener {
  readonly #form: TextForm;
  readonly #pieces: Readonly<Record<Direction, Buffer[]>> = { up: [], down: [] };
  readonly #lengths: Record<Direction, number> = { up: 0, down: 0 };
  readonly #times: Record<Direction, number> = { up: 0, down: 0 };

  constructor(form: TextForm) {
    this.#form = form;
  }

  headline(text: string): void {
    this.#form.headline(text);
  }

  packet({ transport, flags, direction, payload, time, comment = '' }: DumpedPacket): void {
    if (transport === 'udp') {
      this.#form.piece(direction, payload, time);
      return;
    }
    if (payload.length > 0) {
      this.#pieces[direction].push(Buffer.from(payload));
      this.#lengths[direction] += payload.length;
      this.#times[direction] = time;
      if ((flags & tcpFlags.psh) !== 0 || this.#lengths[direction] > maxPiece) this.#tell(direction);
    }
    if ((flags & tcpFlags.fin) !== 0) {
      this.#tell(direction);
      this.#form.ended(direction, time);
    }
    if ((flags & tcpFlags.rst) !== 0) {
      this.end();
      this.#form.broken(direction, comment, time);
    }
  }

  /** There is nothing more: of a file that is followed by another the last piece may go on there. */
  end(): void {
    this.#tell('up');
    this.#tell('down');
    this.#form.finish();
  }

  #tell(direction: Direction): void {
    const pieces = this.#pieces[direction].splice(0);
    this.#lengths[direction] = 0;
    if (pieces.length > 0) this.#form.piece(direction, Buffer.concat(pieces), this.#times[direction]);
  }
}

/** Gives the bytes of one direction to `write`, which has them lent. */
export function extraction(wanted: Direction, write: (bytes: Buffer) => void): DumpListener {
  return {
    headline: () => undefined,
    packet: ({ direction, payload }) => {
      if (direction === wanted && payload.length > 0) write(payload);
    },
  };
}

/**
 * Datagrams in pieces (RFC 1928 §7): the queue in which those of one association come together again.
 *
 * The RFC abandons a queue when a piece arrives whose position is not above all before it. So a gap can never be
 * filled any more, and the only sequence that ever becomes whole is 1, 2, 3 … in this order; the rest of it may as
 * well be forgotten at the first piece that is out of turn. There is no datagram ID: all that tells two sequences
 * apart is this order, and here their target.
 *
 * A datagram that stands alone (FRAG 0) is lower than any position and abandons the queue too. One could be kinder and
 * let it pass by; but a client that sends it has sent its pieces, and what is missing then might be taken from the
 * next sequence. UDP may lose a datagram, and must not make one up.
 */
import { concat } from '../bytes.js';
import { formatTarget } from '../codec/address.js';
import type { UdpDatagram, UdpHeader } from './udp-header.js';

/** How long the pieces of a datagram are waited for: the least that the RFC allows. */
export const reassemblyMs = 5000;
/** The most that a UDP datagram over IPv4 can carry: 65,535 less 20 bytes of IP and 8 of UDP. */
const maxPayload = 65_507;
const last = 0x80;

interface Sequence {
  readonly target: string;
  readonly startedAt: number;
  readonly pieces: Uint8Array[];
  length: number;
}

/** The REASSEMBLY QUEUE of one association. It holds one sequence, of at most 65,507 bytes, for at most 5 s. */
export class FragmentQueue {
  #sequence: Sequence | undefined;

  /**
   * The datagram that `header` makes whole, or undefined. The payload of one that stands alone is the view it came
   * with, any other is owned; pieces are copied. `now` is in milliseconds, of a clock that does not go back.
   */
  accept({ fragment, target, payload }: UdpHeader, now: number): UdpDatagram | undefined {
    if (fragment === 0) {
      this.#sequence = undefined;
      return { target, payload };
    }
    this.expire(now);
    const sequence = this.#continued(fragment & ~last, formatTarget(target), now);
    this.#sequence = undefined;
    if (sequence === undefined || sequence.length + payload.length > maxPayload) return undefined;
    // A view would hold on to the whole buffer that the datagram was received in.
    sequence.pieces.push(new Uint8Array(payload));
    sequence.length += payload.length;
    if (fragment >= last) return { target, payload: concat(sequence.pieces) };
    this.#sequence = sequence;
    return undefined;
  }

  /** Forgets a sequence that has not become whole in time: the REASSEMBLY TIMER, for whoever has a clock. */
  expire(now: number): void {
    if (this.#sequence !== undefined && now - this.#sequence.startedAt >= reassemblyMs) {
      this.#sequence = undefined;
    }
  }

  /** The sequence whose next piece has this position; undefined when there is none. */
  #continued(position: number, target: string, now: number): Sequence | undefined {
    if (position === 1) return { target, startedAt: now, pieces: [], length: 0 };
    const sequence = this.#sequence;
    return sequence?.target === target && position === sequence.pieces.length + 1 ? sequence : undefined;
  }
}
